// What one wanted object needs next: nothing, one step, or patience and why. Ownership is decided here: an object is
// ours by the UID that we recorded, or, after a create whose answer was lost, by an entry of our field manager that
// is as old as the object. Anything else of that name is somebody else's and is left alone. Called by plan.ts.
import { objectId } from '../../proto/document.ts';
import { conditionOf } from './conditions.ts';
import type { ApplyReason, Step, Waiting } from './step.ts';
import type { LiveObject, Observed, OwnedObject, WantedObject } from './world.ts';

export type Verdict =
  | { readonly kind: 'in-place' }
  | { readonly kind: 'step'; readonly step: Step }
  | { readonly kind: 'waiting'; readonly waiting: Waiting };

/** `row` is the inventory's row of `wanted`, which exists: it was intended before. */
export function bringForward(wanted: WantedObject, row: OwnedObject, observed: Observed): Verdict {
  const gate = closedGate(wanted, observed);
  if (gate !== null) return gate;
  const live = observed.live.get(wanted.id);
  const verdict =
    live === undefined || isLeavingByTtl(wanted, row, live, observed)
      ? whenAbsent(wanted, row, observed)
      : whenLive(wanted, row, live);
  if (verdict.kind !== 'step') return verdict;
  return heldByAttempt(wanted.id, wanted.digest, observed) ?? verdict;
}

/** A waiting verdict while the last failure of this object, with these bytes, asks to wait; else null. */
export function heldByAttempt(id: string, digest: string, observed: Observed): Verdict | null {
  const attempt = observed.attempts.get(id);
  if (attempt === undefined || attempt.digest !== digest) return null;
  const leftMs = attempt.notBefore - observed.now;
  if (leftMs <= 0 || leftMs > longestHoldMs) return null;
  return waitFor({ id, code: conditionOf(attempt.code), until: attempt.notBefore });
}

/** Nobody asks for more: what seems to, was written down while the clock was ahead. */
const longestHoldMs = 600_000;

function closedGate(
  { id, group, version, kind, namespace }: WantedObject,
  observed: Observed,
): Verdict | null {
  if (observed.forbidden.has(`${group}/${kind}`))
    return waitFor({ id, code: 'ClusterForbidden', until: null });
  if (!observed.served.has(`${group}/${version}/${kind}`))
    return waitFor({ id, code: 'WaitingForKind', until: null });
  if (namespace === null) return null;
  const home = observed.live.get(
    objectId({ group: '', kind: 'Namespace', namespace: null, name: namespace }),
  );
  if (home === undefined || home.deleting) return waitFor({ id, code: 'WaitingForNamespace', until: null });
  return null;
}

function whenAbsent(wanted: WantedObject, row: OwnedObject, observed: Observed): Verdict {
  if (row.uid === null) return firstContact(wanted, row, 'create');
  if (wanted.digest !== row.appliedDigest) return firstContact(wanted, row, 'create');
  return removedByTtl(wanted, observed) ? { kind: 'in-place' } : firstContact(wanted, row, 'repair');
}

/** A finished Job that its TTL is removing: for a moment it is still there, marked for deletion. */
function isLeavingByTtl(
  wanted: WantedObject,
  row: OwnedObject,
  live: LiveObject,
  observed: Observed,
): boolean {
  const isAsApplied = row.uid === live.uid && row.appliedDigest === wanted.digest;
  return live.deleting && isAsApplied && removedByTtl(wanted, observed);
}

/**
 * A finished Job that its own TTL removed has done its work. Not known since when it is gone, or our clock was set back
 * meanwhile: then it was the TTL, for running it twice is worse than not repairing it.
 */
function removedByTtl({ id, ttlAfterFinishedMs }: WantedObject, { now, jobEndedAfter }: Observed): boolean {
  if (ttlAfterFinishedMs === null) return false;
  const endedAfter = jobEndedAfter.get(id);
  if (endedAfter === undefined || now < endedAfter) return true;
  return now + clockSkewMs >= endedAfter + ttlAfterFinishedMs;
}

/** The end of a Job is dated by the cluster's clock, which may be ahead of ours. */
const clockSkewMs = 5_000;

function whenLive(wanted: WantedObject, row: OwnedObject, live: LiveObject): Verdict {
  if (live.deleting) return waitFor({ id: wanted.id, code: 'WaitingForDeletion', until: null });
  if (row.uid === live.uid) return whenOurs(wanted, row, live);
  if (row.creating && live.createdByUs) return apply(wanted, row, { reason: 'resume', uid: live.uid });
  if (row.creating && live.ownHash !== null)
    return step({ kind: 'withdraw', object: wanted, uid: live.uid, digest: wanted.digest });
  return waitFor({ id: wanted.id, code: 'ObjectNotOurs', until: null });
}

function whenOurs(wanted: WantedObject, row: OwnedObject, live: LiveObject): Verdict {
  const fixed = row.appliedImmutableDigest;
  if (fixed !== null && wanted.immutableDigest !== null && wanted.immutableDigest !== fixed)
    return step({ kind: 'delete', object: wanted, uid: live.uid, reason: 'recreate', digest: wanted.digest });
  if (wanted.digest !== row.appliedDigest) return apply(wanted, row, { reason: 'update', uid: live.uid });
  if ((live.ownHash ?? '') !== row.ownHash) return apply(wanted, row, { reason: 'repair', uid: live.uid });
  return { kind: 'in-place' };
}

function firstContact(wanted: WantedObject, row: OwnedObject, reason: ApplyReason): Verdict {
  return apply(wanted, row, { reason, uid: null });
}

function apply(
  object: WantedObject,
  row: OwnedObject,
  { reason, uid }: { readonly reason: ApplyReason; readonly uid: string | null },
): Verdict {
  return step({ kind: 'apply', object, reason, uid, previousDigest: row.appliedDigest });
}

function step(one: Step): Verdict {
  return { kind: 'step', step: one };
}

function waitFor(waiting: Waiting): Verdict {
  return { kind: 'waiting', waiting };
}
