// The bytes of an object as the API server must get them. It reads a server-side apply as YAML, and a YAML reader drops
// or refuses some characters that JSON holds as they are (measured: U+0085, U+2028 and U+2029 become line folds; DEL,
// C1 controls, U+FFFE and U+FFFF are refused). Those are written as escapes; every other object, which is nearly all
// of them, goes out byte for byte. PURE. Called by apply.ts.

/** Same JSON value; the very same bytes unless such a character occurs. */
export function wireBytes(bytes: Uint8Array): Uint8Array {
  if (!bytes.some((byte) => byte >= firstSuspect)) return bytes;
  const text = new TextDecoder().decode(bytes);
  if (!unsafe.test(text)) return bytes;
  // In JSON they stand inside strings only, so an escape means the same.
  return new TextEncoder().encode(text.replaceAll(everyUnsafe, escape));
}

const firstSuspect = 0x7f;
const unsafe = /[\u007f-\u009f\u2028\u2029\ufffe\uffff]/;
const everyUnsafe = new RegExp(unsafe, 'g');

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
