// What is left of a time, as operators read it: to the nearest of one unit, the same however little a clock is off.

import test from 'ava';
import { leftText } from '../../cli/moments.ts';

const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000];

for (const [ms, text] of [
  [1, '1 s'],
  [second + 400, '1 s'],
  [minute - 1, '1 min'],
  [minute + 20 * second, '1 min'],
  [hour - 1, '1 h'],
  [7 * hour + 20 * minute, '7 h'],
  [8 * hour - 5 * second, '8 h'],
  [8 * hour + 5 * second, '8 h'],
  [47 * hour + 59 * minute, '2 d'],
  [30 * day - 1, '30 d'],
] as const)
  test(`${ms} ms are ${text}`, (t) => {
    t.is(leftText(ms), text);
  });
