// Times as texts, compared with what the runtime makes of them.

import test from 'ava';
import fc from 'fast-check';
import { minuteText, timeText } from '../../../control-plane/fleet/time-text.ts';

test('every moment of the years 0 to 9999 reads as the runtime writes it', (t) => {
  const moment = fc.integer({
    min: Date.UTC(1, 0, 1) - 86_400_000 * 730,
    max: Date.UTC(9999, 11, 31, 23, 59, 59, 999),
  });
  fc.assert(
    fc.property(moment, (ms) => timeText(ms) === new Date(ms).toISOString()),
    { numRuns: 20_000 },
  );
  for (const ms of [0, -1, Date.UTC(2000, 1, 29), Date.UTC(2100, 1, 28, 23, 59), Date.UTC(2024, 11, 31, 23)])
    t.is(timeText(ms), new Date(ms).toISOString());
  t.is(minuteText(Date.UTC(2026, 10, 23, 10, 2, 59)), '2026-11-23 10:02 UTC');
});
