// The system clock: durations are real ones, and a signal ends a sleep at once.

import test from 'ava';
import { systemClock } from '../../daemon/clock.ts';

test('a sleep lasts at least as long as asked, on the monotonic clock', async (t) => {
  const before = systemClock.monotonic();
  await systemClock.sleep(30);
  // Timers count whole milliseconds.
  t.true(systemClock.monotonic() - before >= 29);
});

test('an aborted sleep rejects at once with the reason of its signal', async (t) => {
  const reason = new Error('enough');
  const abort = new AbortController();
  const before = systemClock.monotonic();
  const asleep = systemClock.sleep(60_000, abort.signal);
  abort.abort(reason);
  t.is(await t.throwsAsync(asleep), reason);
  t.is(await t.throwsAsync(systemClock.sleep(60_000, abort.signal)), reason);
  t.true(systemClock.monotonic() - before < 1_000);
});

test('a sleep longer than a timer can hold does not end at once', async (t) => {
  const abort = new AbortController();
  const asleep = systemClock.sleep(2 ** 33, abort.signal);
  const first = await Promise.race([
    asleep.then(() => 'slept'),
    systemClock.sleep(20).then(() => 'still asleep'),
  ]);
  t.is(first, 'still asleep');
  abort.abort(new Error('enough'));
  await t.throwsAsync(asleep, { message: 'enough' });
});

test('now is the wall clock', (t) => {
  t.true(Math.abs(systemClock.now() - Date.now()) < 1_000);
});
