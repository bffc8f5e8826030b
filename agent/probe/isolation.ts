// Keeps what is known of isolation current, in the background: looks at the objects of the site every two minutes, and
// makes a trial after the first release was applied, every day, when the nodes changed, and when asked. Invariants: the
// reconcile loop is never held up; one trial at a time; what a killed agent left in the cluster goes at the first look.
// Built by agent/run.ts.
import { hash } from 'node:crypto';
import { createBackoff } from '../../daemon/backoff.ts';
import type { Clock } from '../../daemon/clock.ts';
import { createLoop, type Loop } from '../../daemon/loop.ts';
import type { Random } from '../../daemon/random.ts';
import type { ClusterApi } from '../cluster/api.ts';
import type { Wanted } from '../plan/world.ts';
import type { IsolationRecord, IsolationStore } from '../store/isolation.ts';
import type { IsolationSnapshot } from './isolation-facts.ts';
import { listAll } from './listing.ts';
import { clearProbe, type TrialResult, tryIsolation } from './network-trial.ts';
import { afterTrial, isOutdated, nothingKnown, pauseMs, shortestPauseMs, snapshotOf } from './proof.ts';
import { checkSite } from './site-checks.ts';

export interface IsolationOptions {
  readonly api: ClusterApi;
  readonly store: IsolationStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Image of the probe; '' when there is none: then nothing is put into the cluster and nothing is proven. */
  readonly image: string;
  /** What the site is to have now. */
  readonly wanted: () => Wanted | null;
  /** `facts` may say something new. */
  readonly onChange: () => void;
  /** The store failed; a cluster that does not answer is no error here. */
  readonly onError: (error: unknown, retryInMs: number) => void;
}

export interface Isolation extends AsyncDisposable {
  /** Undefined before anything was tried. */
  readonly facts: () => IsolationSnapshot | undefined;
  /** After a run of the reconciler: the generation that is applied now, null while none is. Cheap. */
  readonly applied: (generation: number | null) => void;
  /** Asks for a trial now. */
  readonly trigger: () => void;
}

const lookIntervalMs = 2 * 60_000;
const noImage = 'no image of the probe is set (setting probeImage)';

export function openIsolation(options: IsolationOptions): Isolation {
  const keeper = new IsolationKeeper(options);
  const { clock, random, onError } = options;
  const loop: Loop = createLoop({
    run: (signal) => keeper.look(signal),
    intervalMs: lookIntervalMs,
    clock,
    backoff: createBackoff({ clock, random }),
    onError,
  });
  let looked: number | null = null;
  return {
    facts: () => keeper.facts(),
    applied: (generation) => {
      if (generation !== null && generation !== looked) loop.trigger();
      looked = generation;
    },
    trigger: () => {
      keeper.isAsked = true;
      loop.trigger();
    },
    [Symbol.asyncDispose]: () => loop.stop(),
  };
}

/** The last trial of this process. */
interface LastTrial {
  readonly result: TrialResult;
  readonly endedMs: number;
  readonly nodes: string;
  /** So many in a row showed nothing. */
  readonly failures: number;
}

class IsolationKeeper {
  isAsked = false;
  readonly #options: IsolationOptions;
  readonly #hindrance: string;
  #isClear = false;
  #last: LastTrial | undefined;
  #record: IsolationRecord | undefined;

  constructor(options: IsolationOptions) {
    this.#options = options;
    this.#hindrance = options.image === '' ? noImage : '';
    this.#record = options.store.read();
  }

  facts(): IsolationSnapshot | undefined {
    const record = this.#record;
    const isPending = this.#hindrance === '' && record?.checkedAtMs === null;
    if (record === undefined || isPending) return undefined;
    return snapshotOf(record, this.#hindrance, this.#options.clock.now());
  }

  async look(signal: AbortSignal): Promise<void> {
    if (this.#options.wanted() === null) return;
    if (!this.#isClear) this.#isClear = await clearProbe(this.#options);
    const nodes = await this.#nodes(signal);
    if (nodes !== null) {
      await this.#check(signal);
      if (this.#hindrance === '' && this.#isDue(nodes)) {
        await this.#try(nodes, signal);
        await this.#check(signal);
      }
    }
    // Also when nobody answered: what is known grows old.
    this.#options.onChange();
  }

  #isDue(nodes: string): boolean {
    if (this.isAsked) return true;
    const { clock } = this.#options;
    if (this.#last === undefined) return isOutdated(this.#record ?? nothingKnown, nodes, clock.now());
    const { result, endedMs, failures } = this.#last;
    const sinceMs = clock.monotonic() - endedMs;
    if (nodes !== this.#last.nodes) return sinceMs >= shortestPauseMs;
    return sinceMs >= pauseMs(result, failures);
  }

  async #try(nodes: string, signal: AbortSignal): Promise<void> {
    this.isAsked = false;
    // Should the cluster go away meanwhile, the next look takes away what is left.
    this.#isClear = false;
    const { clock } = this.#options;
    const result = await tryIsolation(this.#options, signal);
    const failures = result.networkPolicy === 'unproven' ? (this.#last?.failures ?? 0) + 1 : 0;
    this.#last = { result, endedMs: clock.monotonic(), nodes, failures };
    this.#remember(afterTrial(this.#record ?? nothingKnown, result, { nowMs: clock.now(), nodes }));
  }

  async #check(signal: AbortSignal): Promise<void> {
    const wanted = this.#options.wanted();
    if (wanted === null) return;
    const labelIsVoid = this.#record?.podSecurity === 'not-enforced';
    const findings = await checkSite({ api: this.#options.api, wanted, labelIsVoid }, signal);
    if (!('code' in findings)) this.#remember({ ...(this.#record ?? nothingKnown), findings });
  }

  /** Stands for which nodes there are and what runs on them; null when nobody answers. */
  async #nodes(signal: AbortSignal): Promise<string | null> {
    const nodes = await listAll<Node>(this.#options.api, { path: '/api/v1/nodes' }, signal);
    if ('code' in nodes) return null;
    const facts = nodes.map(({ metadata, status }) => [
      metadata.uid,
      status?.nodeInfo?.kubeletVersion,
      status?.nodeInfo?.containerRuntimeVersion,
    ]);
    return hash('sha256', facts.map(String).toSorted().join('\n'));
  }

  #remember(record: IsolationRecord): void {
    this.#options.store.write(record);
    this.#record = record;
  }
}

/** The fields of a Node that are read here. */
interface Node {
  readonly metadata: { readonly uid: string };
  readonly status?: {
    readonly nodeInfo?: { readonly kubeletVersion?: string; readonly containerRuntimeVersion?: string };
  };
}
