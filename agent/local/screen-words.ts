// Times and numbers as people say them. PURE. Called by the screens of this room.
// All times are UTC and say so: a hospital and its operator may be in different zones.

/** `2026-11-23 10:02 UTC`. */
export function minute(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
}

/** `2026-11-23 10:02:41 UTC`. */
export function second(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;
}

export function day(time: string): string {
  return time.slice(0, 10);
}

/** `4 minutes`: the largest unit that fits. */
export function span(from: string, to: string): string {
  const seconds = Math.max(0, Math.floor((Date.parse(to) - Date.parse(from)) / 1000));
  for (const [unit, length] of units) {
    const count = Math.floor(seconds / length);
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return '0 seconds';
}

/** `4 minutes ago`; for a moment that has not come by this clock, which one. */
export function ago(time: string | null, now: string): string {
  if (time === null) return 'never';
  return Date.parse(time) > Date.parse(now) ? `${minute(time)}, in the future` : `${span(time, now)} ago`;
}

/** `in 4 minutes`, to the nearest of its unit, by the rule of the operator's screens too; or `4 minutes ago`. */
export function sooner(time: string, now: string): string {
  const seconds = (Date.parse(time) - Date.parse(now)) / 1000;
  if (!(seconds > 0)) return `${span(time, now)} ago`;
  for (const [unit, length, limit] of nearUnits) {
    const count = Math.max(1, Math.round(seconds / length));
    if (count < limit) return `in ${counted(count, unit)}`;
  }
  return `in ${counted(Math.round(seconds / 86_400), 'day')}`;
}

/** Each up to so many of it. */
const nearUnits = [
  ['second', 1, 60],
  ['minute', 60, 60],
  ['hour', 3_600, 48],
] as const;

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** `1 object`, `3 objects`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** `12.5 GiB`. */
export function bytesText(bytes: number): string {
  const step = [4, 3, 2, 1].find((power) => bytes >= 1024 ** power) ?? 0;
  const value = bytes / 1024 ** step;
  return `${value >= 10 || step === 0 ? Math.round(value) : value.toFixed(1)} ${sizes[step]}`;
}

const sizes = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
