// What is known of the health of the site: the last snapshot, and since when each object has been as it is, kept in the
// store. Laws: healthy is said only of objects that were looked at after they were last changed by us; a cluster that no
// longer answers makes everything unknown, without losing since when. Called by health-loop.ts.
import type { HealthReason } from '../../proto/health-reasons.ts';
import type { HealthSnapshot, NodeTrouble, ObjectHealth } from '../health/snapshot.ts';
import { because, type Verdict } from '../health/verdict.ts';
import type { ObjectId, Wanted, WantedObject } from '../plan/world.ts';
import type { KnownHealth, ObjectHealthStore } from '../store/object-health.ts';

export interface LookResult {
  readonly wanted: Wanted;
  readonly verdicts: ReadonlyMap<ObjectId, Verdict>;
  readonly nodes: readonly NodeTrouble[];
  /** When the look began, ms UTC. */
  readonly observedAtMs: number;
}

export interface HealthBooks {
  readonly snapshot: () => HealthSnapshot | undefined;
  /** What was said of an object last; null for current, and when nothing was said. */
  readonly reasonOf: (id: ObjectId) => HealthReason | null;
  /** That it is current was said of an object last. */
  readonly wasCurrent: (id: ObjectId) => boolean;
  /** Keeps what was seen; returns whether anything but the time is new. */
  readonly enter: (look: LookResult) => boolean;
  /** These were just changed by us: what was seen of them before says nothing now. */
  readonly touch: (ids: ReadonlySet<ObjectId>, nowMs: number) => void;
  /** Nobody could look since `sinceMs`. Returns whether that is new. */
  readonly lose: (wanted: Wanted, sinceMs: number, detail: string) => boolean;
  /** When an object that runs again will have run long enough to count, ms UTC; null for none. */
  readonly untilMs: () => number | null;
  /** Nothing is wanted. */
  readonly clear: () => void;
}

export function createHealthBooks(store: ObjectHealthStore): HealthBooks {
  const known = new Map(store.all());
  const better = new Map<ObjectId, number>();
  let snapshot: HealthSnapshot | undefined;
  const replace = (next: HealthSnapshot): boolean => {
    const isNews = snapshot === undefined || !saysTheSame(snapshot, next);
    snapshot = next;
    return isNews;
  };
  return {
    snapshot: () => snapshot,
    reasonOf: (id) => known.get(id)?.reason ?? null,
    wasCurrent: (id) => known.get(id)?.status === 'current',
    untilMs: () => (better.size === 0 ? null : Math.min(...better.values()) + steadyMs),
    enter: ({ wanted, verdicts: seen, nodes, observedAtMs }) => {
      const verdicts = steady(known, better, { wanted, verdicts: seen, observedAtMs });
      keep(store, known, verdicts, observedAtMs);
      const earlier = new Map(snapshot?.objects.map((object) => [object.id, object]));
      const objects = wanted.objects.map(({ id, index }): ObjectHealth => {
        const { status, reason, detail } = verdicts.get(id) ?? because('NotLookedAt');
        const before = isUnseen(reason) ? earlier.get(id) : known.get(id);
        const sinceMs = before?.reason === reason ? before.sinceMs : observedAtMs;
        return { id, index, status, reason, sinceMs, detail };
      });
      const healthy = objects.every(({ status }) => status === 'current');
      return replace({ observedAtMs, generation: wanted.generation, healthy, objects, nodes });
    },
    touch: (ids, nowMs) => {
      if (snapshot === undefined || !snapshot.objects.some(({ id }) => ids.has(id))) return;
      const { status, reason, detail } = because('NotYetObserved');
      const objects = snapshot.objects.map((one) =>
        ids.has(one.id) && one.status === 'current'
          ? { ...one, status, reason, detail, sinceMs: nowMs }
          : one,
      );
      snapshot = { ...snapshot, healthy: false, objects };
    },
    lose: ({ generation, objects }, sinceMs, detail) => {
      better.clear();
      // The time stays that of the last answer, 0 for never; a node in trouble has not become well.
      const { observedAtMs, nodes } = snapshot ?? { observedAtMs: 0, nodes: [] };
      const objectsUnseen = unseen(objects, sinceMs, detail);
      return replace({ observedAtMs, generation, healthy: false, objects: objectsUnseen, nodes });
    },
    clear: () => {
      better.clear();
      snapshot = undefined;
    },
  };
}

function unseen(objects: Wanted['objects'], sinceMs: number, detail: string): readonly ObjectHealth[] {
  const { status, reason } = because('NotLookedAt');
  return objects.map(({ id, index }) => ({ id, index, status, reason, sinceMs, detail }));
}

/** Nothing was seen, so what was known before is not over: a cluster that has just started may refuse for a moment. */
function isUnseen(reason: HealthReason | null): boolean {
  return reason === 'MayNotLook' || reason === 'NotLookedAt';
}

/** A container that ends again and again runs, and is even ready, for a moment each time. */
const steadyMs = 10_000;

/**
 * What crash-looped is better only when it has been so for a while; since when it seems so is kept in `better`. A Job that
 * is current has ended: nothing of it will crash again, and its TTL may remove it at any moment.
 */
function steady(
  known: ReadonlyMap<ObjectId, KnownHealth>,
  better: Map<ObjectId, number>,
  { wanted, verdicts: seen, observedAtMs: nowMs }: Omit<LookResult, 'nodes'>,
): ReadonlyMap<ObjectId, Verdict> {
  const verdicts = new Map(seen);
  const jobs = new Set(wanted.objects.filter(isJob).map(({ id }) => id));
  for (const id of better.keys()) if (!seen.has(id)) better.delete(id);
  for (const [id, verdict] of seen) {
    // Not after now: the clock may have been set back.
    const sinceMs = Math.min(better.get(id) ?? nowMs, nowMs);
    better.delete(id);
    const isBetter = verdict.status === 'in-progress' || (verdict.status === 'current' && !jobs.has(id));
    if (known.get(id)?.reason !== 'ContainerCrashLooping' || !isBetter || nowMs >= sinceMs + steadyMs)
      continue;
    better.set(id, sinceMs);
    verdicts.set(id, because('ContainerCrashLooping', 'it runs again, not yet for long'));
  }
  return verdicts;
}

function isJob({ group, kind }: WantedObject): boolean {
  return group === 'batch' && kind === 'Job';
}

/** Writes what is new into the store and into `known`. */
function keep(
  store: ObjectHealthStore,
  known: Map<ObjectId, KnownHealth>,
  verdicts: ReadonlyMap<ObjectId, Verdict>,
  nowMs: number,
): void {
  const changed = new Map<ObjectId, KnownHealth>();
  for (const [id, { status, reason }] of verdicts) {
    const before = known.get(id);
    if (isUnseen(reason)) continue;
    if (before?.status !== status || before.reason !== reason)
      changed.set(id, { status, reason, sinceMs: nowMs });
  }
  const gone = [...known.keys()].filter((id) => !verdicts.has(id));
  store.write(changed, gone);
  for (const [id, health] of changed) known.set(id, health);
  for (const id of gone) known.delete(id);
}

function saysTheSame(one: HealthSnapshot, other: HealthSnapshot): boolean {
  return (
    one.generation === other.generation &&
    one.healthy === other.healthy &&
    one.objects.length === other.objects.length &&
    one.objects.every((object, at) => isSame(object, other.objects[at])) &&
    JSON.stringify(one.nodes) === JSON.stringify(other.nodes)
  );
}

function isSame(one: ObjectHealth, other: ObjectHealth | undefined): boolean {
  return (
    one.id === other?.id &&
    one.status === other.status &&
    one.reason === other.reason &&
    one.sinceMs === other.sinceMs &&
    one.detail === other.detail
  );
}
