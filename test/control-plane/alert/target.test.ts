// Where alerts may go, and a whole control plane that sends them there, also after a restart.

import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Alert } from '../../../control-plane/alert/alert-body.ts';
import { openAlertTarget } from '../../../control-plane/alert/target.ts';
import { openStore } from '../../../control-plane/store/store.ts';
import { startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { loopbackIdentity } from '../../support/loopback-certificate.ts';
import { scratch } from '../../support/scratch.ts';

function secretFile(t: ExecutionContext, text = 's'.repeat(32), mode = 0o600): string {
  const file = join(scratch(t), 'secret');
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

test('alerts go to https, or to http on this very machine', async (t) => {
  const alertSecretFile = secretFile(t);
  const opened = (alertUrl: string) => openAlertTarget({ alertUrl, alertSecretFile, alertCaFile: '' });
  t.is(await opened(''), undefined);
  for (const url of [
    'https://alerts.example.org/x?y=1',
    'http://127.0.0.1:9/x',
    'http://localhost/',
    'http://[::1]:9/',
  ])
    t.is((await opened(url))?.url.href, url);
  for (const url of [
    'http://alerts.example.org/',
    'http://127.0.0.1.example.org/',
    'ftp://localhost/',
    'https://user:password@alerts.example.org/',
    'nonsense',
  ])
    await t.throwsAsync(opened(url), { code: 'ALERT_TARGET_INVALID' }, url);
});

test('the secret is long, and nobody else may read it', async (t) => {
  const opened = (alertSecretFile: string) =>
    openAlertTarget({ alertUrl: 'https://alerts.example.org/', alertSecretFile, alertCaFile: '' });
  t.is((await opened(secretFile(t, `${'s'.repeat(40)}\n`)))?.secret.length, 40);
  for (const file of [
    secretFile(t, 's'.repeat(31)),
    secretFile(t, 's'.repeat(40), 0o640),
    secretFile(t, 's'.repeat(40), 0o604),
    join(scratch(t), 'missing'),
  ])
    await t.throwsAsync(opened(file), { code: 'ALERT_TARGET_INVALID' }, file);
  await t.throwsAsync(opened(''), { message: 'ALERT_TARGET_INVALID: alertSecretFile is not set.' });
  const error = await t.throwsAsync(opened(secretFile(t, 'short and secret')));
  t.false(error.message.includes('short and secret'));
});

test('the CA of the receiver is a certificate', async (t) => {
  const opened = (alertCaFile: string) =>
    openAlertTarget({ alertUrl: 'https://alerts.example.org/', alertSecretFile: secretFile(t), alertCaFile });
  const { cert } = await loopbackIdentity();
  t.is((await opened(secretFile(t, cert)))?.ca, cert);
  for (const file of [secretFile(t, 'no certificate'), join(scratch(t), 'missing')])
    await t.throwsAsync(opened(file), { code: 'ALERT_TARGET_INVALID' });
});

test('a control plane goes on where it was when it was stopped', async (t) => {
  const seen: Alert[] = [];
  const hook = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push(JSON.parse(body) as Alert);
      response.end();
    });
  });
  hook.listen(0, '127.0.0.1');
  await once(hook, 'listening');
  t.teardown(() => hook.close());
  const { port } = hook.address() as AddressInfo;
  const data = scratch(t);
  const flags = { alertUrl: `http://127.0.0.1:${port}/`, alertSecretFile: secretFile(t) };
  const alert = { kind: 'condition', code: 'DiskFull', phase: 'began', sinceMs: 1, count: 0 } as const;

  const plane = await startControlPlane(data, flags);
  await plane.rest('POST', '/v1/sites', { name: 'leeds' });
  await plane.stop();
  await using store = openStore(data);
  const siteId = store.sites.find('leeds')?.id ?? '';
  store.events.add({ siteId, atMs: Date.now(), news: alert });
  const again = await startControlPlane(data, flags);
  t.teardown(() => again.stop());
  await eventually(() => seen.length === 1, { what: 'the alert', timeoutMs: 8_000 });
  t.like(seen[0], { code: 'DiskFull', site: { name: 'leeds' } });
  await eventually(
    async () => /^tre_alerts_waiting 0$/m.test((await again.rest<string>('GET', '/metrics')).body),
    { what: 'an empty queue', timeoutMs: 8_000 },
  );
  t.regex((await again.rest<string>('GET', '/metrics')).body, /^tre_alerts_total\{outcome="taken"\} 1$/m);
});
