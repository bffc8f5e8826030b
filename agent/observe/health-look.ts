// One look at the health of all wanted objects and of the nodes. Reads only. Kinds without a status need no request: what
// the reconciler saw last tells whether they are there. Pods are read only where something is not current. At most a few
// requests at a time, so that repair goes first. Called by health-loop.ts.
import type { Clock } from '../../daemon/clock.ts';
import type { HealthReason } from '../../proto/health-reasons.ts';
import { noAnswer } from '../cluster/answer.ts';
import type { ApiFailure, ClusterApi } from '../cluster/api.ts';
import { type Discovery, findKind } from '../cluster/discovery.ts';
import { healthOf } from '../health/health-of.ts';
import type { NodeTrouble } from '../health/snapshot.ts';
import { because, current, type Verdict } from '../health/verdict.ts';
import type { ObjectId, Observed, Wanted, WantedObject } from '../plan/world.ts';
import { dependsOnOthers, mayBeRefused, readableKind, wayToLook } from './health-kinds.ts';
import { nodeWatch } from './health-nodes.ts';
import { type Entry, type KindRead, type Remembered, readChanged, readWhole } from './health-objects.ts';
import { claimContext, type PodFacts, podsIn, podsOf, refusalOf, replicaSetsIn } from './health-pods.ts';
import { createSettle } from './health-settling.ts';
import { Garbled } from './pages.ts';
import { Unanswered } from './unanswered.ts';

export interface HealthLookOptions {
  readonly api: ClusterApi;
  /** Read by the reconciler. */
  readonly discovery: Pick<Discovery, 'kinds' | 'uncertainGroups'>;
  readonly clock: Clock;
  /** What was said of an object before; null for current. */
  readonly reasonOf: (id: ObjectId) => HealthReason | null;
  /** It was said to be current, last. */
  readonly wasCurrent: (id: ObjectId) => boolean;
}

/** What the reconciler worked towards last, and saw last. */
export interface Reconciled {
  readonly wanted: Wanted;
  readonly observed: Pick<Observed, 'now' | 'cluster' | 'live' | 'forbidden'>;
  /** Of the wanted objects: those that are not as wanted. */
  readonly notInPlace: ReadonlySet<ObjectId>;
}

export interface Looked {
  readonly ok: true;
  /** Of every wanted object. */
  readonly verdicts: ReadonlyMap<ObjectId, Verdict>;
  readonly nodes: readonly NodeTrouble[];
  /** When time alone may change something, ms UTC. */
  readonly untilMs: number | null;
}

export interface HealthLook {
  /** A failure is of the cluster as a whole. Throws the signal's reason when it is aborted. */
  readonly look: (reconciled: Reconciled, signal: AbortSignal) => Promise<Looked | ApiFailure>;
}

/** Events are not watched: so soon a refusal that may still come is looked for again. */
const eventsMs = 4_000;
/** Of the 32 that the reconciler shares with this room. */
const requestsAtATime = 4;

export function createHealthLook(options: HealthLookOptions): HealthLook {
  const nodes = nodeWatch(options.api, options.clock);
  const remembered: Remembered = new Map();
  const settle = createSettle();
  let generation = 0;
  return {
    look: async (reconciled, signal) => {
      try {
        const nowMs = options.clock.now();
        // Other objects, and other rules.
        if (generation !== reconciled.wanted.generation) remembered.clear();
        ({ generation } = reconciled.wanted);
        const looker = { ...options, reconciled, remembered, nowMs };
        const kinds = [...Map.groupBy(reconciled.wanted.objects, ({ group, kind }) => `${group}/${kind}`)];
        const found = (await inTurns(kinds, (kind) => lookAtKind(looker, kind, signal))).flat();
        const entries = settle(await withPods(looker, found, signal), looker);
        const seen = await nodes.look(signal);
        const untils = [...entries.map(({ verdict }) => verdict.untilMs), seen.untilMs].filter(
          (ms) => ms !== null,
        );
        return {
          ok: true,
          verdicts: new Map(entries.map(({ object, verdict }) => [object.id, verdict])),
          nodes: seen.troubles,
          untilMs: untils.length === 0 ? null : Math.min(...untils),
        };
      } catch (error) {
        nodes.missed();
        if (error instanceof Unanswered) return error.failure;
        if (error instanceof Garbled) return { ...noAnswer(error.message), code: 'CLUSTER_FAILING' };
        throw error;
      }
    },
  };
}

interface Looker extends HealthLookOptions {
  readonly reconciled: Reconciled;
  readonly remembered: Remembered;
  readonly nowMs: number;
}

/** One entry for each of the objects. */
async function lookAtKind(
  looker: Looker,
  [groupKind, objects]: readonly [string, readonly WantedObject[]],
  signal: AbortSignal,
): Promise<readonly Entry[]> {
  const { api, discovery, reconciled, remembered, nowMs } = looker;
  const way = wayToLook(groupKind);
  const all = (verdict: Verdict) => objects.map((object) => closedEntry(object, verdict));
  if (way === 'presence') return objects.map((object) => closedEntry(object, presence(reconciled, object)));
  const [first] = objects;
  // Nobody answers for it now, though discovery may remember its kinds.
  if (first === undefined || discovery.uncertainGroups.has(first.group)) return all(because('NotLookedAt'));
  const served = findKind(discovery.kinds, first);
  if (served === undefined) return all(because('NotFound'));
  const kind = {
    api,
    served: readableKind(served, discovery.kinds),
    objects,
    rules: reconciled.wanted.health,
    nowMs,
  };
  const reading = way === 'whole' ? readWhole(kind, signal) : readChanged(kind, remembered, signal);
  const read = await reading.catch(unknownWhenGarbled);
  if (!read.ok) return all(read.verdict);
  const entries = new Map(read.entries.map((entry) => [entry.object.id, entry]));
  return objects.map((object) => entries.get(object.id) ?? closedEntry(object, absent(looker, object)));
}

/** Whoever answers for this kind does not speak as an API server does; others may. */
function unknownWhenGarbled(error: unknown): KindRead {
  if (error instanceof Garbled) return { ok: false, verdict: because('NotLookedAt', error.message) };
  throw error;
}

function closedEntry(object: WantedObject, verdict: Verdict): Entry {
  return { object, uid: '', verdict, open: null };
}

/** For kinds that have no status. */
function presence({ observed }: Reconciled, { id, group, kind }: WantedObject): Verdict {
  if (!observed.cluster.ok) return because('NotLookedAt', observed.cluster.detail);
  if (observed.forbidden.has(`${group}/${kind}`)) return because('MayNotLook');
  const live = observed.live.get(id);
  if (live === undefined) return because('NotFound');
  return live.deleting ? because('Deleting') : current;
}

/** What a Job is left with: that it failed, or a pod of it that nobody saw it get over. What waited waits no more. */
const badEnds: ReadonlySet<HealthReason> = new Set(['JobFailed', 'PodFailed', 'PodEvicted']);

/** A Job that is gone and still in place has ended and was removed in its time; that it ended badly is remembered. */
function absent({ reconciled, reasonOf }: Looker, { id, ttlAfterFinishedMs }: WantedObject): Verdict {
  const { notInPlace, observed } = reconciled;
  const isGone = ttlAfterFinishedMs !== null && observed.cluster.ok && !observed.live.has(id);
  if (!isGone || notInPlace.has(id)) return because('NotFound');
  const before = reasonOf(id);
  return before !== null && badEnds.has(before) ? because(before) : current;
}

async function withPods(
  looker: Looker,
  entries: readonly Entry[],
  signal: AbortSignal,
): Promise<readonly Entry[]> {
  const { api, nowMs } = looker;
  const open = entries.filter((entry) => entry.open !== null && !dependsOnOthers(entry.verdict));
  const byNamespace = [...Map.groupBy(open, ({ object }) => object.namespace ?? '')];
  const judged = await inTurns(byNamespace, async ([namespace, own]) => {
    const pods = await podsIn(api, { namespace, nowMs }, signal);
    const sets = own.some(({ object }) => object.kind === 'Deployment')
      ? await replicaSetsIn(api, namespace, signal)
      : [];
    const results: Entry[] = [];
    for (const entry of own)
      results.push(
        await judgedAgain(looker, entry, { all: pods, own: podsOf(entry.uid, pods ?? [], sets) }, signal),
      );
    return results;
  });
  const again = new Map(judged.flat().map((entry) => [entry.object.id, entry]));
  return entries.map((entry) => again.get(entry.object.id) ?? entry);
}

interface Pods {
  /** Of its namespace; null when they may not be read. */
  readonly all: readonly PodFacts[] | null;
  readonly own: readonly PodFacts[];
}

async function judgedAgain(
  { api, nowMs }: Looker,
  entry: Entry,
  pods: Pods,
  signal: AbortSignal,
): Promise<Entry> {
  const { object, uid, verdict, open } = entry;
  if (open === null) return entry;
  const namespace = object.namespace ?? '';
  const groupKind = `${object.group}/${object.kind}`;
  const isRefused = mayBeRefused(groupKind, verdict, pods.own.length);
  const refusal = isRefused ? await refusalOf(api, { namespace, uid, own: pods.own, nowMs }, signal) : '';
  const context = {
    ...open.context,
    pods: pods.own,
    refusal,
    ...(object.kind === 'PersistentVolumeClaim' && {
      claim: await claimContext(api, { name: object.name, body: open.body, pods: pods.all }, signal),
    }),
  };
  const again = healthOf(open.body, object, context);
  const isAwaited = isRefused && refusal === '';
  const untilMs = isAwaited ? Math.min(again.untilMs ?? Infinity, nowMs + eventsMs) : again.untilMs;
  return { object, uid, verdict: { ...again, untilMs }, open: null };
}

/** A few at a time; the results in the order of the items. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: requestsAtATime }, worker));
  return results;
}
