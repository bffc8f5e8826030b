// From codes of failures to conditions, and from many waiting objects to one line per condition. PURE.
// Called by plan.ts and bring-forward.ts.
import type { Condition, ConditionCode } from '../../proto/conditions.ts';
import type { ErrorCode } from '../../proto/errors.ts';

/** How a failure that has a condition of its own is shown; every other one is just waiting for its next try. */
export function conditionOf(code: ErrorCode): ConditionCode {
  return conditionByError.get(code) ?? 'WaitingToRetry';
}

const conditionByError: ReadonlyMap<ErrorCode, ConditionCode> = new Map([
  ['CLUSTER_UNREACHABLE', 'ClusterUnreachable'],
  ['CLUSTER_UNAUTHENTICATED', 'ClusterUnauthenticated'],
  ['CLUSTER_FORBIDDEN', 'ClusterForbidden'],
  ['CLUSTER_BUSY', 'ClusterBusy'],
  ['CLUSTER_FAILING', 'ClusterFailing'],
  ['CLUSTER_MISMATCH', 'ClusterMismatch'],
  ['OBJECT_NOT_OURS', 'ObjectNotOurs'],
  ['OBJECT_REFUSED', 'ObjectRefused'],
  ['OBJECT_CONFLICT', 'ObjectConflict'],
]);

/** One condition per code that occurs, with how often it does, sorted by code. */
export function countConditions(codes: Iterable<ConditionCode>): Condition[] {
  const counts = new Map<ConditionCode, number>();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].map(([code, count]) => ({ code, count })).sort((a, b) => (a.code < b.code ? -1 : 1));
}
