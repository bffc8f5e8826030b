// What a report is made from: one run of the reconciler, the document that it worked towards, and what the store knows.
// Pure types and small readings of them, shared by the two kinds of reports and by the reporter.
import type { ConditionCode } from '../../proto/conditions.ts';
import type { Plan, StepResult } from '../plan/step.ts';
import type { Observed, Wanted } from '../plan/world.ts';

/** One run as the reconciler returns it. Times are milliseconds UTC. */
export interface SeenRun {
  readonly plan: Plan;
  readonly observed: Observed;
  readonly results: readonly StepResult[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** One condition that holds. `count` is how many objects it concerns, 0 for the site itself. */
export interface HeldCondition {
  readonly code: ConditionCode;
  readonly count: number;
  readonly sinceMs: number;
}

/** How reports name an object: its place in the release that listed it last. */
export interface Place {
  /** Empty for the release that the site works towards. */
  readonly releaseDigest: string;
  readonly index: number;
}

/** The place of an object by its identity; undefined for one that no release ever named here. */
export function placeOf(
  id: string,
  wanted: ReadonlyMap<string, Place>,
  observed: Observed,
): Place | undefined {
  const known = wanted.get(id);
  if (known !== undefined) return known;
  const row = observed.inventory.get(id);
  return row === undefined ? undefined : { releaseDigest: row.releaseDigest, index: row.index };
}

/** The places of all wanted objects, by identity. */
export function wantedPlaces(wanted: Wanted | null): ReadonlyMap<string, Place> {
  return new Map((wanted?.objects ?? []).map(({ id, index }) => [id, { releaseDigest: '', index }]));
}
