// Delays stay within their bounds for every history, spread evenly, and forget only after a stable time.

import test from 'ava';
import fc from 'fast-check';
import {
  afterFailure,
  afterSuccess,
  type BackoffState,
  createBackoff,
  delayMs,
  noFailures,
  defaultBackoffPolicy as policy,
} from '../../daemon/backoff.ts';
import { manualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';

const uniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function failing(times: number): BackoffState {
  return Array.from({ length: times }).reduce<BackoffState>(
    (state) => afterFailure(policy, state, 0),
    noFailures,
  );
}

test('the delay after n failures is below base * 2^(n-1) and never above the cap', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), uniform, (failures, number) => {
      const delay = delayMs(policy, failing(failures), number);
      t.true(delay >= 0 && delay < Math.min(1_000 * 2 ** (failures - 1), 120_000) && Number.isInteger(delay));
    }),
    { numRuns: 50 },
  );
});

test('a minimum that the peer gave is kept, and spread by the same jitter', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), uniform, fc.nat(600_000), (failures, number, minimumMs) => {
      const delay = delayMs(policy, failing(failures), number, minimumMs);
      t.true(delay >= minimumMs && delay < minimumMs + 120_000);
      t.is(delay - minimumMs, delayMs(policy, failing(failures), number));
    }),
    { numRuns: 50 },
  );
});

test('full jitter: the delays of many peers fill the whole range evenly', (t) => {
  const random = seededRandom(7);
  const tenths = Array.from({ length: 10 }, () => 0);
  for (let peer = 0; peer < 10_000; peer += 1) {
    const tenth = Math.floor(delayMs(policy, failing(20), random.next()) / 12_000);
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
  }
  t.true(
    tenths.every((count) => count > 850 && count < 1_150),
    String(tenths),
  );
});

test('a success is forgiven only after a stable time without failure', (t) => {
  const good = afterSuccess(failing(6), 1_000);
  t.is(afterFailure(policy, good, 1_000 + policy.stableMs - 1).failures, 7);
  t.is(afterFailure(policy, good, 1_000 + policy.stableMs).failures, 1);
  t.is(
    afterFailure(policy, afterSuccess(good, 500_000), 1_000 + policy.stableMs).failures,
    1,
    'later successes do not restart the time',
  );
});

test('a kept backoff counts failures, and a stepped wall clock does not matter', async (t) => {
  const clock = manualClock();
  const backoff = createBackoff({ clock, random: { ...seededRandom(1), next: () => 0.999999 } });
  t.deepEqual(
    [1, 2, 3, 4].map(() => backoff.failed()),
    [999, 1_999, 3_999, 7_999],
  );
  backoff.succeeded();
  clock.jump(86_400_000);
  t.is(backoff.failed(), 15_999);
  backoff.succeeded();
  await clock.advance(600_000);
  t.is(backoff.failed(5_000), 5_999);
});
