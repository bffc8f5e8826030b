// DSSE: exact bytes, distinct keys, key ids that are never trusted.
import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import {
  decodeEnvelope,
  decodeSignatures,
  encodeEnvelope,
  encodeSignatures,
  keyIdOf,
  payloadTypes,
  publicKeyOf,
  signedBytes,
  signPayload,
  verifiedSigners,
} from '../../proto/envelope.ts';
import { parseKeyset } from '../../proto/join-file.ts';

const pair = (name: string) => {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { privateKey, publicKey: publicKeyOf(name, privateKey) };
};
const [ada, bob, eve] = [pair('ada'), pair('bob'), pair('eve')];
const payload = Buffer.from('{"what":"is signed"}');
const payloadType = payloadTypes.release;
const keys = [ada.publicKey, bob.publicKey];

test('signs the pre-authentication encoding of DSSE v1', (t) => {
  t.is(
    signedBytes('http://example.com/HelloWorld', Buffer.from('hello world')).toString(),
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  );
});

test('names every distinct key that signed', (t) => {
  const signatures = [ada, bob].map((one) => signPayload(one.privateKey, payloadType, payload));
  t.deepEqual(verifiedSigners(keys, { payloadType, payload, signatures }), ['ada', 'bob']);
});

test('the same key twice counts once, also under two names or two key ids', (t) => {
  const signature = signPayload(ada.privateKey, payloadType, payload);
  const signatures = [signature, { ...signature, keyid: keyIdOf(bob.publicKey) }, signature];
  const twice = [ada.publicKey, { ...ada.publicKey, name: 'ada again' }, bob.publicKey];
  t.is(verifiedSigners(twice, { payloadType, payload, signatures }).length, 1);
});

test('the same key in another spelling of base64 counts once', (t) => {
  const { key } = ada.publicKey;
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const last = letters.indexOf(key.charAt(42));
  const other = { name: 'ada again', key: `${key.slice(0, 42)}${letters.charAt(last ^ 1)}=` };
  t.deepEqual(Buffer.from(other.key, 'base64'), Buffer.from(key, 'base64'));
  const signatures = [signPayload(ada.privateKey, payloadType, payload)];
  t.is(verifiedSigners([ada.publicKey, other], { payloadType, payload, signatures }).length, 1);
  const keyset = { type: 'tre.keyset/v1', version: 1, threshold: 2, keys: [ada.publicKey, other] };
  t.throws(() => parseKeyset(Buffer.from(JSON.stringify(keyset))), { message: /at most 1/ });
});

test('a key that is not in the set, another payload type or other bytes count for nothing', (t) => {
  const by = (one: typeof ada, type = payloadType, bytes: Buffer = payload) => [
    signPayload(one.privateKey, type, bytes),
  ];
  t.deepEqual(verifiedSigners(keys, { payloadType, payload, signatures: by(eve) }), []);
  t.deepEqual(
    verifiedSigners(keys, { payloadType, payload, signatures: by(ada, payloadTypes.desired as never) }),
    [],
  );
  t.deepEqual(
    verifiedSigners(keys, { payloadType, payload, signatures: by(ada, payloadType, Buffer.from('x')) }),
    [],
  );
});

test('only the first 32 signatures are looked at', (t) => {
  const noise = Array.from({ length: 32 }, () => signPayload(eve.privateKey, payloadType, payload));
  const signatures = [...noise, signPayload(ada.privateKey, payloadType, payload)];
  t.deepEqual(verifiedSigners(keys, { payloadType, payload, signatures }), []);
});

test('one changed bit anywhere in payload or signature is noticed', (t) => {
  const signature = signPayload(ada.privateKey, payloadType, payload);
  fc.assert(
    fc.property(fc.nat(payload.length + 63), fc.nat(7), (at, bit) => {
      const bytes = Buffer.concat([payload, Buffer.from(signature.sig, 'base64')]);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
      const sig = bytes.subarray(payload.length).toString('base64');
      const signed = {
        payloadType,
        payload: bytes.subarray(0, payload.length),
        signatures: [{ ...signature, sig }],
      };
      t.deepEqual(verifiedSigners(keys, signed), []);
    }),
  );
});

test('envelopes and detached signatures survive being written', (t) => {
  const signatures = [signPayload(ada.privateKey, payloadType, payload)];
  t.deepEqual(decodeEnvelope(encodeEnvelope({ payloadType, payload, signatures })), {
    payloadType,
    payload,
    signatures,
  });
  const detached = { payloadType, digest: `sha256:${'a'.repeat(64)}`, signatures };
  t.deepEqual(decodeSignatures(encodeSignatures(detached)), detached);
});

test('an envelope with an unknown or missing key or a payload that is not base64 is refused', (t) => {
  const refuse = (text: string, message: RegExp) =>
    t.throws(() => decodeEnvelope(Buffer.from(text)), { message });
  refuse('{"payloadType":"a","payload":"","signatures":[],"more":1}', /more: expected no such key/);
  refuse('{"payloadType":"a","payload":""}', /signatures: expected a value/);
  refuse('{"payloadType":"a","payload":"%%%%","signatures":[]}', /base64/);
});

test('a key of another kind is no key', (t) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  t.throws(() => publicKeyOf('ec', privateKey), { instanceOf: TypeError });
});
