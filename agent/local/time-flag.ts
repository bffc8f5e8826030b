// Times as people give them to commands: 30m, 8h, 7d. PURE. Called by the commands of this room.
// What is longer than some hundred years is no time that anybody means.
const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 24 * 3_600_000 };

/** Milliseconds; undefined for a text that is no time. */
export function flagMs(text: unknown): number | undefined {
  const [, count, unit = ''] = /^([1-9]\d{0,4})([mhd])$/.exec(String(text)) ?? [];
  return count === undefined ? undefined : Number(count) * (unitMs[unit] ?? Number.NaN);
}
