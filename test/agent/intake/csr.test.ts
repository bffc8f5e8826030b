// The request that we write by hand is one that others can read and whose signature they accept.
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import 'reflect-metadata';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { certificateRequest } from '../../../agent/intake/csr.ts';
import { systemExec } from '../../../daemon/exec.ts';
import { scratch } from '../../support/scratch.ts';

const name = '019aaf00-0000-7000-8000-000000000001';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

test('another library reads the name and the key, and finds the signature right', async (t) => {
  const request = new Pkcs10CertificateRequest(Uint8Array.from(certificateRequest(privateKey, name)));
  t.is(request.subject, `CN=${name}`);
  t.deepEqual(Buffer.from(request.publicKey.rawData), publicKey.export({ type: 'spki', format: 'der' }));
  t.true(await request.verify());
});

test('a changed byte is noticed', async (t) => {
  const bytes = Uint8Array.from(certificateRequest(privateKey, name));
  const at = Buffer.from(bytes).indexOf(name);
  bytes[at] = 'x'.charCodeAt(0);
  t.false(await new Pkcs10CertificateRequest(bytes).verify());
});

test('OpenSSL finds it right, also with a name longer than 127 bytes', async (t) => {
  const file = join(scratch(t), 'request.der');
  writeFileSync(file, certificateRequest(privateKey, 'n'.repeat(200)));
  const exec = systemExec(process.env);
  const openssl = exec.run('openssl', ['req', '-in', file, '-inform', 'DER', '-verify', '-noout']);
  const result = await openssl.catch(() => undefined);
  // Without openssl on the machine the other tests stand for it.
  t.is(result?.code ?? 0, 0, result?.stderr);
});
