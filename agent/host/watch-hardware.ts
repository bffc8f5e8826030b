// Keeps what the machine is made of: read once per start of the machine and once a day, remembered over restarts of the
// agent. Invariants: a reading that fails leaves what was known, and is tried again after an hour; facts that name the
// machine are read and held only when the site allows it, and are never stored. Built by agent/run.ts.
import { createBackoff } from '../../daemon/backoff.ts';
import type { Clock } from '../../daemon/clock.ts';
import type { Exec } from '../../daemon/exec.ts';
import { createLoop, type Loop } from '../../daemon/loop.ts';
import type { Random } from '../../daemon/random.ts';
import { isHardwareName, isSource } from '../../proto/measures.ts';
import type { HardwareRecord, HardwareStore } from '../store/hardware.ts';
import type { HardwareFact, HardwareSnapshot } from './host-facts.ts';
import { askHardware, describeMachine, identify, type Program } from './inspect-hardware.ts';
import { textOf } from './read-host.ts';

export interface HardwareWatchOptions {
  readonly store: HardwareStore;
  readonly exec: Exec;
  readonly reader: Program;
  readonly clock: Clock;
  readonly random: Random;
  /** Folders to read: /proc, /sys, /etc. */
  readonly proc: string;
  readonly sys: string;
  readonly etc: string;
  /** The site allows that its serial number and host name leave it. */
  readonly mayIdentify: boolean;
  /** The agent has other things to do when it has just started. */
  readonly firstAfterMs?: number;
  readonly onNews: (snapshot: HardwareSnapshot) => void;
  readonly onError: (error: unknown) => void;
}

const lookIntervalMs = 3_600_000;
const dayMs = 24 * 3_600_000;
const defaultFirstAfterMs = 5_000;

export class HardwareWatch implements AsyncDisposable {
  readonly #options: HardwareWatchOptions;
  readonly #loop: Loop;
  readonly #stopping = new AbortController();
  #snapshot: HardwareSnapshot | undefined;

  constructor(options: HardwareWatchOptions) {
    this.#options = options;
    const { clock, random, onError, firstAfterMs = defaultFirstAfterMs } = options;
    const record = options.store.read();
    if (record !== undefined) this.#snapshot = this.#snapshotOf(factsOf(record), record.readAtMs);
    this.#loop = createLoop({
      run: (signal) => this.#look(signal),
      intervalMs: lookIntervalMs,
      clock,
      backoff: createBackoff({ clock, random }),
      onError,
    });
    clock.sleep(firstAfterMs, this.#stopping.signal).then(
      () => this.#loop.trigger(),
      () => undefined,
    );
  }

  /** Undefined until it was read for the first time. */
  get snapshot(): HardwareSnapshot | undefined {
    return this.#snapshot;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#loop.stop();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { store, clock, proc, etc, onNews } = this.#options;
    const machineBoot = textOf(`${proc}/sys/kernel/random/boot_id`)?.trim() ?? '';
    if (isFresh(store.read(), machineBoot, clock.now())) return;
    const answers = await this.#ask(signal);
    if (answers === undefined && this.#snapshot !== undefined) return;
    const facts = describeMachine(answers, etc);
    const readAtMs = clock.now();
    this.#snapshot = this.#snapshotOf(facts, readAtMs);
    if (answers !== undefined) store.write({ machineBoot, readAtMs, facts });
    onNews(this.#snapshot);
  }

  async #ask(signal: AbortSignal): Promise<unknown> {
    const { exec, reader, onError } = this.#options;
    try {
      return (await askHardware(exec, reader, signal)) ?? undefined;
    } catch (error) {
      signal.throwIfAborted();
      onError(error);
      return undefined;
    }
  }

  #snapshotOf(facts: readonly HardwareFact[], observedAtMs: number): HardwareSnapshot {
    const { mayIdentify, sys } = this.#options;
    return { observedAtMs, facts: mayIdentify ? [...facts, ...identify(sys)] : facts, mayIdentify };
  }
}

/** Read since the machine started, and not longer than a day ago. A clock that was set back makes it old. */
function isFresh(record: HardwareRecord | undefined, machineBoot: string, nowMs: number): boolean {
  if (record === undefined || record.machineBoot !== machineBoot) return false;
  return nowMs >= record.readAtMs && nowMs - record.readAtMs < dayMs;
}

function factsOf({ facts }: HardwareRecord): readonly HardwareFact[] {
  return facts.flatMap(({ name, value, source }) =>
    isHardwareName(name) && isSource(source) ? [{ name, value, source }] : [],
  );
}
