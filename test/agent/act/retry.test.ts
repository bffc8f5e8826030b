// How long a failed object waits: bounded, growing, scattered, and not at all when the cluster as a whole is meant.
import test from 'ava';
import fc from 'fast-check';
import { endsBatch, fightDelayMs, isOutage, objectDelayMs } from '../../../agent/act/retry.ts';
import { type ErrorCode, errors } from '../../../proto/errors.ts';

test('refusals: soon at first, then hardly ever', (t) => {
  t.deepEqual(
    [1, 2, 3, 4, 5, 9].map((count) => objectDelayMs('OBJECT_REFUSED', count, 1)),
    [1_000, 4_000, 16_000, 64_000, 256_000, 300_000],
  );
});

test('a kind that is not there yet is asked for again at once', (t) => {
  t.is(objectDelayMs('NOT_FOUND', 1, 0), 125);
});

test('failures of the cluster hold back no object', (t) => {
  for (const code of ['CLUSTER_UNREACHABLE', 'CLUSTER_UNAUTHENTICATED', 'CLUSTER_BUSY'] as const) {
    t.is(objectDelayMs(code, 1, 0), null);
    t.true(isOutage(code) && endsBatch(code));
  }
  t.deepEqual([isOutage('CLUSTER_FAILING'), endsBatch('CLUSTER_FAILING')], [false, true]);
  t.deepEqual([isOutage('CLUSTER_FORBIDDEN'), endsBatch('CLUSTER_FORBIDDEN')], [false, false]);
});

test('whatever fails however often waits between an eighth of a second and five minutes', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom(...(Object.keys(errors) as ErrorCode[])),
      fc.integer({ min: 1, max: 1e6 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (code, count, uniform) => {
        const delayMs = objectDelayMs(code, count, uniform);
        t.true(delayMs === null || (delayMs >= 125 && delayMs <= 300_000));
      },
    ),
  );
});

test('three repairs in a row are free, then the pauses double', (t) => {
  t.deepEqual(
    [1, 2, 3, 4, 5, 6, 20].map((count) => fightDelayMs(count, 1)),
    [null, null, null, 1_000, 2_000, 4_000, 300_000],
  );
});
