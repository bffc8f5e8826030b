// Keys and certificates are checked before they are used, and no error repeats a key.

import 'reflect-metadata';
import { createHash, generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import test from 'ava';
import { errorChain, isDaemonError } from '../../daemon/errors.ts';
import {
  certificateFacts,
  fingerprint,
  isIssuedBy,
  readAuthorities,
  readIdentity,
} from '../../daemon/tls.ts';
import { scratch } from '../support/scratch.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const notBefore = new Date('2026-01-01T00:00:00Z');
const notAfter = new Date('2026-01-08T00:00:00Z');

async function keyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function keyPem({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', privateKey);
  return `-----BEGIN PRIVATE KEY-----\n${Buffer.from(der).toString('base64')}\n-----END PRIVATE KEY-----\n`;
}

async function world(): Promise<{ ca: string; otherCa: string; leaf: string; key: string }> {
  const [caKeys, otherKeys, leafKeys] = await Promise.all([keyPair(), keyPair(), keyPair()]);
  const authority = (keys: webcrypto.CryptoKeyPair): Promise<{ toString(format: 'pem'): string }> =>
    X509CertificateGenerator.createSelfSigned({
      name: 'CN=Test CA',
      keys,
      notBefore,
      notAfter,
      signingAlgorithm: algorithm,
      extensions: [new BasicConstraintsExtension(true)],
    });
  const leaf = await X509CertificateGenerator.create({
    subject: 'CN=leaf',
    issuer: 'CN=Test CA',
    publicKey: leafKeys.publicKey,
    signingKey: caKeys.privateKey,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    extensions: [
      new SubjectAlternativeNameExtension([
        { type: 'url', value: 'spiffe://test/one' },
        { type: 'dns', value: 'localhost' },
      ]),
    ],
  });
  const [ca, otherCa] = await Promise.all([authority(caKeys), authority(otherKeys)]);
  return {
    ca: ca.toString('pem'),
    otherCa: otherCa.toString('pem'),
    leaf: leaf.toString('pem'),
    key: await keyPem(leafKeys),
  };
}

function files(
  t: { teardown(fn: () => void): void },
  contents: Record<string, string>,
): (name: string) => string {
  const folder = scratch(t);
  for (const [name, content] of Object.entries(contents))
    writeFileSync(join(folder, name), content, { mode: 0o600 });
  return (name) => join(folder, name);
}

test('a key and its certificate are read with the facts that a caller decides by', async (t) => {
  const { leaf, key, ca } = await world();
  const at = files(t, { 'leaf.pem': `${leaf}\n${ca}`, 'key.pem': key });
  const identity = await readIdentity(at('leaf.pem'), at('key.pem'));
  t.is(identity.key, key);
  t.deepEqual(identity.leaf, {
    fingerprint: `sha256:${createHash('sha256').update(new X509Certificate(leaf).raw).digest('hex')}`,
    subject: 'CN=leaf',
    alternativeNames: ['URI:spiffe://test/one', 'DNS:localhost'],
    notBeforeMs: notBefore.getTime(),
    notAfterMs: notAfter.getTime(),
    isAuthority: false,
  });
  t.is(identity.leaf.fingerprint, fingerprint(new X509Certificate(leaf).raw));
  t.deepEqual(
    certificateFacts(identity.cert, 'leaf.pem').map(({ isAuthority }) => isAuthority),
    [false, true],
  );
});

test('what does not belong together, cannot be read or is open to all is refused by name, without its content', async (t) => {
  const { leaf } = await world();
  const other = await keyPem(await keyPair());
  const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  const brokenKey = '-----BEGIN PRIVATE KEY-----\nhunter2hunter2hunter2\n-----END PRIVATE KEY-----\n';
  const brokenCert = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const at = files(t, {
    leaf,
    other,
    ed25519: String(ed25519),
    brokenKey,
    brokenCert,
    empty: '',
    open: other,
  });
  chmodSync(at('open'), 0o644);
  const refusals: [string, string, string, RegExp][] = [
    ['leaf', 'other', 'tls-invalid', /the key in .*other does not belong to the certificate in .*leaf/],
    ['leaf', 'ed25519', 'tls-invalid', /does not belong/],
    ['leaf', 'brokenKey', 'tls-invalid', /brokenKey holds no private key that can be read/],
    ['brokenCert', 'other', 'tls-invalid', /brokenCert holds a certificate that cannot be read/],
    ['empty', 'other', 'tls-invalid', /empty holds no certificate/],
    ['leaf', 'open', 'tls-invalid', /open is open to every user/],
    ['leaf', 'none', 'path-unreadable', /none/],
  ];
  for (const [cert, key, kind, pattern] of refusals) {
    const error = await t.throwsAsync(readIdentity(at(cert), at(key)), { message: pattern });
    t.true(isDaemonError(error) && error.kind === kind, errorChain(error));
    t.notRegex(errorChain(error), /hunter2/);
  }
});

test('authorities must be authorities', async (t) => {
  const { ca, otherCa, leaf } = await world();
  const at = files(t, { both: `${ca}${otherCa}`, mixed: `${ca}${leaf}`, empty: 'no certificate' });
  t.is(await readAuthorities(at('both')), `${ca}${otherCa}`);
  t.true(isDaemonError(await t.throwsAsync(readAuthorities(at('mixed'))), 'tls-invalid'));
  t.true(isDaemonError(await t.throwsAsync(readAuthorities(at('empty'))), 'tls-invalid'));
});

test('who issued a certificate is a matter of signatures, not of names', async (t) => {
  const { ca, otherCa, leaf } = await world();
  t.true(isIssuedBy(leaf, ca));
  t.true(isIssuedBy(leaf, `${otherCa}${ca}`));
  t.false(isIssuedBy(leaf, otherCa), 'the same name with another key');
  t.false(isIssuedBy(leaf, leaf));
  t.false(isIssuedBy('', ca));
});
