// What a data folder keeps between two starts, and that two processes never share one.
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { holdLock, isLocked } from '../../../dev/kubernetes/held-lock.ts';
import { kubeconfigText } from '../../../dev/kubernetes/kubeconfig.ts';
import { isFree, keptPorts, parsePorts } from '../../../dev/kubernetes/ports.ts';
import { TreError } from '../../../proto/errors.ts';
import { scratch } from '../../support/scratch.ts';

test('the port is chosen once and kept', async (t) => {
  const folder = scratch(t);
  const first = await keptPorts(folder);
  t.deepEqual(await keptPorts(folder), first);
  t.true(first.apiServer >= 20_000 && first.apiServer < 32_768);
  t.deepEqual(JSON.parse(readFileSync(join(folder, 'ports.json'), 'utf8')), first);
});

test('a port that is asked for wins, and is kept from then on', async (t) => {
  const folder = scratch(t);
  await keptPorts(folder);
  t.deepEqual(await keptPorts(folder, { apiServer: 20_001 }), { apiServer: 20_001 });
  t.deepEqual(await keptPorts(folder), { apiServer: 20_001 });
});

const damaged = test.macro({
  async exec(t, text: string) {
    t.like(
      t.throws(() => parsePorts(text, 'ports.json'), { instanceOf: TreError }),
      { code: 'DATA_CORRUPT' },
    );
    const folder = scratch(t);
    writeFileSync(join(folder, 'ports.json'), text);
    await t.throwsAsync(keptPorts(folder), { instanceOf: TreError, message: /remove it/ });
    t.is(readFileSync(join(folder, 'ports.json'), 'utf8'), text);
  },
  title: (_, text) => `a damaged ports file is refused and left as it is: ${JSON.stringify(text)}`,
});
test(damaged, '');
test(damaged, '[]');
test(damaged, 'null');
test(damaged, '{"apiServer":"6443"}');
test(damaged, '{"apiServer":65536}');
test(damaged, '{"apiServer":0}');
test(damaged, '{"apiServer":6443.5}');

test('a port where somebody listens is not free', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  t.false(await isFree(port));
  await new Promise((resolve) => server.close(resolve));
  t.true(await isFree(port));
});

test('a lock has one holder, and is free when that one lets go', async (t) => {
  const file = join(scratch(t), 'lock');
  const first = await holdLock(file);
  t.not(first, undefined);
  t.is(await holdLock(file), undefined);
  t.true(await isLocked(file));
  await first?.[Symbol.asyncDispose]();
  t.false(await isLocked(file));
});

test('who waits for a lock says so once and gets it next', async (t) => {
  const file = join(scratch(t), 'lock');
  const first = await holdLock(file);
  let waits = 0;
  const second = holdLock(file, { onWait: () => (waits += 1) });
  while (waits === 0) await delay(5);
  await first?.[Symbol.asyncDispose]();
  t.not(await second, undefined);
  t.is(waits, 1);
  await (await second)?.[Symbol.asyncDispose]();
});

test('waiting for a lock ends with its signal', async (t) => {
  const file = join(scratch(t), 'lock');
  await using _first = await holdLock(file);
  const stopped = new AbortController();
  const second = holdLock(file, { signal: stopped.signal, onWait: () => stopped.abort(new Error('enough')) });
  await t.throwsAsync(second);
});

const facts = { server: 'https://127.0.0.1:6443', user: 'tre-agent', ca: 'CA' };

test('a kubeconfig holds a certificate or a token, all of it embedded', (t) => {
  const certificate = kubeconfigText({ ...facts, proof: { cert: 'CERT', key: 'KEY' } });
  t.regex(certificate, /^ {4}certificate-authority-data: Q0E=$/m);
  t.regex(certificate, /^ {4}client-certificate-data: Q0VSVA==\n {4}client-key-data: S0VZ$/m);
  const token = kubeconfigText({ ...facts, proof: { token: 'abc' } });
  t.regex(token, /^ {4}token: abc$/m);
  t.notRegex(token, /client-/);
});
