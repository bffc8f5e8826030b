// DSSE: Ed25519 signatures over exact bytes, with a threshold of distinct keys.
// Key ids in an envelope are hints for people and never trusted: a signature counts for the key that verifies it,
// and the same key counts once. Nothing is parsed before its bytes are verified. Used by both sides and by authors.
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { list, struct, text } from './shape.ts';
import { readJson } from './strict-json.ts';

/** One signature. `sig` is base64 of the 64 bytes. */
export interface Signature {
  readonly keyid: string;
  readonly sig: string;
}

/** Signed bytes that travel with what they sign. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly Signature[];
}

/** Signatures that travel apart from what they sign; `digest` says what that is. */
export interface DetachedSignatures {
  readonly payloadType: string;
  readonly digest: string;
  readonly signatures: readonly Signature[];
}

/** A key that may sign, by its raw 32 bytes in base64. */
export interface PublicKey {
  readonly name: string;
  readonly key: string;
}

export const payloadTypes = {
  release: 'application/vnd.tre.release.v1+json',
  desired: 'application/vnd.tre.desired.v1+json',
} as const;

const maxSignatures = 32;
const base64Form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const signature = struct<{ keyid: string; sig: string }>({
  keyid: text({ maxLength: 128 }),
  sig: text({ maxLength: 88, form: base64Form, what: 'a base64 signature' }),
});
const signatureList = list(signature, maxSignatures);
const envelopeShape = struct({
  payloadType: text({ maxLength: 128 }),
  payload: text({ maxLength: 16 * 1024 * 1024, form: base64Form, what: 'base64' }),
  signatures: signatureList,
});
const detachedShape = struct({
  payloadType: text({ maxLength: 128 }),
  digest: text({ maxLength: 71 }),
  signatures: signatureList,
});

/** `sha256:<hex>` of bytes: how all content is named. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The bytes that are signed (DSSE v1, pre-authentication encoding). */
export function signedBytes(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType, 'utf8');
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} ${payloadType} ${payload.byteLength} `, 'utf8'),
    payload,
  ]);
}

/** The id of a key: sha256 of its raw 32 bytes. */
export function keyIdOf(publicKey: PublicKey): string {
  return digestOf(Buffer.from(publicKey.key, 'base64'));
}

/** The public half of an Ed25519 key. Throws TypeError for any other kind of key. */
export function publicKeyOf(name: string, key: KeyObject): PublicKey {
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('not an Ed25519 key');
  const { x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  return { name, key: Buffer.from(x ?? '', 'base64url').toString('base64') };
}

/** Signs bytes with an Ed25519 private key. */
export function signPayload(key: KeyObject, payloadType: string, payload: Uint8Array): Signature {
  const raw = sign(null, signedBytes(payloadType, payload), key);
  return { keyid: keyIdOf(publicKeyOf('', key)), sig: raw.toString('base64') };
}

/** The names of the distinct keys that signed these bytes. The caller compares their number with its threshold. */
export function verifiedSigners(
  keys: readonly PublicKey[],
  signed: {
    readonly payloadType: string;
    readonly payload: Uint8Array;
    readonly signatures: readonly Signature[];
  },
): readonly string[] {
  const bytes = signedBytes(signed.payloadType, signed.payload);
  // By id: the same 32 bytes have more than one spelling in base64.
  const distinct = new Map(keys.map((key) => [keyIdOf(key), key]));
  return [...distinct.values()]
    .filter((key) => signed.signatures.slice(0, maxSignatures).some((one) => verifies(key, bytes, one)))
    .map((key) => key.name);
}

/** Envelope -> bytes (DSSE JSON). */
export function encodeEnvelope(envelope: Envelope): Buffer {
  const { payloadType, payload, signatures } = envelope;
  return Buffer.from(
    JSON.stringify({ payloadType, payload: Buffer.from(payload).toString('base64'), signatures }),
    'utf8',
  );
}

/** Bytes -> envelope. Throws JsonRefused or ShapeRefused; the payload is not parsed and not yet trusted. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const { payloadType, payload, signatures } = envelopeShape(readJson(bytes), '');
  return { payloadType, payload: Buffer.from(payload, 'base64'), signatures };
}

/** Detached signatures -> bytes (JSON). */
export function encodeSignatures(detached: DetachedSignatures): Buffer {
  return Buffer.from(`${JSON.stringify(detached, undefined, 2)}\n`, 'utf8');
}

/** Bytes -> detached signatures. Throws JsonRefused or ShapeRefused. */
export function decodeSignatures(bytes: Uint8Array): DetachedSignatures {
  return detachedShape(readJson(bytes), '');
}

function verifies(key: PublicKey, bytes: Uint8Array, one: Signature): boolean {
  const x = Buffer.from(key.key, 'base64').toString('base64url');
  const object = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } });
  return verify(null, bytes, object, Buffer.from(one.sig, 'base64'));
}
