// Health and components as the person on site reads them: what does not work, why in words, and when that was seen.
// PURE. Law: what was seen for another document, or too long ago, is never called healthy. Called by status.ts.
import { type HealthReason, type HealthStatus, healthReasons } from '../../proto/health-reasons.ts';
import type { HealthSnapshot } from '../health/snapshot.ts';
import type { LocalFacts } from './local-facts.ts';
import { isOld, lineOf, namesOf, ownRun, time } from './status-words.ts';

/** One object that does not work, is not ready, or could not be looked at. */
export interface ShownTrouble {
  readonly object: string;
  readonly component: string;
  readonly status: HealthStatus;
  readonly reason: HealthReason;
  readonly since: string;
  readonly text: string;
  readonly next: string;
  /** The words of the cluster; may be empty. */
  readonly detail: string;
}

export interface ShownHealth {
  /** As of the last look; `unknown` also when that is too old or was at another document. */
  readonly state: 'healthy' | 'not-healthy' | 'progressing' | 'unknown';
  /** Null while nothing was looked at. */
  readonly lookedAt: string | null;
  readonly isOld: boolean;
  /** How many of the objects that were looked at work. */
  readonly current: number;
  readonly objects: number;
  /** Those that failed first. */
  readonly troubles: readonly ShownTrouble[];
}

export interface ShownComponent {
  readonly name: string;
  /** Null while that is not known; so is `healthy`. */
  readonly applied: boolean | null;
  readonly healthy: boolean | null;
  readonly drifted: boolean;
  readonly objects: number;
}

const maxTroubles = 200;
const order: readonly HealthStatus[] = ['failed', 'unknown', 'terminating', 'in-progress'];

export function healthOf(facts: LocalFacts): ShownHealth {
  const { last, nowMs } = facts;
  const health = healthOfWanted(facts);
  if (health === undefined)
    return { state: 'unknown', lookedAt: null, isOld: false, current: 0, objects: 0, troubles: [] };
  const names = namesOf(last);
  const components = new Map(last?.wanted?.objects.map(({ id, component }) => [id, component]));
  const troubles = health.objects.flatMap(({ id, reason, sinceMs, detail }) => {
    if (reason === null) return [];
    const { status, text, next } = healthReasons[reason];
    const object = names.get(id) ?? id;
    const component = components.get(id) ?? '';
    return [{ object, component, status, reason, since: time(sinceMs), text, next, detail: lineOf(detail) }];
  });
  const isNever = health.observedAtMs === 0;
  const tooOld = !isNever && isOld(health.observedAtMs, nowMs);
  return {
    state: tooOld || isNever ? 'unknown' : stateOf(health),
    lookedAt: isNever ? null : time(health.observedAtMs),
    isOld: tooOld,
    current: health.objects.length - troubles.length,
    objects: health.objects.length,
    troubles: troubles
      .toSorted((one, other) => order.indexOf(one.status) - order.indexOf(other.status))
      .slice(0, maxTroubles),
  };
}

export function componentsOf(facts: LocalFacts): readonly ShownComponent[] {
  const { nowMs } = facts;
  const last = ownRun(facts);
  const wanted = last?.wanted;
  if (last === undefined || wanted === null || wanted === undefined) return [];
  const { now, cluster } = last.run.observed;
  const isSeen = cluster.ok && !isOld(now, nowMs);
  const health = healthOfWanted(facts);
  const isKnown = health !== undefined && !isOld(health.observedAtMs, nowMs);
  const working = new Set(health?.objects.filter(({ status }) => status === 'current').map(({ id }) => id));
  const [notInPlace, repairing] = [new Set(last.run.plan.notInPlace), new Set(last.run.plan.repairing)];
  const objects = Map.groupBy(wanted.objects, ({ component }) => component);
  return wanted.components.map((name) => {
    const own = objects.get(name) ?? [];
    return {
      name,
      applied: isSeen ? !own.some(({ id }) => notInPlace.has(id)) : null,
      healthy: isKnown ? own.every(({ id }) => working.has(id)) : null,
      drifted: own.some(({ id }) => repairing.has(id)),
      objects: own.length,
    };
  });
}

/** What was looked at for another document says nothing about this one. */
function healthOfWanted({ side: { health }, store }: LocalFacts): HealthSnapshot | undefined {
  return health !== undefined && health.generation === store.desired.held()?.generation ? health : undefined;
}

function stateOf({ healthy, objects }: HealthSnapshot): ShownHealth['state'] {
  if (healthy) return 'healthy';
  if (objects.some(({ status }) => status === 'failed')) return 'not-healthy';
  return objects.some(({ status }) => status === 'unknown') ? 'unknown' : 'progressing';
}
