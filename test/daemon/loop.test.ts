// The laws of the single-flight loop, over random histories of triggers, failures and slow runs, and its stop.

import test from 'ava';
import fc from 'fast-check';
import { createBackoff } from '../../daemon/backoff.ts';
import { createLoop, type Loop } from '../../daemon/loop.ts';
import { type ManualClock, manualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';

const intervalMs = 30_000;

interface Rig {
  readonly clock: ManualClock;
  readonly loop: Loop;
  /** Every begin, end, trigger and failure, in order. */
  readonly events: string[];
  readonly retries: number[];
}

function rig(run: (signal: AbortSignal, clock: ManualClock) => Promise<void>): Rig {
  const clock = manualClock();
  const events: string[] = [];
  const retries: number[] = [];
  const loop = createLoop({
    intervalMs,
    clock,
    backoff: createBackoff({ clock, random: seededRandom(3) }),
    onError: (_error, retryInMs) => retries.push(retryInMs),
    run: async (signal) => {
      events.push('begin');
      try {
        await run(signal, clock);
      } finally {
        events.push('end');
      }
    },
  });
  return { clock, loop, events, retries };
}

const history = fc.record({
  actions: fc.array(fc.oneof(fc.constant('trigger' as const), fc.nat(40_000)), { maxLength: 30 }),
  runs: fc.array(fc.record({ lastsMs: fc.nat(20_000), fails: fc.boolean() }), {
    minLength: 1,
    maxLength: 20,
  }),
});

test('never two runs at once, and every trigger is followed by a run that began after it', async (t) => {
  await fc.assert(
    fc.asyncProperty(history, async ({ actions, runs }) => {
      let nth = 0;
      const { clock, loop, events } = rig(async (signal, time) => {
        const { lastsMs = 0, fails = false } = runs[nth++] ?? {};
        await time.sleep(lastsMs, signal);
        if (fails) throw new Error('failed');
      });
      for (const action of actions) {
        if (action === 'trigger') {
          events.push('trigger');
          loop.trigger();
        } else await clock.advance(action);
      }
      await clock.advance(intervalMs * (runs.length + 2));
      t.true(events.lastIndexOf('begin') > events.lastIndexOf('trigger'));
      const ends = events.filter((event) => event !== 'trigger');
      t.true(
        ends.every((event, index) => event === (index % 2 === 0 ? 'begin' : 'end')),
        ends.join(' '),
      );
      await loop.stop();
    }),
    { numRuns: 60 },
  );
});

test('without triggers it runs once per interval, counted from the end of a run', async (t) => {
  const { clock, loop, events } = rig((signal, time) => time.sleep(1_000, signal));
  await clock.advance(intervalMs - 1);
  t.is(events.length, 0);
  await clock.advance(1);
  t.deepEqual(events, ['begin']);
  await clock.advance(1_000 + intervalMs - 1);
  t.deepEqual(events, ['begin', 'end']);
  await clock.advance(1);
  t.is(events.length, 3);
  await loop.stop();
});

test('triggers during a run merge into one more run', async (t) => {
  const { clock, loop, events } = rig((signal, time) => time.sleep(1_000, signal));
  loop.trigger();
  await clock.advance(500);
  for (let count = 0; count < 10; count += 1) loop.trigger();
  await clock.advance(5_000);
  t.deepEqual(events, ['begin', 'end', 'begin', 'end']);
  await loop.stop();
});

test('a failing run is retried with growing delays of at most the interval, which triggers do not shorten', async (t) => {
  const { clock, loop, retries, events } = rig(() => Promise.reject(new Error('no')));
  loop.trigger();
  await clock.advance(0);
  const [first = 0] = retries;
  loop.trigger();
  await clock.advance(first - 1);
  t.is(events.filter((event) => event === 'begin').length, 1);
  await clock.advance(3_600_000);
  t.true(retries.length >= 3_600_000 / intervalMs);
  t.true(Math.max(...retries) <= intervalMs && Math.max(...retries.slice(0, 3)) <= 4_000);
  await loop.stop();
});

test('idle waits for the run that was asked for, and for the retry of a failed one', async (t) => {
  let failures = 2;
  const { clock, loop, events } = rig(async () => {
    if (failures-- > 0) throw new Error('not yet');
  });
  await loop.idle();
  loop.trigger();
  let idle = false;
  const waiting = loop.idle().then(() => (idle = true));
  await clock.advance(0);
  t.false(idle);
  await clock.advance(60_000);
  await waiting;
  t.true(events.length >= 6);
  await loop.stop();
});

test('idle waits for a run that began by itself', async (t) => {
  const { clock, loop, events } = rig((signal, time) => time.sleep(1_000, signal));
  await clock.advance(intervalMs);
  const idle = loop.idle().then(() => events.push('idle'));
  await clock.advance(5_000);
  await idle;
  t.deepEqual(events, ['begin', 'end', 'idle']);
  await loop.stop();
});

test('stop aborts the run, waits for its end, begins no other and frees who waits', async (t) => {
  let reason: unknown;
  const { clock, loop, events } = rig(async (signal, time) => {
    await time.sleep(60_000, signal).catch((error: unknown) => (reason = error));
    await time.sleep(10);
  });
  loop.trigger();
  await clock.advance(1);
  loop.trigger();
  const idle = loop.idle();
  const stopped = loop.stop();
  await clock.advance(5);
  t.deepEqual(events, ['begin'], 'not over while the run cleans up');
  await clock.advance(5);
  await Promise.all([stopped, idle]);
  t.truthy(reason);
  loop.trigger();
  await clock.advance(600_000);
  t.deepEqual(events, ['begin', 'end']);
  t.is(clock.sleepers, 0, 'nothing is left waiting');
});

test('a run that fails because the loop stops is no failure', async (t) => {
  const { clock, loop, retries } = rig((signal, time) => time.sleep(60_000, signal));
  loop.trigger();
  await clock.advance(1);
  await loop[Symbol.asyncDispose]();
  t.deepEqual(retries, []);
});
