// When to look at the health of the site again. PURE. A change asks for a look soon, but looks that find nothing new after
// one make the next wait longer: something in the cluster may change all the time. Called by health-loop.ts.

/** Where things stand after a look. Times in ms of one clock. */
export interface AfterLook {
  readonly nowMs: number;
  /** When time alone may change something; null for never. */
  readonly untilMs: number | null;
  readonly isAllCurrent: boolean;
  /** Changes come by themselves. */
  readonly isWatched: boolean;
}

/** A change asks for a look after this, so that what belongs together is seen together. */
export const debounceMs = 500;
/** From the begin of one look to the begin of the next one, at least. */
export const shortestGapMs = 1_000;
const longestGapMs = 2_500;
const quietMs = 30_000;
const unwatchedMs = 5_000;
const roundingMs = 50;

/** How long to wait when nothing asks for a look before. */
export function nextLookMs({ nowMs, untilMs, isAllCurrent, isWatched }: AfterLook): number {
  const dueMs = untilMs === null ? quietMs : Math.max(shortestGapMs, untilMs - nowMs + roundingMs);
  return Math.min(quietMs, dueMs, isAllCurrent || isWatched ? quietMs : unwatchedMs);
}

/** The gap after a look that found something new, or did not. */
export function nextGapMs(gapMs: number, isNews: boolean): number {
  return isNews ? shortestGapMs : Math.min(longestGapMs, gapMs * 1.5);
}
