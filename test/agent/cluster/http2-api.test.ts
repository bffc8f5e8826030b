// The transport against a real HTTP/2 server on loopback that misbehaves on demand: every trouble is a value, nothing
// that may have been processed is sent twice, and a connection is made anew when it has to be.
import { once } from 'node:events';
import {
  constants,
  createSecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, connect, createServer } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { ApiRequest } from '../../../agent/cluster/api.ts';
import { type Http2Limits, openHttp2Api } from '../../../agent/cluster/http2-api.ts';
import type { ClusterAccess } from '../../../agent/cluster/kubeconfig.ts';
import { loopbackIdentity } from '../../support/loopback-certificate.ts';

type Handler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, count: number) => void;

const identity = await loopbackIdentity();

async function server(t: ExecutionContext, handle: Handler) {
  const listener = createSecureServer({
    cert: identity.cert,
    key: identity.key,
    settings: { maxConcurrentStreams: 100 },
  });
  const sessions: ServerHttp2Session[] = [];
  let count = 0;
  listener.on('session', (session) => {
    session.on('error', () => undefined);
    sessions.push(session);
  });
  listener.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    count += 1;
    handle(stream, headers, count);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.teardown(() => {
    for (const session of sessions) session.destroy();
    listener.close();
  });
  const { port } = listener.address() as AddressInfo;
  const access: ClusterAccess = {
    server: new URL(`https://127.0.0.1:${port}`),
    ca: identity.cert,
    serverName: null,
    certificate: null,
    credential: null,
  };
  return { access, sessions, count: () => count };
}

function client(t: ExecutionContext, access: ClusterAccess, limits: Partial<Http2Limits> = {}) {
  const api = openHttp2Api({ access, userAgent: 'tre-agent/test', limits });
  t.teardown(() => api[Symbol.asyncDispose]());
  return (request: Partial<ApiRequest> = {}, signal = new AbortController().signal) =>
    api.request({ method: 'GET', path: '/version', ...request }, signal);
}

const answer = (
  stream: ServerHttp2Stream,
  status: number,
  body = '{}',
  headers: Record<string, string> = {},
): void => {
  stream.respond({ ':status': status, 'content-type': 'application/json', ...headers });
  stream.end(body);
};
const patch = {
  method: 'PATCH',
  path: '/x',
  body: { contentType: 'text/plain', bytes: Buffer.from('whole') },
} as const;

test('bytes go out and come back as they are, over one connection', async (t) => {
  const { access, sessions } = await server(t, (stream, headers) => {
    stream.respond({ ':status': 200, 'content-type': String(headers['content-type']), etag: '"1"' });
    stream.pipe(stream);
  });
  const send = client(t, access);
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
  for (let round = 0; round < 3; round += 1) {
    const result = await send({ ...patch, body: { contentType: 'application/octet-stream', bytes } });
    if (!result.ok) return t.fail(result.detail);
    t.deepEqual(result.body, bytes);
    t.deepEqual([result.contentType, result.etag], ['application/octet-stream', '"1"']);
  }
  t.is(sessions.length, 1);
});

test('never more than the agreed number of requests at a time', async (t) => {
  let open = 0;
  let most = 0;
  const { access } = await server(t, (stream) => {
    open += 1;
    most = Math.max(most, open);
    setTimeout(() => {
      open -= 1;
      answer(stream, 200);
    }, 5);
  });
  const send = client(t, access, { maxStreams: 8 });
  const results = await Promise.all(Array.from({ length: 100 }, () => send()));
  t.true(results.every(({ ok }) => ok));
  t.is(most, 8);
});

const classes = test.macro({
  async exec(t, status: number, code: string, body?: string) {
    const { access } = await server(t, (stream) =>
      answer(stream, status, body ?? '{"message":"because"}', { 'retry-after': '7' }),
    );
    const result = await client(t, access)(patch);
    if (result.ok) return t.fail('accepted');
    t.is(result.code, code as typeof result.code);
    t.is(result.retryAfterMs, 7_000);
    t.true(result.detail.startsWith(`${status} `));
  },
  title: (title, status: number, code: string, _body?: string) => title ?? `${status} is ${code}`,
});
test(classes, 400, 'OBJECT_REFUSED');
test(classes, 401, 'CLUSTER_UNAUTHENTICATED');
test(classes, 403, 'CLUSTER_FORBIDDEN');
test(classes, 404, 'NOT_FOUND');
test(classes, 409, 'OBJECT_CONFLICT');
test(classes, 413, 'OBJECT_REFUSED');
test(classes, 422, 'OBJECT_REFUSED');
test(classes, 429, 'CLUSTER_BUSY');
test(classes, 500, 'CLUSTER_FAILING');
test(classes, 503, 'CLUSTER_FAILING');
test(
  'a 500 for a field that the schema does not know is a refusal',
  classes,
  500,
  'OBJECT_REFUSED',
  '{"message":"failed to create typed patch object (a/b; v1, Kind=C): .x: field not declared in schema"}',
);
test('a 500 in plain text is a failure', classes, 500, 'CLUSTER_FAILING', 'oh no');

test('nobody listens: unreachable, and the next request tries again', async (t) => {
  const { access } = await server(t, (stream) => answer(stream, 200));
  const nowhere = client(t, { ...access, server: new URL('https://127.0.0.1:1') });
  for (let tries = 0; tries < 2; tries += 1) {
    const result = await nowhere();
    t.like(result, { ok: false, code: 'CLUSTER_UNREACHABLE', status: null });
  }
});

test('another CA than the pinned one is unreachable', async (t) => {
  const { access, count } = await server(t, (stream) => answer(stream, 200));
  const { cert } = await loopbackIdentity();
  t.like(await client(t, { ...access, ca: cert })(), { ok: false, code: 'CLUSTER_UNREACHABLE' });
  t.is(count(), 0);
});

test('a request that was cut off is sent again when it reads, never when it writes', async (t) => {
  const { access, count } = await server(t, (stream, _, number) => {
    if (number % 2 === 1) stream.session?.destroy();
    else answer(stream, 200);
  });
  const send = client(t, access);
  t.like(await send(), { ok: true });
  t.is(count(), 2);
  t.like(await send(patch), { ok: false, code: 'CLUSTER_UNREACHABLE' });
  t.is(count(), 3);
  t.like(await send(patch), { ok: true });
});

test('a refused stream is sent again, writing or not', async (t) => {
  const { access, count } = await server(t, (stream, _, number) => {
    if (number < 3) stream.close(constants.NGHTTP2_REFUSED_STREAM);
    else answer(stream, 200);
  });
  t.like(await client(t, access)(patch), { ok: true });
  t.is(count(), 3);
});

test('after GOAWAY the next request has a connection of its own', async (t) => {
  const { access, sessions } = await server(t, (stream) => {
    answer(stream, 200);
    stream.session?.goaway(constants.NGHTTP2_NO_ERROR);
  });
  const send = client(t, access);
  for (let tries = 0; tries < 3; tries += 1) t.like(await send(patch), { ok: true });
  t.is(sessions.length, 3);
});

test('a connection that breaks between two requests does not fail the second', async (t) => {
  const { access, sessions } = await server(t, (stream) => answer(stream, 200));
  const send = client(t, access);
  await send();
  sessions[0]?.destroy();
  t.like(await send(patch), { ok: true });
});

test('a peer that goes silent is given up within two pings', async (t) => {
  // Until the request has arrived everything passes, then nothing more: as when a machine loses its power.
  let forwards = true;
  let startedMs = 0;
  const { access } = await server(t, () => {
    forwards = false;
    startedMs = performance.now();
  });
  const wire = createServer((near) => {
    const far = connect(Number(access.server.port), '127.0.0.1');
    near.on('data', (chunk) => forwards && far.write(chunk)).on('error', () => undefined);
    far.on('data', (chunk) => forwards && near.write(chunk)).on('error', () => undefined);
    near.on('close', () => far.destroy());
  });
  wire.listen(0, '127.0.0.1');
  await once(wire, 'listening');
  t.teardown(() => wire.close());
  const through = new URL(`https://127.0.0.1:${(wire.address() as AddressInfo).port}`);
  const send = client(t, { ...access, server: through }, { pingIntervalMs: 100, requestTimeoutMs: 60_000 });
  t.like(await send(patch), { ok: false, code: 'CLUSTER_UNREACHABLE' });
  t.true(performance.now() - startedMs < 3_000);
});

test('an answer that never comes is waited for so long and no longer', async (t) => {
  const { access } = await server(t, () => undefined);
  const result = await client(t, access, { requestTimeoutMs: 200 })(patch);
  t.like(result, { ok: false, code: 'CLUSTER_UNREACHABLE', detail: 'no answer within 200 ms' });
});

test('an answer without end is cut off', async (t) => {
  const { access } = await server(t, (stream) => {
    stream.respond({ ':status': 200 });
    stream.write(Buffer.alloc(200_000));
  });
  const result = await client(t, access, { maxBodyBytes: 100_000 })(patch);
  t.like(result, { ok: false, code: 'CLUSTER_UNREACHABLE' });
});

test('an abort ends a request at once, with its reason', async (t) => {
  const { access } = await server(t, () => undefined);
  const controller = new AbortController();
  const pending = client(t, access)({}, controller.signal);
  setTimeout(() => controller.abort(new Error('enough')), 50);
  await t.throwsAsync(pending, { message: 'enough' });
  await t.throwsAsync(client(t, access)({}, AbortSignal.abort(new Error('before'))), { message: 'before' });
});

test('a 401 renews the token once, for all who met it', async (t) => {
  const seen: string[] = [];
  const { access } = await server(t, (stream, { authorization = '' }) => {
    seen.push(authorization);
    if (authorization === 'Bearer fresh') return answer(stream, 200);
    answer(stream, 401);
    // As the API server does: what is open is answered, then the connection ends.
    stream.session?.close();
  });
  let token = 'stale';
  let renewals = 0;
  const credential = {
    token: async () => token,
    renewed: async (before: string | undefined) => {
      if (token === before) {
        renewals += 1;
        token = 'fresh';
      }
      return token;
    },
  };
  const send = client(t, { ...access, credential });
  const results = await Promise.all(Array.from({ length: 20 }, () => send(patch)));
  t.deepEqual(
    results.filter(({ ok }) => !ok),
    [],
  );
  t.is(renewals, 1);
});

test('a 401 with a token that does not change is told', async (t) => {
  const { access, count } = await server(t, (stream) => answer(stream, 401));
  const credential = { token: async () => 'old', renewed: async () => 'old' };
  t.like(await client(t, { ...access, credential })(), { ok: false, code: 'CLUSTER_UNAUTHENTICATED' });
  t.is(count(), 1);
});
