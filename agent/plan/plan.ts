// The planner: what is wanted and what was seen -> the steps that are possible now, what waits and why.
// PURE and synchronous: same inputs, same plan, byte for byte. It never looks ahead: after its steps, look and plan
// again. Invariants: a row is written before anything is sent; only the lowest rank with work moves; nothing is
// taken back before everything wanted is in place. Called by agent/reconcile.ts.
import type { ConditionCode } from '../../proto/conditions.ts';
import { bringForward } from './bring-forward.ts';
import { conditionOf, countConditions } from './conditions.ts';
import { rankOf } from './rank.ts';
import type { Plan, Step, Waiting } from './step.ts';
import { takeBack } from './take-back.ts';
import type { ObjectId, ObjectName, Observed, OwnedObject, Wanted, WantedObject } from './world.ts';

/** `wanted` is null until the control plane has assigned a release. */
export function plan(wanted: Wanted | null, observed: Observed): Plan {
  const { cluster } = observed;
  if (wanted === null) return standStill('NothingDesired');
  if (!cluster.ok) return standStill(conditionOf(cluster.code));
  if (wanted.clusterUid !== null && wanted.clusterUid !== cluster.uid) return standStill('ClusterMismatch');

  const unknown = wanted.objects.filter(
    (object) => !isIntended(object, observed.inventory.get(object.id), wanted),
  );
  if (unknown.length > 0) {
    const notInPlace = wanted.objects.map(({ id }) => id);
    return planOf({ steps: [{ kind: 'intend', objects: unknown }], waiting: [], notInPlace });
  }
  const { steps, waiting, appliedCount, notInPlace } = bringAllForward(wanted, observed);
  if (steps.length === 0 && waiting.length === 0)
    return planOf({ ...takeBack(wanted, observed), appliedCount });
  const repairing = steps.flatMap(({ object, step }) =>
    step.kind === 'apply' && step.reason === 'repair' ? [object.id] : [],
  );
  return planOf({ steps: lowestRank(steps), waiting, appliedCount, notInPlace, repairing });
}

function standStill(code: ConditionCode): Plan {
  return {
    steps: [],
    waiting: [],
    conditions: [{ code, count: 0 }],
    appliedCount: 0,
    notInPlace: [],
    repairing: [],
    applied: false,
    drifted: false,
  };
}

function isIntended(object: WantedObject, row: OwnedObject | undefined, { release }: Wanted): boolean {
  return row !== undefined && !row.kept && row.releaseDigest === release.digest && row.index === object.index;
}

function bringAllForward(wanted: Wanted, observed: Observed) {
  const steps: ObjectStep[] = [];
  const waiting: Waiting[] = [];
  const notInPlace: ObjectId[] = [];
  let appliedCount = 0;
  for (const object of wanted.objects) {
    const row = observed.inventory.get(object.id);
    if (row === undefined) continue;
    const verdict = bringForward(object, row, observed);
    if (verdict.kind === 'in-place') appliedCount += 1;
    else notInPlace.push(object.id);
    if (verdict.kind === 'step') steps.push({ object, step: verdict.step });
    if (verdict.kind === 'waiting') waiting.push(verdict.waiting);
  }
  return { steps, waiting, appliedCount, notInPlace };
}

interface ObjectStep {
  readonly object: ObjectName;
  readonly step: Step;
}

function lowestRank(steps: readonly ObjectStep[]): Step[] {
  const lowest = Math.min(...steps.map(({ object }) => rankOf(object)));
  return steps.filter(({ object }) => rankOf(object) === lowest).map(({ step }) => step);
}

interface Outcome {
  readonly steps: readonly Step[];
  readonly waiting: readonly Waiting[];
  readonly appliedCount?: number;
  readonly notInPlace?: readonly ObjectId[];
  readonly repairing?: readonly ObjectId[];
  readonly keptCount?: number;
  readonly unseenCount?: number;
}

function planOf({ steps, waiting, ...counts }: Outcome): Plan {
  const { appliedCount = 0, notInPlace = [], repairing = [], keptCount = 0, unseenCount = 0 } = counts;
  const conditions = countConditions([
    ...waiting.map(({ code }) => code),
    ...times(steps.length, 'Progressing'),
    ...times(repairing.length, 'Drifted'),
    ...times(keptCount, 'ObjectKept'),
    ...times(unseenCount, 'WaitingForKind'),
  ]);
  const applied = steps.length === 0 && waiting.length === 0;
  const drifted = repairing.length > 0;
  return { steps, waiting, conditions, appliedCount, notInPlace, repairing, applied, drifted };
}

function times(count: number, code: ConditionCode): ConditionCode[] {
  return Array.from({ length: count }, () => code);
}
