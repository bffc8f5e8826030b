// Randomness that is the same for the same seed, for simulations and property tests. Not for secrets.

import type { Clock } from '../../daemon/clock.ts';
import { type Random, uuid7 } from '../../daemon/random.ts';

/** mulberry32: 32 bits of state, good enough to spread delays and ids. */
export function seededRandom(seed: number, clock: Pick<Clock, 'now'> = { now: () => 0 }): Random {
  let state = seed >>> 0;
  const next32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => next32() & 0xff);
  return { next: () => next32() / 2 ** 32, bytes, uuid7: () => uuid7(clock.now(), bytes(10)) };
}
