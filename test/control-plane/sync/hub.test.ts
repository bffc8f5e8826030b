// Who holds the place of a site, and what happens when two want it.

import test from 'ava';
import { createHub, type OpenSession } from '../../../control-plane/sync/hub.ts';
import { createLog, silentLog } from '../../../daemon/log.ts';
import { manualClock } from '../../support/manual-clock.ts';

function session(retired: number[]): OpenSession {
  return { wake: () => undefined, retire: (ms) => void retired.push(ms), refuse: () => undefined };
}

test('two machines with one identity take turns ever more slowly, and a quiet while forgets it', async (t) => {
  const clock = manualClock();
  const hub = createHub(clock, silentLog);
  const told: number[] = [];
  hub.join('a', session(told));
  for (let turn = 0; turn < 8; turn += 1) {
    hub.join('a', session(told));
    await clock.advance(told.at(-1) ?? 0);
  }
  t.deepEqual(told, [0, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  hub.join('b', session(told));
  hub.join('b', session(told));
  t.is(told.at(-1), 0, 'another site has nothing to do with it');
  await clock.advance(5 * 60_000);
  hub.join('a', session(told));
  t.is(told.at(-1), 0);
});

test('it is said in the log when two machines seem to have one identity', async (t) => {
  const clock = manualClock();
  const lines: string[] = [];
  const hub = createHub(clock, createLog({ level: 'warn', write: (line) => void lines.push(line) }));
  for (let turn = 0; turn < 3; turn += 1) hub.join('a', session([]));
  t.deepEqual(lines, [], 'a line that broke twice is nothing');
  hub.join('a', session([]));
  t.is(lines.length, 1);
  t.regex(lines[0] ?? '', /"site":"a".*one identity/);
});

test('a site that ended its stream before it comes again is never told to wait', (t) => {
  const hub = createHub(manualClock(), silentLog);
  const told: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    const one = session(told);
    hub.join('a', one);
    hub.leave('a', one);
  }
  t.deepEqual(told, []);
});
