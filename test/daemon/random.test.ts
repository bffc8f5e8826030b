// Ids have the form and the order that RFC 9562 gives them; the system's numbers stay in their range.

import test from 'ava';
import fc from 'fast-check';
import { systemRandom, uuid7 } from '../../daemon/random.ts';

test('an id is the published example for its time and bits', (t) => {
  // RFC 9562, appendix A.6: 2022-02-22 19:22:22 UTC, rand_a 0xcc3, rand_b 0x18c4dc0c0c07398f.
  const bits = Buffer.from('0cc318c4dc0c0c07398f', 'hex');
  t.is(uuid7(1_645_557_742_000, bits), '017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
});

test('ids have version 7 and variant 10 whatever the bits, and are ordered by time', (t) => {
  const time = fc.integer({ min: 0, max: 2 ** 48 - 2 });
  const bits = fc.uint8Array({ minLength: 10, maxLength: 10 });
  fc.assert(
    fc.property(time, bits, bits, (ms, a, b) => {
      t.regex(uuid7(ms, a), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      t.true(uuid7(ms, a) < uuid7(ms + 1, b));
    }),
  );
});

test('system randomness gives numbers in [0, 1), as many bytes as asked, and ids that differ', (t) => {
  const random = systemRandom({ now: () => 5, monotonic: () => 0, sleep: async () => undefined });
  const numbers = Array.from({ length: 1_000 }, () => random.next());
  t.true(numbers.every((number) => number >= 0 && number < 1));
  t.true(Math.max(...numbers) > 0.9 && Math.min(...numbers) < 0.1);
  t.is(random.bytes(33).length, 33);
  t.is(new Set(Array.from({ length: 1_000 }, () => random.uuid7())).size, 1_000);
  t.true(random.uuid7().startsWith('00000000-0005-7'));
});
