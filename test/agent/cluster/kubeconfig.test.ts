// Kubeconfigs as people and installers write them, and every one that is refused because it would weaken something.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { cachedToken } from '../../../agent/cluster/credential.ts';
import { accessInCluster, accessOfKubeconfig } from '../../../agent/cluster/kubeconfig.ts';
import { systemClock } from '../../../daemon/clock.ts';
import { type Files, systemFiles } from '../../../daemon/files.ts';
import { TreError } from '../../../proto/errors.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { scratch } from '../../support/scratch.ts';

const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const base64 = Buffer.from(pem).toString('base64');
const certificate = { 'client-certificate-data': base64, 'client-key-data': base64 };

const config = (user: object, cluster: object = {}): object => ({
  'current-context': 'here',
  contexts: [{ name: 'here', context: { cluster: 'one', user: 'me' } }],
  clusters: [
    {
      name: 'one',
      cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': base64, ...cluster },
    },
  ],
  users: [{ name: 'me', user }],
});
const read = (value: unknown, folder = '/nowhere') =>
  accessOfKubeconfig(value, { folder, files: systemFiles, clock: systemClock });
const signal = new AbortController().signal;

test('a client certificate in the file, as K3s writes it', async (t) => {
  const access = await read(config(certificate));
  t.is(access.server.href, 'https://127.0.0.1:6443/');
  t.deepEqual(
    [access.ca, access.certificate, access.credential, access.serverName],
    [pem, { cert: pem, key: pem }, null, null],
  );
});

test('certificates in files beside it', async (t) => {
  const folder = scratch(t);
  for (const name of ['ca.pem', 'me.pem', 'key.pem']) writeFileSync(join(folder, name), `${pem}${name}`);
  const user = { 'client-certificate': 'me.pem', 'client-key': join(folder, 'key.pem') };
  const access = await read(
    config(user, { 'certificate-authority-data': undefined, 'certificate-authority': 'ca.pem' }),
    folder,
  );
  t.deepEqual(
    [access.ca, access.certificate],
    [`${pem}ca.pem`, { cert: `${pem}me.pem`, key: `${pem}key.pem` }],
  );
});

test('a token, and the name that the server shows', async (t) => {
  const access = await read(config({ token: 'abc' }, { 'tls-server-name': 'kubernetes' }));
  t.is(await access.credential?.token(signal), 'abc');
  t.is(await access.credential?.renewed('abc', signal), 'abc');
  t.is(access.serverName, 'kubernetes');
});

test('another context than the current one', async (t) => {
  const value = { ...config({ token: 'abc' }), 'current-context': 'elsewhere' };
  const access = await accessOfKubeconfig(value, {
    folder: '/',
    context: 'here',
    files: systemFiles,
    clock: systemClock,
  });
  t.not(access.credential, null);
});

test('a token file is read again after a minute and after a 401, once for all who ask', async (t) => {
  const folder = scratch(t);
  const path = join(folder, 'token');
  const clock = manualClock();
  let reads = 0;
  const files: Files = { ...systemFiles, read: (name) => ((reads += 1), systemFiles.read(name)) };
  const access = await accessOfKubeconfig(config({ tokenFile: 'token' }), { folder, files, clock });
  writeFileSync(path, 'first\n');
  t.is(await access.credential?.token(signal), 'first');
  writeFileSync(path, 'second');
  t.is(await access.credential?.token(signal), 'first');
  await clock.advance(60_000);
  t.is(await access.credential?.token(signal), 'second');
  writeFileSync(path, 'third');
  reads = 0;
  const renewed = await Promise.all(
    Array.from({ length: 10 }, async () => access.credential?.renewed('second', signal)),
  );
  t.deepEqual(new Set(renewed), new Set(['third']));
  t.is(reads, 1);
});

test('a token file that is gone is told as not authenticated', async (t) => {
  const access = await accessOfKubeconfig(config({ tokenFile: 'token' }), {
    folder: scratch(t),
    files: systemFiles,
    clock: systemClock,
  });
  await t.throwsAsync(async () => access.credential?.token(signal), {
    instanceOf: TreError,
    message: /^CLUSTER_UNAUTHENTICATED/,
  });
});

test('nobody waits for ever for a token, and one that does not come is not asked for again', async (t) => {
  const clock = manualClock();
  let asked = 0;
  const { promise, resolve } = Promise.withResolvers<string>();
  const credential = cachedToken(clock, 60_000, () => ((asked += 1), promise));
  const tooLate = t.throwsAsync(credential.token(signal), { message: /^CLUSTER_UNAUTHENTICATED/ });
  await clock.advance(15_000);
  await tooLate;
  const ending = new AbortController();
  const stopped = t.throwsAsync(credential.token(ending.signal), { message: 'stop' });
  ending.abort(new Error('stop'));
  await stopped;
  const patient = credential.token(signal);
  resolve('late');
  t.is(await patient, 'late');
  t.is(asked, 1);
  await clock.advance(0);
  t.is(clock.sleepers, 0);
});

test('an exec authenticator is asked for a token', async (t) => {
  const credential = JSON.stringify({
    kind: 'ExecCredential',
    apiVersion: 'client.authentication.k8s.io/v1',
    status: { token: 'made' },
  });
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'printf',
    args: ['%s', credential],
    interactiveMode: 'Never',
  };
  const access = await read(config({ exec }));
  t.is(await access.credential?.token(signal), 'made');
  const failing = await read(config({ exec: { ...exec, command: 'false', args: [] } }));
  await t.throwsAsync(async () => failing.credential?.token(signal), { message: /^CLUSTER_UNAUTHENTICATED/ });
});

test('inside a pod: its own token, address and authority', async (t) => {
  const contents: Record<string, string> = { 'ca.crt': pem, token: 'pod' };
  const files: Files = {
    ...systemFiles,
    read: async (path) => {
      const text = contents[path.replace('/var/run/secrets/kubernetes.io/serviceaccount/', '')];
      return text === undefined ? undefined : new TextEncoder().encode(text);
    },
  };
  const access = await accessInCluster({ host: 'fd00::1', port: '443' }, { files, clock: systemClock });
  t.is(access.server.host, '[fd00::1]');
  t.deepEqual([access.ca, await access.credential?.token(signal)], [pem, 'pod']);
});

const refused = async (t: ExecutionContext, value: unknown, pattern: RegExp): Promise<void> => {
  const error = await t.throwsAsync(read(value), { instanceOf: TreError });
  t.regex(error?.message ?? '', pattern);
  t.true(error?.message.startsWith('KUBECONFIG_INVALID: '));
  t.notRegex(error?.message ?? '', /AAAA|hunter/);
};
const cases: readonly (readonly [string, unknown, RegExp])[] = [
  ['nothing', null, /not an object/],
  ['a list', [], /not an object/],
  ['no context', {}, /current-context is missing/],
  ['an unknown context', { ...config(certificate), 'current-context': 'x' }, /contexts has no entry x/],
  ['no credentials', config({}), /has no credentials/],
  ['a certificate without its key', config({ 'client-certificate-data': base64 }), /needs its key/],
  ['plain HTTP', config(certificate, { server: 'http://127.0.0.1:6443' }), /not an https/],
  ['a server with a path', config(certificate, { server: 'https://127.0.0.1/k8s' }), /path is not supported/],
  ['no verification', config(certificate, { 'insecure-skip-tls-verify': true }), /insecure-skip-tls-verify/],
  ['a proxy', config(certificate, { 'proxy-url': 'http://p' }), /proxy-url/],
  ['a password', config({ username: 'me', password: 'hunter2' }), /username/],
  [
    'data that is no PEM',
    config({ ...certificate, 'client-key-data': 'AAAA' }),
    /client-key-data is not PEM/,
  ],
  [
    'a file that is not there',
    config({ 'client-certificate': 'x.pem', 'client-key': 'y.pem' }),
    /names a file that is not there/,
  ],
  ['a number as a token', config({ token: 7 }), /token is not a text/],
];
for (const [name, value, pattern] of cases) test(`refused: ${name}`, (t) => refused(t, value, pattern));
