// Keeps what is known of isolation current, in the background: looks at the objects of the site every two minutes, and
// makes a trial after the first release was applied, every day, and when the nodes changed. Invariants: the reconcile
// loop is never held up; one trial at a time; what a killed agent left in the cluster goes at the first look; whatever
// cannot be looked at is said. Built by agent/run.ts.
import { hash } from 'node:crypto';
import { createBackoff } from '../../daemon/backoff.ts';
import type { Clock } from '../../daemon/clock.ts';
import { createLoop, type Loop } from '../../daemon/loop.ts';
import type { Random } from '../../daemon/random.ts';
import type { ApiFailure, ClusterApi } from '../cluster/api.ts';
import type { Wanted } from '../plan/world.ts';
import type { IsolationRecord, IsolationStore } from '../store/isolation.ts';
import type { IsolationSnapshot } from './isolation-facts.ts';
import { listAll } from './listing.ts';
import { clearProbe, type TrialResult, tryIsolation } from './network-trial.ts';
import {
  afterTrial,
  hindered,
  isOutdated,
  nothingKnown,
  pauseMs,
  shortestPauseMs,
  snapshotOf,
} from './proof.ts';
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
  /** Undefined while nothing is wanted of the site and nothing was ever looked at. */
  readonly facts: () => IsolationSnapshot | undefined;
  /** After a run of the reconciler: the generation that is applied now, null while none is. Cheap. */
  readonly applied: (generation: number | null) => void;
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
  readonly #options: IsolationOptions;
  readonly #hasImage: boolean;
  #isClear = false;
  #nodes: string | null = null;
  #nodesFailure: ApiFailure | null = null;
  #last: LastTrial | undefined;
  #record: IsolationRecord | undefined;

  constructor(options: IsolationOptions) {
    this.#options = options;
    this.#hasImage = options.image !== '';
    this.#record = options.store.read();
  }

  facts(): IsolationSnapshot | undefined {
    const { clock, wanted } = this.#options;
    if (this.#record === undefined && wanted() === null) return undefined;
    return snapshotOf(this.#record ?? nothingKnown, {
      nowMs: clock.now(),
      hindrance: this.#hindrance(),
      nodes: this.#nodes,
    });
  }

  async look(signal: AbortSignal): Promise<void> {
    if (this.#options.wanted() === null) return;
    if (!this.#isClear) this.#isClear = await clearProbe(this.#options);
    const nodes = await this.#listNodes(signal);
    await this.#check(signal);
    if (nodes !== null && this.#hasImage && this.#isDue(nodes)) {
      await this.#try(nodes, signal);
      await this.#check(signal);
    }
    // Only now: a trial that has just been made is of these nodes.
    this.#nodes = nodes ?? this.#nodes;
    // Also when nobody answered: what is known grows old.
    this.#options.onChange();
  }

  /** Why no trial can be made at all; '' when it can. */
  #hindrance(): string {
    if (!this.#hasImage) return noImage;
    const failure = this.#nodesFailure;
    return failure === null ? '' : `the nodes of the cluster cannot be listed: ${failure.detail}`;
  }

  #isDue(nodes: string): boolean {
    const { clock } = this.#options;
    if (this.#last === undefined) return isOutdated(this.#record ?? nothingKnown, nodes, clock.now());
    const { result, endedMs, failures } = this.#last;
    const sinceMs = clock.monotonic() - endedMs;
    if (nodes !== this.#last.nodes) return sinceMs >= shortestPauseMs;
    return sinceMs >= pauseMs(result, failures);
  }

  async #try(nodes: string, signal: AbortSignal): Promise<void> {
    // Should the cluster go away meanwhile, the next look takes away what is left.
    this.#isClear = false;
    const { clock } = this.#options;
    const { isClear, ...result } = await tryIsolation(this.#options, signal);
    // What a trial that was cut short had just asked for may still be made after the taking away.
    this.#isClear = isClear && result.networkPolicy !== 'unproven';
    const failures = result.networkPolicy === 'unproven' ? (this.#last?.failures ?? 0) + 1 : 0;
    this.#last = { result, endedMs: clock.monotonic(), nodes, failures };
    this.#remember(afterTrial(this.#record ?? nothingKnown, result, { nowMs: clock.now(), nodes }));
  }

  async #check(signal: AbortSignal): Promise<void> {
    const wanted = this.#options.wanted();
    if (wanted === null) return;
    const labelIsVoid = this.#record?.podSecurity === 'not-enforced';
    const record = this.#record ?? nothingKnown;
    const findings = await checkSite(
      {
        api: this.#options.api,
        wanted,
        labelIsVoid,
        before: record.findings,
        nodesFailure: this.#nodesFailure,
      },
      signal,
    );
    this.#remember({ ...hindered(record, this.#hindrance()), findings });
  }

  /** Stands for which nodes there are and what runs on them; null when they cannot be listed. */
  async #listNodes(signal: AbortSignal): Promise<string | null> {
    const nodes = await listAll<Node>(this.#options.api, { path: '/api/v1/nodes' }, signal);
    this.#nodesFailure = 'code' in nodes ? nodes : null;
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
