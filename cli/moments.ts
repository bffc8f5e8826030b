// Times and ages as people read them: minutes in UTC, and how long ago in one unit. PURE.
// Used by everything that shows sites.

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** RFC 3339 -> `2026-11-23 10:02 UTC`. */
export function minuteText(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
}

/** Milliseconds since 1970 -> `10:02:14 UTC`, for what happens while one looks. */
export function secondText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(11, 19)} UTC`;
}

/** A length of time in its largest whole unit: `12 s`, `4 min`, `3 h`, `9 d`. */
export function lengthText(ms: number): string {
  const length = Math.max(0, ms);
  if (length < minuteMs) return `${Math.floor(length / secondMs)} s`;
  if (length < hourMs) return `${Math.floor(length / minuteMs)} min`;
  if (length < 2 * dayMs) return `${Math.floor(length / hourMs)} h`;
  return `${Math.floor(length / dayMs)} d`;
}

/** What is left of a time, to the nearest of its largest unit, so that a clock that is a little off changes nothing. */
export function leftText(ms: number): string {
  const unit = ms < minuteMs ? secondMs : ms < hourMs ? minuteMs : ms < 2 * dayMs ? hourMs : dayMs;
  return lengthText(Math.max(1, Math.round(ms / unit)) * unit);
}

/** `3 h ago`; what a clock says to lie ahead is `just now`. */
export function agoText(time: string, nowMs: number): string {
  const ageMs = nowMs - Date.parse(time);
  return ageMs < secondMs ? 'just now' : `${lengthText(ageMs)} ago`;
}

/** `2026-11-23 10:02 UTC (3 h ago)`. */
export function momentText(time: string, nowMs: number): string {
  return `${minuteText(time)} (${agoText(time, nowMs)})`;
}
