// A certificate request (PKCS #10, DER) for a P-256 key, written with a few lines of DER instead of a library.
// The name in it is a courtesy to people who read requests: the control plane takes the key and nothing else.
// Called by enrol.ts.
import { createPublicKey, type KeyObject, sign } from 'node:crypto';

/** The request, signed by its own key (RFC 2986, ecdsa-with-SHA256). */
export function certificateRequest(key: KeyObject, commonName: string): Uint8Array {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const name = sequence(set(sequence(objectId(commonNameId), utf8(commonName))));
  const noAttributes = tlv(0xa0);
  const request = sequence(integer(0), name, publicKey, noAttributes);
  const signature = sign('sha256', request, { key, dsaEncoding: 'der' });
  return new Uint8Array(sequence(request, sequence(objectId(ecdsaWithSha256Id)), bitString(signature)));
}

// 2.5.4.3 and 1.2.840.10045.4.3.2, in the encoding of object identifiers.
const commonNameId = Buffer.from('550403', 'hex');
const ecdsaWithSha256Id = Buffer.from('2a8648ce3d040302', 'hex');

const sequence = (...parts: readonly Uint8Array[]) => tlv(0x30, ...parts);
const set = (...parts: readonly Uint8Array[]) => tlv(0x31, ...parts);
const objectId = (encoded: Uint8Array) => tlv(0x06, encoded);
const utf8 = (text: string) => tlv(0x0c, Buffer.from(text, 'utf8'));
const integer = (value: number) => tlv(0x02, Buffer.of(value));
const bitString = (bytes: Uint8Array) => tlv(0x03, Buffer.of(0), bytes);

/** Tag, length, value; lengths from 128 on are written with the count of their own bytes first. */
function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts);
  if (value.length < 0x80) return Buffer.concat([Buffer.of(tag, value.length), value]);
  const hex = value.length.toString(16);
  const length = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, value]);
}
