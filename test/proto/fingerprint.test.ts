// Six words from a key: the published proquint vectors, and what people type.

import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { fingerprintOf, normaliseFingerprint } from '../../proto/fingerprint.ts';

test('words are proquints of the first 96 bits of the digest', (t) => {
  // 127.0.0.1 is lusab-babad in the paper; the decoder here is written from its table, not from ours.
  t.is(decode('lusab'), 0x7f00);
  t.is(decode('babad'), 0x0001);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (key) => {
      const digest = createHash('sha256').update(key).digest();
      const words = fingerprintOf(key).split('-');
      return (
        words.length === 6 && words.every((word, index) => decode(word) === digest.readUInt16BE(index * 2))
      );
    }),
  );
});

test('what people type is the same: case, blanks, hyphens', (t) => {
  const words = fingerprintOf(new Uint8Array([1]));
  t.is(normaliseFingerprint(`  ${words.toUpperCase().replaceAll('-', '  ')}\n`), words);
});

function decode(word: string): number {
  let bits = 0;
  for (const letter of word) {
    const consonant = 'bdfghjklmnprstvz'.indexOf(letter);
    bits = consonant >= 0 ? (bits << 4) | consonant : (bits << 2) | 'aiou'.indexOf(letter);
  }
  return bits;
}
