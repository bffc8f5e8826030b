// Small readings that all parts of the status share: times, names of objects, free text on one line, and when news is
// old. PURE. Called by status.ts and its parts.

import type { LocalFacts, RunFacts } from './local-facts.ts';
import { objectText } from './object-text.ts';

/** Three heartbeats: whatever was seen before that may have changed since. */
export const newsMs = 90_000;

/** A look at the future is not old, but a clock that was set back is nothing to rely on either. */
export function isOld(atMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) > newsMs;
}

/** The last run, if it was for the document that is held: what was done for another says nothing about this one. */
export function ownRun({ last, store }: LocalFacts): RunFacts | undefined {
  return last?.wanted?.generation === store.desired.held()?.generation ? last : undefined;
}

/** RFC 3339, UTC. */
export function time(ms: number): string {
  return new Date(ms).toISOString();
}

export function timeOrNull(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : time(ms);
}

/** Words of others on one line, without what a terminal would obey. */
export function lineOf(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

/** The objects that are wanted or still here, by identity, as people name them. */
export function namesOf(last: RunFacts | undefined): ReadonlyMap<string, string> {
  const objects = [...(last?.run.observed.inventory.values() ?? []), ...(last?.wanted?.objects ?? [])];
  return new Map(objects.map((object) => [object.id, objectText(object)]));
}
