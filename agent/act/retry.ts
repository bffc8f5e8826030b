// When a failed step may be tried again. PURE. A refusal is tried again soon at first, because what it depends on may
// only be settling (a new schema, a webhook that starts), then hardly ever. Failures of the cluster as a whole are
// paced by agent/reconcile.ts, not object by object. Called by act.ts.
import type { ErrorCode } from '../../proto/errors.ts';

interface Policy {
  readonly firstMs: number;
  readonly factor: number;
  readonly mostMs: number;
}

const patient: Policy = { firstMs: 1_000, factor: 4, mostMs: 300_000 };
const usual: Policy = { firstMs: 1_000, factor: 2, mostMs: 300_000 };
const brief: Policy = { firstMs: 250, factor: 2, mostMs: 30_000 };

const policies: ReadonlyMap<ErrorCode, Policy | null> = new Map([
  ['OBJECT_REFUSED', patient],
  ['CONTENT_MISSING', patient],
  ['CLUSTER_FORBIDDEN', usual],
  ['NOT_FOUND', brief],
  ['OBJECT_CONFLICT', brief],
  ['OBJECT_NOT_OURS', brief],
  ['CLUSTER_FAILING', brief],
  ['CLUSTER_UNREACHABLE', null],
  ['CLUSTER_UNAUTHENTICATED', null],
  ['CLUSTER_BUSY', null],
]);

/** True for a failure of the cluster as a whole, which every other request would meet as well. */
export function isOutage(code: ErrorCode): boolean {
  return policies.get(code) === null;
}

/** True when the rest of the plan is not begun. A 5xx may be one webhook's: the object waits, the next plan goes on. */
export function endsBatch(code: ErrorCode): boolean {
  return isOutage(code) || code === 'CLUSTER_FAILING';
}

/**
 * How long one object waits after its `count`th failure in a row; null when the failure is not the object's own.
 * Between half of the bound and the whole; `uniform` is in [0, 1).
 */
export function objectDelayMs(code: ErrorCode, count: number, uniform: number): number | null {
  const policy = policies.get(code) === undefined ? usual : policies.get(code);
  return policy === null || policy === undefined ? null : boundedDelayMs(policy, count, uniform);
}

/**
 * How long an object that was just repaired for the `count`th time in a row is left alone: two who change the same
 * field would otherwise do so for ever, as fast as they can.
 */
export function fightDelayMs(count: number, uniform: number): number | null {
  return count <= patienceWithOthers ? null : boundedDelayMs(usual, count - patienceWithOthers, uniform);
}

const patienceWithOthers = 3;

function boundedDelayMs({ firstMs, factor, mostMs }: Policy, count: number, uniform: number): number {
  const boundMs = Math.min(mostMs, firstMs * factor ** Math.max(0, count - 1));
  return Math.round((boundMs * (1 + uniform)) / 2);
}
