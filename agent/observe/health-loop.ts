// Looks at the health of the site all the time, beside the reconciler and never in its way: soon after something changed,
// when time alone may change something, and every half minute. Laws: one look at a time; a look during which we changed
// something ourselves does not count; a cluster that does not answer is unknown after a short while, not healthy.
// Built by agent/run.ts, which hands over every run of the reconciler.
import { type Backoff, createBackoff } from '../../daemon/backoff.ts';
import type { Clock } from '../../daemon/clock.ts';
import { createLoop, type Loop } from '../../daemon/loop.ts';
import type { Random } from '../../daemon/random.ts';
import type { ApiFailure, ClusterApi, ClusterWatch, WatchEvent } from '../cluster/api.ts';
import { type Discovery, findKind } from '../cluster/discovery.ts';
import { collectionPath } from '../cluster/paths.ts';
import { createWatcher, type Watcher } from '../cluster/watch.ts';
import type { HealthSnapshot } from '../health/snapshot.ts';
import type { StepResult } from '../plan/step.ts';
import type { ObjectId, Wanted } from '../plan/world.ts';
import type { ObjectHealthStore } from '../store/object-health.ts';
import { createHealthBooks, type HealthBooks } from './health-books.ts';
import { hasPods, wayToLook } from './health-kinds.ts';
import { createHealthLook, type HealthLook, type Looked, type Reconciled } from './health-look.ts';
import { allNodesPath } from './health-nodes.ts';
import { debounceMs, nextGapMs, nextLookMs, shortestGapMs } from './health-pace.ts';
import { allPodsPath, podsPath } from './health-pods.ts';
import { nameKey } from './names.ts';

export interface HealthOptions {
  readonly api: ClusterApi & ClusterWatch;
  readonly discovery: Pick<Discovery, 'kinds' | 'uncertainGroups'>;
  readonly store: ObjectHealthStore;
  readonly clock: Clock;
  readonly random: Random;
  /** The snapshot says something new. */
  readonly onNews: () => void;
  readonly onError: (error: unknown, retryInMs: number) => void;
}

/** What of a run of the reconciler matters here. */
export interface EndedRun {
  readonly observed: Reconciled['observed'];
  readonly plan: { readonly notInPlace: readonly ObjectId[] };
  readonly results: readonly StepResult[];
}

export interface Health extends AsyncDisposable {
  /** Undefined while nothing was looked at, and nothing is wanted. */
  readonly snapshot: () => HealthSnapshot | undefined;
  /** To be called after each run, before it is reported: what it changed is not healthy until it was looked at. */
  readonly afterRun: (run: EndedRun, wanted: Wanted | null) => void;
}

/** When the cluster was first asked in vain: by both clocks, ms. */
interface SilentSince {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** A cluster that is away no longer than this is a hiccup. */
const outageMs = 10_000;
/** One look of the reconciler and some delay. */
const reconciledLifeMs = 45_000;
/** The pods of so many namespaces are watched one by one; what others in the cluster do is then not even heard. */
const maxPodWatches = 20;
const retryPolicy = { baseMs: 1_000, capMs: 5_000, stableMs: 60_000 };

export function startHealth(options: HealthOptions): Health {
  return new HealthLoop(options);
}

class HealthLoop implements Health {
  readonly #options: HealthOptions;
  readonly #look: HealthLook;
  readonly #books: HealthBooks;
  readonly #watcher: Watcher;
  readonly #loop: Loop;
  readonly #retries: Backoff;
  readonly #closing = new AbortController();
  /** Which changes concern us, by collection. */
  #concerns = new Map<string, (event: WatchEvent) => boolean>();
  #reconciled: Reconciled | undefined;
  /** Counts the runs that changed something. */
  #changes = 0;
  #gapMs = shortestGapMs;
  #startedMs = Number.NEGATIVE_INFINITY;
  #due: { readonly atMs: number; readonly cancel: AbortController } | undefined;
  #silentSince: SilentSince | undefined;
  /** The cluster asked to be left in peace until then, monotonic. */
  #restUntilMs = 0;

  constructor(options: HealthOptions) {
    const { api, store, clock, random, onError } = options;
    this.#options = options;
    this.#books = createHealthBooks(store);
    const { reasonOf, wasCurrent } = this.#books;
    this.#look = createHealthLook({ ...options, reasonOf, wasCurrent });
    this.#watcher = createWatcher({
      api,
      clock,
      random,
      onChange: (path, event) => this.#heard(path, event),
      onError,
    });
    this.#retries = createBackoff({ clock, random, policy: retryPolicy });
    const run = (signal: AbortSignal) => this.#run(signal);
    this.#loop = createLoop({
      run,
      intervalMs: 60_000,
      clock,
      backoff: createBackoff({ clock, random }),
      onError,
    });
  }

  snapshot(): HealthSnapshot | undefined {
    return this.#books.snapshot();
  }

  afterRun({ observed, plan, results }: EndedRun, wanted: Wanted | null): void {
    const before = this.#reconciled;
    this.#reconciled =
      wanted === null ? undefined : reconciledBy(before, { observed, plan, results }, wanted);
    if (wanted === null) return this.#books.clear();
    const touched = new Set(
      results.flatMap(({ ok, step }) => (ok && 'object' in step ? [step.object.id] : [])),
    );
    if (touched.size > 0) {
      this.#changes += 1;
      this.#books.touch(touched, this.#options.clock.now());
    }
    const isOther =
      before?.wanted.generation !== wanted.generation || before.observed.cluster.ok !== observed.cluster.ok;
    if (isOther || results.length > 0) this.#ask();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#loop.stop();
    await this.#watcher[Symbol.asyncDispose]();
  }

  #heard(path: string, event: WatchEvent | null): void {
    if (event === null || this.#concerns.get(path)?.(event) === true) this.#ask();
  }

  /** Something may have changed. */
  #ask(): void {
    const sinceMs = this.#options.clock.monotonic() - this.#startedMs;
    this.#within(Math.max(debounceMs, this.#gapMs - sinceMs));
  }

  /** Looks after so long; an earlier time that is set already stays. */
  #within(ms: number): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonic();
    const atMs = Math.max(nowMs + ms, this.#restUntilMs);
    if (this.#due !== undefined && this.#due.atMs <= atMs) return;
    this.#due?.cancel.abort();
    const cancel = new AbortController();
    this.#due = { atMs, cancel };
    const signal = AbortSignal.any([cancel.signal, this.#closing.signal]);
    clock.sleep(atMs - nowMs, signal).then(
      () => {
        this.#due = undefined;
        this.#loop.trigger();
      },
      () => undefined,
    );
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, onNews } = this.#options;
    const reconciled = this.#reconciled;
    if (reconciled === undefined) return;
    // What was due before the cluster asked for rest waits, too.
    if (clock.monotonic() < this.#restUntilMs) return this.#within(0);
    this.#startedMs = clock.monotonic();
    const observedAtMs = clock.now();
    const changes = this.#changes;
    this.#follow(reconciled.wanted);
    const looked = await this.#look.look(reconciled, signal);
    if (!looked.ok) {
      this.#silentSince ??= { monotonicMs: this.#startedMs, wallMs: observedAtMs };
      if (this.#failed(reconciled.wanted, looked, this.#silentSince)) onNews();
      return;
    }
    this.#retries.succeeded();
    this.#silentSince = undefined;
    if (changes !== this.#changes || reconciled.wanted.generation !== this.#reconciled?.wanted.generation)
      return this.#ask();
    const { verdicts, nodes } = looked;
    const isNews = this.#books.enter({ wanted: reconciled.wanted, verdicts, nodes, observedAtMs });
    this.#gapMs = nextGapMs(this.#gapMs, isNews);
    this.#within(this.#pauseAfter(looked));
    if (isNews) onNews();
  }

  #pauseAfter(looked: Looked): number {
    const untils = [looked.untilMs, this.#books.untilMs()].filter((ms) => ms !== null);
    return nextLookMs({
      nowMs: this.#options.clock.now(),
      untilMs: untils.length === 0 ? null : Math.min(...untils),
      isAllCurrent: this.#books.snapshot()?.healthy ?? false,
      isWatched: this.#watcher.isComplete(),
    });
  }

  /** Returns whether that is news. */
  #failed(wanted: Wanted, failure: ApiFailure, since: SilentSince): boolean {
    const nowMs = this.#options.clock.monotonic();
    this.#restUntilMs = nowMs + (failure.retryAfterMs ?? 0);
    this.#within(this.#retries.failed(failure.retryAfterMs ?? shortestGapMs));
    return nowMs - since.monotonicMs >= outageMs && this.#books.lose(wanted, since.wallMs, failure.detail);
  }

  /** Watches the kinds whose status matters, and listens to what is wanted of them. */
  #follow(wanted: Wanted): void {
    const concerns = new Map<string, (event: WatchEvent) => boolean>([[allNodesPath(), () => true]]);
    const namespaces = new Set<string>();
    for (const [groupKind, objects] of Map.groupBy(wanted.objects, ({ group, kind }) => `${group}/${kind}`)) {
      const [first] = objects;
      const served = first === undefined ? undefined : findKind(this.#options.discovery.kinds, first);
      if (wayToLook(groupKind) === 'presence' || served === undefined) continue;
      const names = new Set(objects.map(({ name, namespace }) => nameKey(name, namespace)));
      concerns.set(collectionPath(served), ({ name, namespace }) => names.has(nameKey(name, namespace)));
      if (hasPods(groupKind)) for (const { namespace } of objects) namespaces.add(namespace ?? '');
    }
    const wantedPod = concerns.get(allPodsPath());
    if (namespaces.size <= maxPodWatches && wantedPod === undefined)
      for (const namespace of namespaces) concerns.set(podsPath(namespace), () => true);
    else
      concerns.set(
        allPodsPath(),
        (event) => namespaces.has(event.namespace ?? '') || wantedPod?.(event) === true,
      );
    this.#concerns = concerns;
    this.#watcher.follow(concerns.keys());
  }
}

/** A look of the reconciler that failed takes nothing away from the one before, for a while. */
function reconciledBy(
  before: Reconciled | undefined,
  { observed, plan }: EndedRun,
  wanted: Wanted,
): Reconciled {
  const isKept =
    !observed.cluster.ok && before !== undefined && observed.now - before.observed.now < reconciledLifeMs;
  if (isKept && before.wanted.generation === wanted.generation) return before;
  return { wanted, observed, notInPlace: new Set(plan.notInPlace) };
}
