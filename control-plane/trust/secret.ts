// Secrets that we hand out once and keep only as hashes: join tokens and operator tokens. PURE but for its Random.
// They are 32 random bytes, so a plain sha256 is enough: there is nothing to guess. Called by enrolment, the API and init.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Random } from '../../daemon/random.ts';

/** A secret to hand out, and what is stored of it. */
export interface NewSecret {
  readonly secret: string;
  readonly hash: string;
}

const secretBytes = 32;

/** `prefix` tells people what they have found when one turns up somewhere. */
export function newSecret(random: Random, prefix: 'join' | 'operator'): NewSecret {
  const secret = `tre-${prefix}-${Buffer.from(random.bytes(secretBytes)).toString('base64url')}`;
  return { secret, hash: hashOf(secret) };
}

/** What is stored of a secret. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}

/** Compares two hashes in constant time. */
export function sameHash(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one, 'hex'), Buffer.from(other, 'hex')];
  return a.length === b.length && timingSafeEqual(a, b);
}
