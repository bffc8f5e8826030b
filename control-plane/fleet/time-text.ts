// Milliseconds since 1970 UTC as RFC 3339 and as people read them, without asking for a clock or a calendar of the machine.
// PURE. Days are counted in eras of 400 years that begin on 1 March, so that a leap day is the last of its year.

const dayMs = 86_400_000;
const daysInEra = 146_097;
/** From 1 March of the year 0 to 1970. */
const epochDays = 719_468;

/** `2026-11-23T10:02:03.004Z`, for years 0 to 9999. */
export function timeText(ms: number): string {
  const days = Math.floor(ms / dayMs);
  const left = ms - days * dayMs;
  const time = [left / 3_600_000, (left / 60_000) % 60, (left / 1000) % 60].map((part) => digits(part, 2));
  return `${dateText(days)}T${time.join(':')}.${digits(left % 1000, 3)}Z`;
}

/** `2026-11-23 10:02 UTC`, as on all screens. */
export function minuteText(ms: number): string {
  const text = timeText(ms);
  return `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`;
}

function dateText(daysSince1970: number): string {
  const days = daysSince1970 + epochDays;
  const era = Math.floor(days / daysInEra);
  const dayOfEra = days - era * daysInEra;
  const leapDays =
    Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`;
}

function digits(value: number, count: number): string {
  return String(Math.floor(value)).padStart(count, '0');
}
