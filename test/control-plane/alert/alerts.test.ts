// Alerts over real HTTP and HTTPS: signed, in order, at least once, whatever the receiver does and however often the
// control plane restarts.

import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { Alert } from '../../../control-plane/alert/alert-body.ts';
import { giveUpAfterMs, startAlerts } from '../../../control-plane/alert/alerts.ts';
import type { AlertTarget } from '../../../control-plane/alert/target.ts';
import type { News } from '../../../control-plane/fleet/news.ts';
import { openStore } from '../../../control-plane/store/store.ts';
import { type Clock, systemClock } from '../../../daemon/clock.ts';
import { createLog } from '../../../daemon/log.ts';
import { eventually } from '../../support/eventually.ts';
import { loopbackIdentity } from '../../support/loopback-certificate.ts';
import { scratch } from '../../support/scratch.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const secret = 'a secret of the test that is long enough';
const broken: News = { kind: 'condition', code: 'NotHealthy', phase: 'began', sinceMs: 1, count: 1 };
const mended: News = { kind: 'condition', code: 'NotHealthy', phase: 'ended', sinceMs: 1, count: 1 };
const harmless: News = { kind: 'condition', code: 'Progressing', phase: 'began', sinceMs: 1, count: 0 };

type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

interface Receiver {
  readonly url: URL;
  readonly alerts: Alert[];
  readonly signed: boolean[];
  /** What the next requests get; the last one stays. */
  behave(...behaviours: readonly Behaviour[]): void;
}

const take: Behaviour = (_request, response) => void response.writeHead(204).end();
const fail: Behaviour = (_request, response) => void response.writeHead(500).end('x'.repeat(100_000));
const hangUp: Behaviour = (request) => void request.socket.destroy();

/** Notes what it takes, and whether its signature is right. */
async function receiver(
  t: ExecutionContext,
  make: (handle: Behaviour) => Server,
  scheme: string,
): Promise<Receiver> {
  const behaviours: Behaviour[] = [take];
  const alerts: Alert[] = [];
  const signed: boolean[] = [];
  const server = make((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const timestamp = String(request.headers['x-tre-timestamp']);
      const expected = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
      const isFresh = Math.abs(Number(timestamp) * 1000 - Date.now()) < 60_000;
      signed.push(isFresh && request.headers['x-tre-signature'] === `sha256=${expected}`);
      const behaviour = (behaviours.length > 1 ? behaviours.shift() : behaviours[0]) ?? take;
      behaviour(request, response);
      if (response.statusCode === 204) alerts.push(JSON.parse(body) as Alert);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const behave = (...given: readonly Behaviour[]) => void behaviours.splice(0, behaviours.length, ...given);
  return { url: new URL(`${scheme}://127.0.0.1:${port}/hook/of/the-hospital`), alerts, signed, behave };
}

function open(t: ExecutionContext) {
  const store = openStore(scratch(t));
  t.teardown(() => void store[Symbol.asyncDispose]());
  store.sites.add({ id: 'a', name: 'leeds', createdAtMs: 1 });
  const lines: string[] = [];
  const log = createLog({ level: 'debug', write: (line) => void lines.push(line) });
  const outcomes: string[] = [];
  const start = (url: URL, changes: Partial<AlertTarget & { clock: Clock }> = {}) => {
    const { clock = impatient, ...rest } = changes;
    const target = { url, key: 'k', secret: Buffer.from(secret), ...rest };
    const onOutcome = (outcome: string) => void outcomes.push(outcome);
    const alerts = startAlerts({ store, target, clock, random: seededRandom(1), log, onOutcome });
    t.teardown(() => alerts[Symbol.asyncDispose]());
    return alerts;
  };
  const say = (...news: readonly News[]) => {
    for (const one of news) store.events.add({ siteId: 'a', atMs: Date.now(), news: one });
  };
  return { store, start, say, lines, outcomes };
}

/** The pauses between trials are a thousandth of what they are. */
const impatient: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 1000, signal) };

const until = (isTrue: () => boolean, timeoutMs = 20_000) =>
  eventually(isTrue, { what: isTrue.toString(), timeoutMs, intervalMs: 10 });

const phases = (alerts: readonly Alert[]) => alerts.map(({ phase, code }) => `${code ?? ''} ${phase}`);

test('errors and their end are told, signed, and nothing else', async (t) => {
  const { start, say } = open(t);
  const hook = await receiver(t, (handle) => createServer(handle), 'http');
  say(broken);
  start(hook.url);
  say(harmless, broken, mended);
  await until(() => hook.alerts.length === 2);
  t.deepEqual(phases(hook.alerts), ['NotHealthy began', 'NotHealthy ended'], 'not what was before');
  t.deepEqual(hook.signed, [true, true]);
  const { id, at, ...alert } = hook.alerts[0] ?? { id: 0, at: '' };
  t.true(id > 0 && Math.abs(Date.parse(at) - Date.now()) < 60_000);
  t.deepEqual(alert as unknown, {
    site: { id: 'a', name: 'leeds' },
    kind: 'condition',
    code: 'NotHealthy',
    phase: 'began',
    severity: 'error',
    text: 'Something that was applied does not work.',
    next: '`tre-agent status` on site names it and says why.',
  });
});

test('the end of a silence bears the code of the silence', async (t) => {
  const { start, say } = open(t);
  const hook = await receiver(t, (handle) => createServer(handle), 'http');
  start(hook.url);
  say({ kind: 'contact', class: 'offline', before: 'stale', lastContactMs: 1 });
  say({ kind: 'contact', class: 'live', before: 'offline', lastContactMs: 2 });
  await until(() => hook.alerts.length === 2);
  t.deepEqual(phases(hook.alerts), ['offline began', 'offline ended']);
  t.like(hook.alerts[1], { severity: 'info', text: 'The site was heard of again.', next: null });
});

test('a receiver that fails, redirects and hangs up gets them all in the end, in order', async (t) => {
  const { start, say, lines, outcomes } = open(t);
  const hook = await receiver(t, (handle) => createServer(handle), 'http');
  const elsewhere: Behaviour = (_request, response) =>
    void response.writeHead(302, { location: hook.url.href }).end();
  hook.behave(fail, fail, elsewhere, hangUp, fail, take);
  const alerts = start(hook.url);
  say(broken, mended, broken);
  t.is(alerts.waiting(), 3);
  await until(() => hook.alerts.length === 3);
  t.deepEqual(phases(hook.alerts), ['NotHealthy began', 'NotHealthy ended', 'NotHealthy began']);
  t.deepEqual(
    hook.alerts.map(({ id }) => id),
    [1, 2, 3],
  );
  t.is(outcomes.filter((one) => one === 'failed').length, 5);
  await until(() => alerts.waiting() === 0);
  t.is(alerts.failingForMs(), 0);
  t.false(lines.join('').includes('the-hospital'), 'no address in the log');
  t.false(lines.join('').includes(secret));
  t.regex(lines.join(''), /it answered 302/);
});

test('what was not taken is told after a restart, and what was taken is not', async (t) => {
  const { start, say } = open(t);
  const hook = await receiver(t, (handle) => createServer(handle), 'http');
  const first = start(hook.url);
  say(broken);
  await until(() => hook.alerts.length === 1);
  await until(() => first.waiting() === 0);
  hook.behave(() => undefined);
  say(mended);
  await until(() => hook.signed.length === 2);
  const beganMs = Date.now();
  await first[Symbol.asyncDispose]();
  t.true(Date.now() - beganMs < 2_000, 'a receiver that hangs does not hold up the end');
  say(broken);
  hook.behave(take);
  start(hook.url);
  await until(() => hook.alerts.length === 3);
  t.deepEqual(phases(hook.alerts), ['NotHealthy began', 'NotHealthy ended', 'NotHealthy began']);
});

test('an answer that is none does not stop the alerts', async (t) => {
  const { start, say, outcomes } = open(t);
  const hook = await receiver(t, (handle) => createServer(handle), 'http');
  const changeProtocol: Behaviour = ({ socket }) =>
    void socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  const nonsense: Behaviour = ({ socket }) => void socket.write('hello?\r\n\r\n');
  hook.behave(changeProtocol, nonsense, take);
  start(hook.url);
  say(broken);
  await until(() => outcomes.length === 3);
  t.deepEqual(outcomes, ['failed', 'failed', 'taken']);
  t.is(hook.alerts.length, 1);
});

test('a receiver that hangs is given ten seconds', async (t) => {
  t.timeout(40_000);
  const { start, say, lines } = open(t);
  const hook = await receiver(t, (handle) => createServer(handle), 'http');
  hook.behave(() => undefined, take);
  start(hook.url);
  const beganMs = Date.now();
  say(broken);
  await until(() => hook.alerts.length === 1, 30_000);
  t.true(Date.now() - beganMs > 9_000);
  t.regex(lines.join(''), /no answer within 10 s/);
});

test('what nobody took for a day is given up, what is younger is not', async (t) => {
  const { store, start, outcomes } = open(t);
  const hook = await receiver(t, (handle) => createServer(handle), 'http');
  let leftToFail = 0;
  hook.behave((request, response) =>
    (leftToFail -= 1) >= 0 ? fail(request, response) : take(request, response),
  );
  leftToFail = 1;
  const nowMs = Date.now();
  await start(hook.url)[Symbol.asyncDispose]();
  for (const [ageMs, news] of [
    [giveUpAfterMs + 2_000, broken],
    [giveUpAfterMs + 1_000, mended],
    [giveUpAfterMs - 60_000, broken],
  ] as const)
    store.events.add({ siteId: 'a', atMs: nowMs - ageMs, news });
  start(hook.url);
  await until(() => outcomes.length === 4);
  t.deepEqual(phases(hook.alerts), ['NotHealthy began']);
  t.deepEqual(outcomes, ['given-up', 'given-up', 'failed', 'taken']);
});

test('a target that is named again after a long time is told what is, not what was', async (t) => {
  const { store, start, outcomes, lines } = open(t);
  const hook = await receiver(t, (handle) => createServer(handle), 'http');
  await start(hook.url)[Symbol.asyncDispose]();
  for (const [ageMs, news] of [
    [90 * giveUpAfterMs, broken],
    [80 * giveUpAfterMs, mended],
    [1_000, broken],
  ] as const)
    store.events.add({ siteId: 'a', atMs: Date.now() - ageMs, news });
  start(hook.url);
  await until(() => outcomes.length === 3);
  t.deepEqual(phases(hook.alerts), ['NotHealthy began']);
  t.deepEqual(outcomes, ['given-up', 'given-up', 'taken']);
  t.is(lines.filter((line) => line.includes('given up')).length, 1, 'one line, however many they are');
});

test('over HTTPS, only to a receiver whose certificate is trusted', async (t) => {
  const { start, say, lines } = open(t);
  const { key, cert } = await loopbackIdentity();
  const hook = await receiver(t, (handle) => createHttpsServer({ key, cert }, handle), 'https');
  const distrustful = start(hook.url);
  say(broken);
  await until(() => /SELF_SIGNED|UNABLE_TO_VERIFY|DEPTH_ZERO/.test(lines.join('')));
  t.is(hook.alerts.length, 0);
  await distrustful[Symbol.asyncDispose]();
  start(hook.url, { ca: cert });
  await until(() => hook.alerts.length === 1);
  t.deepEqual(hook.signed, [true]);
});
