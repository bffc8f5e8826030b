// Randomness as an argument, so that a simulation can be repeated from a seed. `systemRandom` is the
// only one fit for secrets and ids; keys and tokens take `bytes`, delays take `next`.

import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';

export interface Random {
  /** Uniform in [0, 1), 32 bits fine; for delays and choices, never for secrets. */
  next(): number;
  bytes(count: number): Uint8Array;
  /** A time-ordered id (RFC 9562, version 7), lower case with hyphens. */
  uuid7(): string;
}

/** The machine's own randomness; `clock` gives the time part of ids. */
export function systemRandom(clock: Clock): Random {
  return {
    next: () => randomBytes(4).readUInt32BE() / 2 ** 32,
    bytes: (count) => new Uint8Array(randomBytes(count)),
    uuid7: () => uuid7(clock.now(), randomBytes(10)),
  };
}

/** RFC 9562 section 5.7: 48 bits of milliseconds, then 74 of the 80 given random bits. */
export function uuid7(nowMs: number, random: Uint8Array): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes.set(random.subarray(0, 10), 6);
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
