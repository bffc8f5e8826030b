// Objects of custom kinds to which nobody has written a status yet. Whoever is to write it often comes with the same
// release, so the time that it has begins when all the rest is current. Law: what was current before needs no second
// proof, for the rest comes and goes. Called by health-look.ts after each look.
import { healthOf } from '../health/health-of.ts';
import type { ObjectId } from '../plan/world.ts';
import type { Entry } from './health-objects.ts';

interface Settling {
  readonly nowMs: number;
  readonly wasCurrent: (id: ObjectId) => boolean;
}

export type Settle = (entries: readonly Entry[], settling: Settling) => readonly Entry[];

/** Remembers since when the rest of the release is current; judges what is still open. */
export function createSettle(): Settle {
  let settledMs = Number.POSITIVE_INFINITY;
  return (entries, { nowMs, wasCurrent }) => {
    const isSettled = entries.every(({ open, verdict }) => open !== null || verdict.status === 'current');
    settledMs = isSettled ? Math.min(settledMs, nowMs) : Number.POSITIVE_INFINITY;
    return entries.map((entry) => {
      const { object, open } = entry;
      if (open === null) return entry;
      const context = { ...open.context, settledMs: wasCurrent(object.id) ? 0 : settledMs };
      return { ...entry, verdict: healthOf(open.body, object, context), open: null };
    });
  };
}
