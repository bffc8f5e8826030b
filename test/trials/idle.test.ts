// An agent that has nothing to do costs a hospital's machine next to nothing: the idle benchmark for one minute, with all
// its bars. What counts is memory, requests and processor time, so that other work on the machine hardly matters.

import test from 'ava';
import { bench } from '../bench/idle.ts';

const promised = [
  /^socket answers/,
  /^anonymous memory$/,
  /^resident memory$/,
  /^changing requests in 1 min$/,
  /^processor time in 1 min$/,
];

test('an idle minute stays within every bar', async (t) => {
  t.timeout(280_000);
  const { figures } = await bench(['--minutes', '1'], (line) => t.log(line));
  for (const { name, value, unit, bar, ok } of figures)
    t.true(ok, `${name}: ${value} ${unit}, at most ${bar}`);
  for (const name of promised)
    t.true(
      figures.some((one) => one.bar !== null && name.test(one.name)),
      `${name.source} has a bar`,
    );
  t.log(figures.map(({ name, value, unit, bar }) => `${name}: ${value} ${unit} of ${bar}`).join('\n'));
});
