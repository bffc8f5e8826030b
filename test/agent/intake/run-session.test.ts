// A machine and its control plane over real TLS and gRPC: joining, trust in the pinned CA alone, the outbox over broken
// streams, waits that were asked for, renewal. The control plane is modelled, so that it can misbehave.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { readJoinFile } from '../../../agent/intake/join.ts';
import { Session, type SessionDeps } from '../../../agent/intake/run-session.ts';
import { type AgentStore, openStore } from '../../../agent/store/store.ts';
import { systemClock } from '../../../daemon/clock.ts';
import { DaemonError } from '../../../daemon/errors.ts';
import { createLog } from '../../../daemon/log.ts';
import { systemRandom } from '../../../daemon/random.ts';
import { certificateFacts } from '../../../daemon/tls.ts';
import { verifyEnrolment } from '../../../proto/enrolment.ts';
import { digestOf } from '../../../proto/envelope.ts';
import type { ErrorCode } from '../../../proto/errors.ts';
import { fingerprintOf } from '../../../proto/fingerprint.ts';
import type { BeginRequest } from '../../../proto/gen/tre/v1/enrolment_pb.ts';
import {
  configMapObject,
  keysetOf,
  type MadeRelease,
  makeDocument,
  makeRelease,
  newSigner,
  signaturesOf,
  siteId,
} from '../../support/documents.ts';
import {
  answerAll,
  type ModelledControlPlane,
  modelledControlPlane,
  type OpenStream,
} from '../../support/modelled-control-plane.ts';
import { scratch } from '../../support/scratch.ts';

const director = newSigner('director');
const ada = newSigner('ada');
const bootId = '019aaf00-0000-7000-8000-0000000000b0';
const token = 'join-token-of-a-test';
const policy = { baseMs: 20, capMs: 50, stableMs: 600_000 };

interface Stage {
  readonly server: ModelledControlPlane;
  readonly store: AgentStore;
  readonly lines: string[];
  /** Starts a session; it is stopped at the end of the test at the latest. */
  readonly start: (changes?: Partial<SessionDeps>) => {
    session: Session;
    stop: () => Promise<void>;
    ended: Promise<ErrorCode | undefined>;
  };
  readonly join: (changes?: object) => Promise<void>;
}

async function stage(t: ExecutionContext, host = 'localhost'): Promise<Stage> {
  const server = await modelledControlPlane();
  const store = await openStore(scratch(t), bootId, 0);
  const lines: string[] = [];
  const log = createLog({ level: 'debug', write: (line) => lines.push(line) });
  const stops: (() => Promise<void>)[] = [];
  t.teardown(async () => {
    for (const stop of stops) await stop();
    await store[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  const start: Stage['start'] = (changes) => {
    const stopping = new AbortController();
    const random = systemRandom(systemClock);
    const deps = {
      store,
      clock: systemClock,
      random,
      log,
      bootId,
      agentVersion: '0.1.0',
      clusterUid: () => null,
      onVerdict: () => undefined,
      policy,
    };
    const session = new Session({ ...deps, ...changes });
    const ended = session.run(stopping.signal);
    const stop = async () => {
      stopping.abort();
      await ended;
    };
    stops.push(stop);
    return { session, stop, ended };
  };
  const join = (changes: object = {}) => {
    const file = {
      type: 'tre.join/v1',
      siteId,
      siteName: 'north',
      address: `${host}:${server.port}`,
      caDigest: server.caDigest,
      token,
      director: director.publicKey,
      keyset: keysetOf(1, ada),
      ...changes,
    };
    return readJoinFile(store, Buffer.from(JSON.stringify(file)), Date.now());
  };
  return { server, store, lines, start, join };
}

async function until(condition: () => boolean, what: string, withinMs = 30_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await systemClock.sleep(5);
  }
}

function publish(server: ModelledControlPlane, made: MadeRelease): void {
  for (const bytes of [made.manifest, ...made.objects]) server.script.contents.set(digestOf(bytes), bytes);
}

const begun = (server: ModelledControlPlane) =>
  server.requests.filter((request): request is BeginRequest => 'token' in request);

test('a machine joins: token once, approval awaited with six words, then a stream with its own certificate', async (t) => {
  const { server, store, start, join } = await stage(t);
  server.script.state = 'pending';
  await join();
  const { session } = start();
  await until(() => server.requests.length >= 2, 'Collect');
  const [request] = begun(server);
  t.is(request?.token, token);
  const subject = request?.csr ?? new Uint8Array();
  t.true(
    verifyEnrolment(
      request?.devicePublicKey ?? new Uint8Array(),
      { purpose: 'begin', siteId, subject },
      request?.signature ?? new Uint8Array(),
    ),
  );
  await until(() => session.status().words !== null && session.status().kind === 'backing-off', 'the words');
  t.is(session.status().words, fingerprintOf(request?.devicePublicKey ?? new Uint8Array()));
  t.is(store.site.enrolment()?.token, null, 'the token is forgotten once it is spent');
  server.script.state = 'approved';
  await until(() => session.status().kind === 'streaming', 'the stream');
  t.is(begun(server).length, 1);
  t.is(session.status().words, null);
  t.not(server.clients[0], '');
  t.is(
    String(certificateFacts((await store.keys.leaf()) ?? '', 'leaf')[0]?.fingerprint),
    server.clients[0] ?? '',
  );
  t.true((store.site.read()?.lastContactMs ?? 0) > 0);
});

test('a request that was begun is gone on with by the next start; the device key stays', async (t) => {
  const { server, store, start, join } = await stage(t);
  server.script.refuse = { collect: 'INTERNAL' };
  await join();
  const first = start();
  await until(() => server.requests.length >= 2, 'Collect');
  await first.stop();
  const device = await store.keys.device();
  await join();
  server.script.refuse = {};
  const { session } = start();
  await until(() => session.status().kind === 'streaming', 'the stream');
  t.is(begun(server).length, 1);
  t.is(await store.keys.device(), device);
});

test('an answer to Begin that was lost costs nothing: the same request is sent again', async (t) => {
  const { server, start, join } = await stage(t);
  server.script.refuse = { begin: 'INTERNAL' };
  await join();
  const { session } = start();
  await until(() => begun(server).length >= 2, 'a second try');
  server.script.refuse = {};
  await until(() => session.status().kind === 'streaming', 'the stream');
  t.is(new Set(begun(server).map((request) => Buffer.from(request.csr).toString('hex'))).size, 1);
});

for (const code of ['TOKEN_USED', 'TOKEN_EXPIRED', 'TOKEN_UNKNOWN'] as const) {
  test(`a machine without an identity stops with ${code}, and a new join file helps`, async (t) => {
    const { server, start, join } = await stage(t);
    server.script.refuse = { begin: code };
    await join();
    t.is(await start().ended, code);
    server.script.refuse = {};
    await join({ token: 'another-token-of-a-test' });
    const { session } = start();
    await until(() => session.status().kind === 'streaming', 'the stream');
    t.is(begun(server).at(-1)?.token, 'another-token-of-a-test');
  });
}

test('a machine that the operator refused stops with ENROLMENT_REFUSED', async (t) => {
  const { server, start, join } = await stage(t);
  server.script.state = 'refused';
  await join();
  t.is(await start().ended, 'ENROLMENT_REFUSED');
});

test('a control plane with another CA never sees the token', async (t) => {
  const { server, start, join, lines } = await stage(t);
  await join({ caDigest: `sha256:${'0'.repeat(64)}` });
  const { session, ended } = start();
  t.is(await ended, 'CA_MISMATCH');
  t.deepEqual(server.requests, []);
  t.regex(session.status().trouble?.detail ?? '', /modelled CA/);
  t.false(lines.join('').includes(token), 'and no log either');
});

test('a site that meets another CA later goes on trying and says whose certificate it saw', async (t) => {
  const { server, store, start, join } = await stage(t);
  await join();
  const first = start();
  await until(() => first.session.status().kind === 'streaming', 'the stream');
  await first.stop();
  const other = await modelledControlPlane();
  t.teardown(() => other[Symbol.asyncDispose]());
  store.site.setAddress(`localhost:${other.port}`);
  const { session } = start();
  await until(() => session.status().trouble?.code === 'CA_MISMATCH', 'the code');
  t.deepEqual(other.received, []);
  store.site.setAddress(`localhost:${server.port}`);
  await until(() => session.status().kind === 'streaming', 'the stream');
});

test('an IP address may be dialled when the certificate names it', async (t) => {
  const { start, join } = await stage(t, '127.0.0.1');
  await join();
  const { session } = start();
  await until(() => session.status().kind === 'streaming', 'the stream');
  t.is(session.status().trouble, null);
});

test('a name that the certificate does not have is refused, although the CA is right', async (t) => {
  const server = await modelledControlPlane(['elsewhere.example']);
  t.teardown(() => server[Symbol.asyncDispose]());
  const { start, join } = await stage(t);
  await join({ address: `localhost:${server.port}`, caDigest: server.caDigest });
  const { session } = start();
  await until(() => session.status().trouble?.code === 'CONTROL_PLANE_UNREACHABLE', 'the code');
  t.regex(session.status().trouble?.detail ?? '', /altnames/);
  t.deepEqual(server.requests, []);
});

test('a join file of another site is refused with ALREADY_JOINED; a later one of the same site changes no trust', async (t) => {
  const { store, start, join } = await stage(t);
  await join();
  await t.throwsAsync(join({ siteId: '019aaf00-0000-7000-8000-000000000002' }), {
    message: /ALREADY_JOINED/,
  });
  const { session } = start();
  await until(() => session.status().kind === 'streaming', 'the stream');
  const before = store.site.read();
  await join({ token: 'x', keyset: keysetOf(1, newSigner('eve')), director: newSigner('eve').publicKey });
  t.deepEqual(store.site.read()?.keyset, before?.keyset);
  t.deepEqual(store.site.read()?.director, before?.director);
  await t.throwsAsync(readJoinFile(store, Buffer.from('{}'), 0), { message: /JOIN_FILE_INVALID/ });
});

test('rows are sent in order and leave when they are acknowledged; what was not is sent again on the next stream', async (t) => {
  const { server, store, start, join } = await stage(t);
  const acknowledge = { up: 2 };
  server.script.onMessage = (message, stream) => {
    if (message.case === 'hello') return answerAll(message, stream);
    if (message.case !== 'report') return;
    for (const { bootId: boot, sequence } of message.value.rows)
      if (sequence <= acknowledge.up) stream.say({ case: 'ack', value: { bootId: boot, sequence } });
  };
  for (const text of ['a', 'b', 'c']) store.outbox.queue('result', Buffer.from(text));
  await join();
  const { session } = start();
  await until(() => store.outbox.waiting() === 1, 'two acknowledgements');
  store.outbox.queue('result', Buffer.from('d'));
  session.wake();
  const sent = () =>
    server.received.flatMap((message) =>
      message.case === 'report' ? message.value.rows.map((row) => Number(row.sequence)) : [],
    );
  await until(() => sent().length === 4, 'the fourth row');
  server.dropConnections();
  await until(() => sent().length === 6, 'the rows that were not acknowledged');
  t.deepEqual(sent(), [1, 2, 3, 4, 3, 4]);
  acknowledge.up = 10;
  server.dropConnections();
  await until(() => store.outbox.waiting() === 0, 'the rest');
});

test('an acknowledgement of what was never sent deletes nothing', async (t) => {
  const { server, store, start, join } = await stage(t);
  server.script.onMessage = (message, stream) => {
    if (message.case === 'hello') stream.say({ case: 'ack', value: { bootId, sequence: 100n } });
  };
  store.outbox.queue('result', Buffer.from('a'));
  await join();
  start();
  await until(() => server.received.length > 0, 'Hello');
  await systemClock.sleep(200);
  t.is(store.outbox.waiting(), 1);
});

test('large news is split into messages below 512 KiB', async (t) => {
  const { server, store, start, join } = await stage(t);
  for (let count = 0; count < 30; count += 1) store.outbox.queue('result', Buffer.alloc(60_000));
  await join();
  start();
  await until(() => store.outbox.waiting() === 0, 'all acknowledgements');
  const sizes = server.received.flatMap((message) =>
    message.case === 'report' ? [message.value.rows.reduce((sum, row) => sum + row.body.length + 60, 0)] : [],
  );
  t.true(sizes.length > 3 && Math.max(...sizes) <= 512 * 1024, String(sizes));
});

test('to resume when nothing has changed costs less than 600 bytes, both ways', async (t) => {
  const { server, store, start, join } = await stage(t);
  const made = makeRelease([configMapObject('a')]);
  publish(server, made);
  const document = makeDocument(director, made);
  server.script.onMessage = (message, stream) => {
    answerAll(message, stream);
    if (message.case === 'hello' && message.value.generation === 0)
      stream.say({
        case: 'offer',
        value: {
          documents: [document.envelope],
          releaseSignatures: signaturesOf(made.manifest, ada),
          more: false,
        },
      });
  };
  await join();
  const first = start({ clusterUid: () => '5f0cd2a4-7b5e-4b26-9c3e-1f2a3b4c5d6e' });
  await until(() => store.desired.held() !== undefined, 'the document');
  await first.stop();
  const { session } = start({ clusterUid: () => '5f0cd2a4-7b5e-4b26-9c3e-1f2a3b4c5d6e' });
  await until(() => session.status().kind === 'streaming', 'the stream');
  await systemClock.sleep(200);
  const bytes = server.streams.at(-1)?.bytes() ?? 0;
  t.log(`${bytes} bytes`);
  t.true(bytes > 200 && bytes < 600, String(bytes));
});

test('an offer is accepted while connected, and Hello then names what is held', async (t) => {
  const { server, store, start, join } = await stage(t);
  const made = makeRelease([configMapObject('a'), configMapObject('b')]);
  publish(server, made);
  const document = makeDocument(director, made);
  let accepted = 0;
  server.script.onMessage = (message, stream) => {
    answerAll(message, stream);
    const offer = {
      documents: [document.envelope],
      releaseSignatures: signaturesOf(made.manifest, ada),
      more: false,
    };
    if (message.case === 'hello') stream.say({ case: 'offer', value: offer });
  };
  await join();
  start({ onVerdict: () => (accepted += 1) });
  await until(() => accepted === 1, 'the document');
  t.is(store.desired.wanted()?.objects.length, 2);
  server.dropConnections();
  await until(
    () => server.received.filter((message) => message.case === 'hello').length === 2,
    'the second Hello',
  );
  t.like(server.received.findLast((message) => message.case === 'hello')?.value, {
    generation: 1,
    epoch: 1,
    documentDigest: document.digest,
  });
  await systemClock.sleep(100);
  t.is(accepted, 1);
});

test('a refused offer is reported at once, and Hello names it', async (t) => {
  const { server, store, start, join } = await stage(t);
  const made = makeRelease([configMapObject('a')]);
  const document = makeDocument(director, made, { siteId: '019aaf00-0000-7000-8000-000000000002' });
  server.script.onMessage = (message, stream) => {
    answerAll(message, stream);
    const offer = { documents: [document.envelope], releaseSignatures: Buffer.from(''), more: false };
    if (message.case === 'hello') stream.say({ case: 'offer', value: offer });
  };
  await join();
  let verdicts = 0;
  start({ onVerdict: () => (verdicts += 1) });
  await until(() => server.received.some((message) => message.case === 'report'), 'the report');
  t.is(verdicts, 1);
  await until(() => store.outbox.waiting() === 0, 'its acknowledgement');
  server.dropConnections();
  await until(
    () => server.received.filter((message) => message.case === 'hello').length === 2,
    'the second Hello',
  );
  t.like(server.received.findLast((message) => message.case === 'hello')?.value, {
    refusedGeneration: 1,
    refusedCode: 'SITE_MISMATCH',
  });
});

test('content that the control plane does not have refuses the offer', async (t) => {
  const { server, store, start, join } = await stage(t);
  const made = makeRelease([configMapObject('a')]);
  const document = makeDocument(director, made);
  server.script.onMessage = (message, stream) => {
    answerAll(message, stream);
    const offer = {
      documents: [document.envelope],
      releaseSignatures: signaturesOf(made.manifest, ada),
      more: false,
    };
    if (message.case === 'hello') stream.say({ case: 'offer', value: offer });
  };
  await join();
  start();
  await until(() => store.journal.openRefusal()?.code === 'CONTENT_MISSING', 'the refusal');
  t.is(store.desired.held(), undefined);
});

test('offers that come faster than they are judged wait at the other side, not in our memory', async (t) => {
  const { server, store, start, join } = await stage(t);
  const made = makeRelease([configMapObject('a')]);
  const rubbish = Buffer.alloc(500_000, 'x');
  const count = 80;
  const offer = (envelope: Uint8Array) => {
    const documents = [Uint8Array.from(envelope)];
    return { case: 'offer', value: { documents, releaseSignatures: Buffer.from(''), more: false } } as const;
  };
  server.script.onMessage = (message, stream) => {
    answerAll(message, stream);
    if (message.case !== 'hello') return;
    stream.say(offer(makeDocument(director, made).envelope));
    for (let index = 0; index < count; index += 1) stream.say(offer(rubbish));
  };
  const gate = Promise.withResolvers<[]>();
  const content = { ...store.content, list: () => gate.promise };
  await join();
  let verdicts = 0;
  start({ store: { ...store, content }, onVerdict: () => (verdicts += 1) });
  const bytes = () => server.streams[0]?.bytes() ?? 0;
  await until(() => bytes() > 2_000_000, 'the first offers');
  for (let before = 0; before < bytes(); await systemClock.sleep(300)) before = bytes();
  t.true(bytes() < (count * rubbish.length) / 2, `${bytes()} bytes arrived`);
  gate.resolve([]);
  await until(() => verdicts === count + 1, 'all verdicts');
});

test('Retry is honoured', async (t) => {
  const { server, start, join } = await stage(t);
  await join();
  const { session } = start();
  await until(() => session.status().kind === 'streaming', 'the stream');
  const saidAt = Date.now();
  server.streams[0]?.say({ case: 'retry', value: { reconnectAfterMs: 700 } });
  await until(() => session.status().kind === 'backing-off', 'the wait');
  t.is(session.status().trouble, null);
  await until(() => server.streams.length === 2, 'the next stream');
  t.true(Date.now() - saidAt >= 690, String(Date.now() - saidAt));
});

test('a withdrawn site says so, keeps what it holds and comes back when it is let in again', async (t) => {
  const { server, store, start, join } = await stage(t);
  await join();
  let isFull = true;
  let refusals = 0;
  const setRevoked: AgentStore['site']['setRevoked'] = (atMs) => {
    if (isFull && atMs !== null) throw new DaemonError('disk-full', 'no space left');
    store.site.setRevoked(atMs);
  };
  const { session } = start({ store: { ...store, site: { ...store.site, setRevoked } } });
  await until(() => session.status().kind === 'streaming', 'the stream');
  server.script.onMessage = (message, stream) => {
    if (message.case !== 'hello') return;
    refusals += 1;
    stream.say({ case: 'revoked', value: {} });
    stream.end('SITE_REVOKED');
  };
  server.dropConnections();
  await until(() => session.status().trouble?.code === 'SITE_REVOKED', 'the code, also with a full disk');
  t.is(store.site.read()?.revokedAtMs, null);
  isFull = false;
  await until(() => (store.site.read()?.revokedAtMs ?? 0) > 0, 'it is written down later');
  const sinceMs = store.site.read()?.revokedAtMs;
  const before = refusals;
  await until(() => refusals >= before + 2, 'it is said again');
  t.is(store.site.read()?.revokedAtMs, sinceMs, 'since when does not change');
  server.script.onMessage = answerAll;
  await until(() => session.status().kind === 'streaming', 'the stream');
  t.is(store.site.read()?.revokedAtMs, null);
});

const leaves = test.macro({
  async exec(t, code: ErrorCode, message: Parameters<OpenStream['say']>[0]) {
    const { server, store, start, join } = await stage(t);
    server.script.onMessage = (received, stream) => {
      if (received.case === 'hello') stream.say(message);
    };
    await join();
    const { session } = start();
    await until(() => session.status().trouble?.code === code, code);
    t.is(store.desired.held(), undefined);
    t.is(store.journal.openRefusal(), undefined);
    server.script.onMessage = answerAll;
    await until(() => session.status().kind === 'streaming', 'the stream');
    t.is(session.status().trouble, null);
  },
  title: (title, code) =>
    `a control plane that sends ${title} is left with ${code}, and worked with when it stops`,
});

test('a frame of 5 MiB', leaves, 'FRAME_TOO_LARGE', {
  case: 'offer',
  value: { documents: [new Uint8Array(5 * 1024 * 1024)] },
});
test('a Welcome of an older capability', leaves, 'CAPABILITY_UNSUPPORTED', {
  case: 'welcome',
  value: { capability: 0, heartbeatMs: 30_000, epoch: 1 },
});

test('a control plane that is gone is found again, and the agent says since when', async (t) => {
  const { server, store, start, join } = await stage(t);
  await join();
  const { session } = start();
  await until(() => session.status().kind === 'streaming', 'the stream');
  const before = Date.now();
  await server.close();
  await until(() => session.status().trouble?.code === 'CONTROL_PLANE_UNREACHABLE', 'the code');
  t.true((store.site.read()?.lastContactMs ?? 0) >= before);
  await server.listen();
  await until(() => session.status().kind === 'streaming', 'the stream');
});

test('an expired certificate is renewed by the device key before anything else, without a token', async (t) => {
  const { server, store, start, join } = await stage(t);
  server.script.leaf = { beforeMs: 10_000, afterMs: 61_000 };
  await join();
  const first = start();
  await until(() => first.session.status().kind === 'streaming', 'the stream');
  await first.stop();
  const old = await store.keys.leaf();
  server.script.leaf = { beforeMs: 1_000, afterMs: 3_600_000 };
  const clock = { ...systemClock, now: () => Date.now() + 5_000 };
  const { session } = start({ clock });
  await until(() => session.status().kind === 'streaming', 'the stream');
  t.not(await store.keys.leaf(), old);
  t.is(begun(server).length, 1);
  t.is(server.requests.length, 3, 'Begin, Collect, Renew');
});

test('a certificate past its half life is renewed at a heartbeat, on the open stream', async (t) => {
  const { server, store, start, join } = await stage(t);
  server.script.leaf = { beforeMs: 600_000, afterMs: 300_000 };
  server.script.onMessage = (message, stream) => {
    if (message.case === 'hello')
      stream.say({ case: 'welcome', value: { capability: 1, heartbeatMs: 1_000, epoch: 1 } });
  };
  await join();
  const { session } = start();
  await until(() => session.status().kind === 'streaming', 'the stream');
  const old = await store.keys.leaf();
  server.script.leaf = { beforeMs: 1_000, afterMs: 3_600_000 };
  await until(() => server.requests.length === 3, 'Renew');
  await until(() => (session.status().expiresAtMs ?? 0) > Date.now() + 3_000_000, 'the new certificate');
  t.not(await store.keys.leaf(), old);
  t.is(server.streams.length, 1);
  t.true(server.received.some((message) => message.case === 'heartbeat'));
});

test('each Welcome says how far the clocks are apart; one without a time says nothing', async (t) => {
  const { server, start, join } = await stage(t);
  const offsets: number[] = [];
  let serverTimeMs = (): bigint => BigInt(Date.now() - 90_000);
  server.script.onMessage = (message, stream) => {
    if (message.case !== 'hello') return;
    const value = { capability: 1, heartbeatMs: 30_000, epoch: 1, serverTimeMs: serverTimeMs() };
    stream.say({ case: 'welcome', value });
  };
  await join();
  const first = start({ onClockOffset: (offsetMs) => offsets.push(offsetMs) });
  await until(() => first.session.status().kind === 'streaming', 'the stream');
  t.true(Math.abs((offsets[0] ?? 0) - 90_000) < 2_000, String(offsets));
  await first.stop();
  serverTimeMs = () => 0n;
  const second = start({ onClockOffset: (offsetMs) => offsets.push(offsetMs) });
  await until(() => second.session.status().kind === 'streaming', 'the stream');
  t.is(offsets.length, 1);
});

test('how long the connection took is no part of how far the clocks are apart', async (t) => {
  const { server, start, join } = await stage(t);
  server.script.onMessage = (message, stream) => {
    if (message.case !== 'hello') return;
    const value = { capability: 1, heartbeatMs: 30_000, epoch: 1, serverTimeMs: BigInt(Date.now()) };
    stream.say({ case: 'welcome', value });
  };
  const port = await slowWayTo(t, server.port, 3_000);
  await join({ address: `localhost:${port}` });
  const offsets: number[] = [];
  const { session } = start({ onClockOffset: (offsetMs) => offsets.push(offsetMs) });
  await until(() => session.status().kind === 'streaming', 'the stream', 30_000);
  t.true(Math.abs(offsets[0] ?? Number.POSITIVE_INFINITY) < 1_000, String(offsets));
});

test('a contact that cannot be written down leaves no connection open', async (t) => {
  const { server, store, start, join, lines } = await stage(t);
  let open = 0;
  const port = await slowWayTo(t, server.port, 0, (near) => {
    open += 1;
    near.once('close', () => (open -= 1));
  });
  await join({ address: `localhost:${port}` });
  const setContact = () => {
    throw new DaemonError('disk-full', 'no space left');
  };
  const { session, stop } = start({ store: { ...store, site: { ...store.site, setContact } } });
  await until(() => lines.filter((line) => line.includes('DISK_FULL')).length >= 3, 'three attempts');
  t.like(session.status().trouble, { code: 'DISK_FULL' });
  await stop();
  await until(() => open === 0, 'the end of all connections', 5_000);
  t.pass();
});

/** A port from which each connection gets on only after a while. */
async function slowWayTo(
  t: ExecutionContext,
  port: number,
  afterMs: number,
  onConnection: (near: Socket) => void = () => undefined,
): Promise<number> {
  const way = createServer((near) => {
    onConnection(near);
    near.on('error', () => near.destroy());
    void systemClock.sleep(afterMs).then(() => {
      const far = connect(port, 'localhost');
      far.on('error', () => near.destroy());
      near.pipe(far).pipe(near);
    });
  }).listen(0, 'localhost');
  t.teardown(() => way.close());
  await once(way, 'listening');
  return (way.address() as AddressInfo).port;
}

test('a heartbeat says until when the reports hold, and what was seen by then has left before it', async (t) => {
  const { server, store, start, join } = await stage(t);
  server.script.onMessage = (message, stream) => {
    if (message.case === 'hello')
      stream.say({ case: 'welcome', value: { capability: 1, heartbeatMs: 1_000, epoch: 1 } });
  };
  await join();
  store.outbox.queue('result', Buffer.from('seen'));
  let looks = 0;
  start({
    lookTimes: () => {
      looks += 1;
      return { observedAtMs: 7_000 + looks, healthObservedAtMs: 8_000 + looks };
    },
  });
  const beats = () => server.received.filter((message) => message.case === 'heartbeat');
  await until(() => beats().length > 0, 'a heartbeat');
  const [beat] = beats();
  const ahead = Number(beat?.value.observedAtMs) - 7_000;
  t.true(ahead >= 1 && ahead <= looks);
  t.is(Number(beat?.value.healthObservedAtMs), 8_000 + ahead);
  const kinds = server.received.map((message) => message.case);
  t.true(kinds.indexOf('report') < kinds.indexOf('heartbeat'));
});

test('the ledger has what was sent, and nothing of attempts that met nobody', async (t) => {
  const { server, store, start, join, lines } = await stage(t);
  const kept = () => store.ledger.after(0, 0, 1_000).map(({ message }) => message);
  const failures = () => lines.filter((line) => line.includes('cannot be worked with')).length;
  await join();
  const { session } = start();
  await until(() => session.status().kind === 'streaming', 'the stream');
  t.deepEqual(kept().slice(0, 3), ['BeginRequest', 'CollectRequest', 'Hello']);
  await server.close();
  await until(() => failures() >= 5, 'five attempts');
  t.is(kept().filter((message) => message === 'Hello').length, 1);
  await server.listen();
  await until(() => session.status().kind === 'streaming', 'the stream again');
  t.is(kept().filter((message) => message === 'Hello').length, 2);
  const all = Buffer.concat(store.ledger.after(0, 0, 100).map(({ body }) => Buffer.from(body)));
  t.false(all.includes(token));
});

test('what cannot be written down does not leave', async (t) => {
  const { server, store, start, join } = await stage(t);
  await join();
  let isFull = true;
  const ledger = {
    ...store.ledger,
    add: (...row: Parameters<typeof store.ledger.add>) => {
      if (isFull) throw new DaemonError('disk-full', 'no space left');
      store.ledger.add(...row);
    },
  };
  const { session } = start({ store: { ...store, ledger } });
  await until(() => session.status().trouble !== null, 'the trouble');
  t.like(session.status().trouble, { code: 'DISK_FULL' });
  t.regex(session.status().trouble?.detail ?? '', /no space left/);
  t.deepEqual(server.requests, []);
  t.deepEqual(server.received, []);
  isFull = false;
  await until(() => session.status().kind === 'streaming', 'the stream');
});

test('the first heartbeat comes at once, however long the control plane lets pass between two', async (t) => {
  const { server, start, join } = await stage(t);
  await join();
  const { session } = start();
  await until(() => session.status().kind === 'streaming', 'the stream');
  const beats = () => server.received.filter((message) => message.case === 'heartbeat').length;
  await until(() => beats() > 0, 'a heartbeat');
  t.is(beats(), 1);
});

test('a control plane that lost what it acknowledged is told the states anew, each once', async (t) => {
  const { server, store, start, join } = await stage(t);
  await join();
  const state = (key: string) => ({ key, digest: key, body: Buffer.from(key) });
  for (const key of ['site', 'host']) t.true(store.outbox.queueState(state(key)));
  store.outbox.acknowledge(store.outbox.after(0, 1000)[0]?.bootId ?? '', 1);
  server.script.onMessage = (message, stream) => {
    if (message.case === 'hello')
      stream.say({
        case: 'welcome',
        value: { capability: 1, heartbeatMs: 30_000, epoch: 1, reportAgain: true },
      });
  };
  const { session } = start();
  await until(() => session.status().kind === 'streaming', 'the stream');
  t.true(store.outbox.queueState(state('site')), 'this one was acknowledged, and may be lost');
  t.false(store.outbox.queueState(state('host')), 'this one was on its way');
});
