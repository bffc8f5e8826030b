// Keeps the live figures of the machine: a sample every half minute, and news when a condition began or ended, after the
// start, and every quarter of an hour. Invariants: news that could not be told is told with the next sample; what the
// control plane said about the clock counts only until the clock is set, and not for long; no sample waits for the
// program that knows whether it is synchronised. Built by watch-machine.ts.
import { createBackoff } from '../../daemon/backoff.ts';
import type { Clock } from '../../daemon/clock.ts';
import type { Exec } from '../../daemon/exec.ts';
import { createLoop, type Loop } from '../../daemon/loop.ts';
import type { Random } from '../../daemon/random.ts';
import { isClockSynchronised } from './clock-synchronised.ts';
import type { HostSnapshot } from './host-facts.ts';
import { measuresOf } from './measures-of.ts';
import { type CpuTimes, parseCpuTimes } from './proc-text.ts';
import type { ReadHost } from './read-host.ts';
import { type Held, judge } from './thresholds.ts';

export interface HostWatchOptions {
  readonly read: ReadHost;
  /** For the program that knows of the clock. */
  readonly exec: Exec;
  readonly clock: Clock;
  readonly random: Random;
  /** The snapshot is new and should be reported. May throw when it cannot be. */
  readonly onNews: (snapshot: HostSnapshot) => void;
  readonly onError: (error: unknown) => void;
}

const sampleIntervalMs = 30_000;
const reportIntervalMs = 15 * 60_000;
const synchronisedIntervalMs = 10 * 60_000;
/** A time service that slews the clock moves both clocks; one that sets it moves only the wall clock. */
const largestSlewMs = 5_000;
/** A control plane renews the stream every quarter of an hour, and says its time anew. Slewing shows in no other way. */
const offsetHoldsMs = 20 * 60_000;

export class HostWatch implements AsyncDisposable {
  readonly #options: HostWatchOptions;
  readonly #loop: Loop;
  #snapshot: HostSnapshot | undefined;
  #held: Held = new Set();
  #times: CpuTimes | undefined;
  #told: { readonly codes: string; readonly atMs: number } | undefined;
  #isSynchronised: boolean | undefined;
  #askedAtMs: number | undefined;
  #asking: Promise<void> = Promise.resolve();
  #offset: { readonly offsetMs: number; readonly driftMs: number; readonly atMs: number } | undefined;

  /** The first sample is taken at once. */
  constructor(options: HostWatchOptions) {
    this.#options = options;
    const { clock, random, onError } = options;
    this.#loop = createLoop({
      run: (signal) => this.#sample(signal),
      intervalMs: sampleIntervalMs,
      clock,
      backoff: createBackoff({ clock, random }),
      onError,
    });
    this.#loop.trigger();
  }

  /** Undefined until the first sample was taken. */
  get snapshot(): HostSnapshot | undefined {
    return this.#snapshot;
  }

  /** This clock less that of the control plane, measured now. */
  setClockOffset(offsetMs: number): void {
    const atMs = this.#options.clock.monotonic();
    this.#offset = { offsetMs: Math.round(offsetMs), driftMs: this.#drift(), atMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop.stop();
    await this.#asking;
  }

  async #sample(signal: AbortSignal): Promise<void> {
    const { read, clock } = this.#options;
    this.#askTimeService(signal);
    const raw = await read();
    signal.throwIfAborted();
    const about = { isSynchronised: this.#isSynchronised, offsetMs: this.#clockOffset() };
    const measures = measuresOf(raw, about, this.#times);
    this.#times = parseCpuTimes(raw.stat ?? '');
    const { held, conditions } = judge(measures, this.#held);
    this.#held = held;
    this.#snapshot = { observedAtMs: clock.now(), measures, conditions };
    this.#tell(this.#snapshot);
  }

  #tell(snapshot: HostSnapshot): void {
    const { clock, onNews } = this.#options;
    const codes = snapshot.conditions.map(({ code }) => code).join(' ');
    const atMs = clock.monotonic();
    const isOld = this.#told === undefined || atMs - this.#told.atMs >= reportIntervalMs;
    if (!isOld && this.#told?.codes === codes) return;
    onNews(snapshot);
    this.#told = { codes, atMs };
  }

  /** The next sample knows the answer. */
  #askTimeService(signal: AbortSignal): void {
    const { exec, clock } = this.#options;
    const isEarly = clock.monotonic() < (this.#askedAtMs ?? -Infinity) + synchronisedIntervalMs;
    if (isEarly) return;
    this.#askedAtMs = clock.monotonic();
    this.#asking = isClockSynchronised(exec, signal).then((answer) => {
      this.#isSynchronised = answer;
    });
  }

  #clockOffset(): number | undefined {
    if (this.#offset === undefined) return undefined;
    const { offsetMs, driftMs, atMs } = this.#offset;
    const isOld = this.#options.clock.monotonic() - atMs > offsetHoldsMs;
    const isSet = Math.abs(this.#drift() - driftMs) > largestSlewMs;
    return isOld || isSet ? undefined : offsetMs;
  }

  #drift(): number {
    const { clock } = this.#options;
    return clock.now() - clock.monotonic();
  }
}
