// Certificates as OpenSSL (inside Node) reads them: names, uses, lifetimes, and who signed.

import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { createAuthority, openAuthority, siteLeafLifeMs } from '../../../control-plane/trust/authority.ts';
import { digestOf } from '../../../proto/envelope.ts';
import { makeCsr } from '../../support/agent-client.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { scratch } from '../../support/scratch.ts';

const hourMs = 3_600_000;
const siteId = '019aaf00-0000-7000-8000-000000000001';

async function authorityFor(t: Parameters<typeof scratch>[0]) {
  const folder = scratch(t);
  const clock = manualClock();
  await createAuthority(folder, clock);
  return { folder, clock, authority: await openAuthority(folder, { clock, domain: 'tre.example' }) };
}

test('the CA signs itself, may sign leaves and no other CA, and its key is private', async (t) => {
  const { folder, authority } = await authorityFor(t);
  const ca = new X509Certificate(authority.caPem);
  t.true(ca.ca);
  t.true(ca.verify(ca.publicKey));
  t.is(authority.caDigest, digestOf(ca.raw));
  t.is(statSync(join(folder, 'ca-key.pem')).mode & 0o777, 0o600);
  t.is(readFileSync(join(folder, 'ca.pem'), 'utf8'), authority.caPem);
});

test('a leaf names its site by URI alone and lives seven days, backdated an hour', async (t) => {
  const { authority, clock } = await authorityFor(t);
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const csr = await makeCsr(pair.privateKey, pair.publicKey);
  const leaf = await authority.issueSiteLeaf({ csr, siteId, agent: 3 });
  const certificate = new X509Certificate(leaf?.der ?? new Uint8Array());
  t.is(certificate.subjectAltName, `URI:spiffe://tre.example/site/${siteId}/agent/3`);
  t.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'], 'client authentication only');
  t.false(certificate.ca);
  t.is(certificate.validFromDate.getTime(), clock.now() - hourMs);
  t.is(certificate.validToDate.getTime(), clock.now() + siteLeafLifeMs);
  t.is(leaf?.notAfterMs, certificate.validToDate.getTime());
  t.is(leaf?.fingerprint, digestOf(certificate.raw));
  t.true(certificate.checkIssued(new X509Certificate(authority.caPem)));
  t.true(certificate.verify(new X509Certificate(authority.caPem).publicKey));
  t.true(certificate.checkPrivateKey(pair.privateKey));
});

test('a request that is damaged, unsigned or for another kind of key gets no leaf', async (t) => {
  const { authority } = await authorityFor(t);
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const csr = await makeCsr(pair.privateKey, pair.publicKey);
  const damaged = csr.with(csr.length - 1, (csr.at(-1) ?? 0) ^ 1);
  for (const bytes of [damaged, csr.subarray(0, 40), new Uint8Array(), new Uint8Array([0x30, 0x80])]) {
    t.is(await authority.issueSiteLeaf({ csr: bytes, siteId, agent: 1 }), undefined);
  }
});

test('our listeners show a leaf for every name that they are reached by, and the CA with it', async (t) => {
  const { authority } = await authorityFor(t);
  const { chain, key } = await authority.issueServerIdentity(['tre.example', '192.0.2.7', 'localhost']);
  const [leaf, ca] = chain.match(/-----BEGIN[^]*?-----END CERTIFICATE-----/g) ?? [];
  const certificate = new X509Certificate(leaf ?? '');
  t.is(digestOf(new X509Certificate(ca ?? '').raw), authority.caDigest);
  t.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'server authentication only');
  for (const host of ['localhost', 'tre.example']) t.truthy(certificate.checkHost(host), host);
  for (const ip of ['127.0.0.1', '::1', '192.0.2.7']) t.truthy(certificate.checkIP(ip), ip);
  t.true(key.includes('PRIVATE KEY'));
});
