// How old the news of a site is: the limits as a table, and what holds for any two moments.

import test from 'ava';
import fc from 'fast-check';
import { contactClass, liveForMs, staleForMs } from '../../../control-plane/fleet/staleness.ts';

const now = Date.UTC(2026, 10, 23);
const leafNotAfterMs = now + 86_400_000;

const is = test.macro({
  exec(t, ageMs: number | null, leafInMs: number | null, expected: ReturnType<typeof contactClass>) {
    const contact = {
      lastContactMs: ageMs === null ? null : now - ageMs,
      leafNotAfterMs: leafInMs === null ? null : now + leafInMs,
    };
    t.is(contactClass(contact, now), expected);
  },
  title: (_, ageMs, leafInMs, expected) => `heard ${ageMs} ms ago, leaf for ${leafInMs} ms: ${expected}`,
});

test(is, 0, 1, 'live');
test(is, liveForMs, 1, 'live');
test(is, liveForMs + 1, 1, 'stale');
test(is, staleForMs, 1, 'stale');
test(is, staleForMs + 1, 1, 'offline');
test(is, null, 1, 'offline');
test(is, 0, 0, 'live');
test(is, 0, -1, 'expired');
test(is, null, null, null);
test(is, 0, null, 'live');
test(is, liveForMs + 1, null, 'stale');
test(is, staleForMs + 1, null, 'offline');
test(is, -liveForMs, 1, 'live');
test(is, -liveForMs - 1, 1, 'stale');
test(is, -staleForMs - 1, 1, 'offline');

test('news only gets older: waiting never makes a site livelier', (t) => {
  const order = ['live', 'stale', 'offline', 'expired'];
  fc.assert(
    fc.property(fc.nat(2 * 86_400_000), fc.nat(2 * 86_400_000), (one, other) => {
      const contact = { lastContactMs: now, leafNotAfterMs };
      const [early, late] = [Math.min(one, other), Math.max(one, other)];
      const rank = (ms: number) => order.indexOf(contactClass(contact, now + ms) ?? '');
      return rank(early) <= rank(late);
    }),
  );
  t.pass();
});

test('nothing is live on news older than three heartbeats', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: liveForMs + 1, max: 10 ** 12 }), (ageMs) => {
      return contactClass({ lastContactMs: now - ageMs, leafNotAfterMs: now + 1 }, now) !== 'live';
    }),
  );
  t.pass();
});
