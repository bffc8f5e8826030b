// The six words that two people compare when a machine joins: one reads them on site, the other sees them at the control
// plane. PURE. Made from the device key alone, so both ends compute them for themselves. The words are proquints
// (arXiv:0901.4016): 16 bits each, consonant-vowel-consonant-vowel-consonant, made to be read aloud; 96 bits in all.
import { createHash } from 'node:crypto';

const consonants = 'bdfghjklmnprstvz';
const vowels = 'aiou';
const wordCount = 6;

/** Six words joined by hyphens, from the device key as SubjectPublicKeyInfo (DER). */
export function fingerprintOf(devicePublicKey: Uint8Array): string {
  const digest = createHash('sha256').update(devicePublicKey).digest();
  return Array.from({ length: wordCount }, (_, index) => wordOf(digest.readUInt16BE(index * 2))).join('-');
}

/** The same words as they may be typed: any case, hyphens or blanks between them. */
export function normaliseFingerprint(typed: string): string {
  return typed
    .trim()
    .toLowerCase()
    .split(/[\s-]+/)
    .join('-');
}

function wordOf(bits: number): string {
  const letters = [
    consonants[bits >> 12],
    vowels[(bits >> 10) & 3],
    consonants[(bits >> 6) & 15],
    vowels[(bits >> 4) & 3],
    consonants[bits & 15],
  ];
  return letters.join('');
}
