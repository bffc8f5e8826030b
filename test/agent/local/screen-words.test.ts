// When something comes, as people on site read it: to the nearest of one unit, by the rule of the operator's screens.

import test from 'ava';
import { sooner } from '../../../agent/local/screen-words.ts';

const nowMs = Date.parse('2026-11-23T10:02:03.000Z');
const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000];

for (const [ms, text] of [
  [1, 'in 1 second'],
  [minute - 1, 'in 1 minute'],
  [hour - 1, 'in 1 hour'],
  [8 * hour - 5 * second, 'in 8 hours'],
  [8 * hour + 5 * second, 'in 8 hours'],
  [36 * hour, 'in 36 hours'],
  [47 * hour + 59 * minute, 'in 2 days'],
  [30 * day - 1, 'in 30 days'],
  [0, '0 seconds ago'],
  [-minute, '1 minute ago'],
] as const)
  test(`${ms} ms from now is ${text}`, (t) => {
    const at = (time: number): string => new Date(time).toISOString();
    t.is(sooner(at(nowMs + ms), at(nowMs)), text);
  });
