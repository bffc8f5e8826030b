// Watches against a real HTTP/2 server on loopback: nothing that changes goes untold, whatever becomes of the stream, and
// none of it takes a place among the requests.
import { once } from 'node:events';
import { createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { ApiAnswer, WatchEnd, WatchEvent } from '../../../agent/cluster/api.ts';
import { openHttp2Api } from '../../../agent/cluster/http2-api.ts';
import { createWatcher } from '../../../agent/cluster/watch.ts';
import { systemClock } from '../../../daemon/clock.ts';
import { systemRandom } from '../../../daemon/random.ts';
import { eventually } from '../../support/eventually.ts';
import { loopbackIdentity } from '../../support/loopback-certificate.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const identity = await loopbackIdentity();

/** Answers lists with a position and hands over every watch. */
async function server(
  t: ExecutionContext,
  onWatch: (stream: ServerHttp2Stream, query: URLSearchParams) => void,
) {
  const listener = createSecureServer({ cert: identity.cert, key: identity.key });
  const sessions: ServerHttp2Session[] = [];
  let lists = 0;
  listener.on('session', (session) => {
    session.on('error', () => undefined);
    sessions.push(session);
  });
  listener.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    const query = new URL(String(headers[':path']), 'https://server').searchParams;
    if (query.has('watch')) return onWatch(stream, query);
    lists += 1;
    stream.respond({ ':status': 200, 'content-type': 'application/json' });
    stream.end(JSON.stringify({ metadata: { resourceVersion: String(lists * 100) } }));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.teardown(() => {
    for (const session of sessions) session.destroy();
    listener.close();
  });
  const { port } = listener.address() as AddressInfo;
  const access = {
    server: new URL(`https://127.0.0.1:${port}`),
    ca: identity.cert,
    serverName: null,
    certificate: null,
    credential: null,
  };
  const api = openHttp2Api({ access, userAgent: 'tre-agent/test', limits: { maxStreams: 2 } });
  t.teardown(() => api[Symbol.asyncDispose]());
  const told: (WatchEvent | null)[] = [];
  const watcher = createWatcher({
    api,
    clock: systemClock,
    random: systemRandom(systemClock),
    onChange: (_path, event) => told.push(event),
    onError: (error) => t.fail(String(error)),
  });
  t.teardown(() => watcher[Symbol.asyncDispose]());
  return { api, watcher, told, sessions, lists: () => lists };
}

const begin = (stream: ServerHttp2Stream): void =>
  stream.respond({ ':status': 200, 'content-type': 'application/json' });
const line = (type: string, name: string, resourceVersion: string): string =>
  `${JSON.stringify({ type, object: { metadata: { name, namespace: 'lab', resourceVersion } } })}\n`;
const pods = '/api/v1/pods';

test('tells of changes, not of bookmarks, in whatever pieces they come', async (t) => {
  const { watcher, told } = await server(t, (stream) => {
    begin(stream);
    const text = line('ADDED', 'one', '101') + line('BOOKMARK', '', '102') + line('DELETED', 'zwei ä', '103');
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 7) stream.write(bytes.subarray(at, at + 7));
  });
  watcher.follow([pods]);
  await eventually(() => told.length === 3, { what: 'three calls', timeoutMs: 5_000 });
  t.is(told[0], null, 'first: anything may have changed');
  t.deepEqual(told.slice(1), [
    { isBookmark: false, namespace: 'lab', name: 'one', resourceVersion: '101' },
    { isBookmark: false, namespace: 'lab', name: 'zwei ä', resourceVersion: '103' },
  ]);
  t.true(watcher.isComplete());
});

test('goes on from the last position, a bookmark too, when the server ends it', async (t) => {
  const positions: (string | null)[] = [];
  const { watcher, lists } = await server(t, (stream, query) => {
    positions.push(query.get('resourceVersion'));
    begin(stream);
    if (positions.length === 1) stream.end(line('ADDED', 'one', '101') + line('BOOKMARK', '', '150'));
  });
  watcher.follow([pods]);
  await eventually(() => positions.length === 2, { what: 'a second watch', timeoutMs: 10_000 });
  t.deepEqual(positions, ['100', '150']);
  t.is(lists(), 1);
});

test('a connection that broke: from anew, for the server may have been restored from a backup and never get there', async (t) => {
  const positions: (string | null)[] = [];
  const { watcher, sessions, told } = await server(t, (stream, query) => {
    positions.push(query.get('resourceVersion'));
    begin(stream);
    if (positions.length === 1) {
      stream.write(line('ADDED', 'one', '900'));
      setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, 100);
    }
  });
  watcher.follow([pods]);
  await eventually(() => positions.length === 2, { what: 'a second watch', timeoutMs: 10_000 });
  t.deepEqual(positions, ['100', '200']);
  t.deepEqual(
    told.map((event) => event?.name ?? null),
    [null, 'one', null],
  );
});

test('a position that is too old: from anew, and anything may have changed', async (t) => {
  const positions: (string | null)[] = [];
  const gone = { type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old resource version' } };
  const { watcher, told } = await server(t, (stream, query) => {
    positions.push(query.get('resourceVersion'));
    begin(stream);
    if (positions.length === 1) stream.write(`${JSON.stringify(gone)}\n`);
  });
  watcher.follow([pods]);
  await eventually(() => positions.length === 2, { what: 'a second watch', timeoutMs: 5_000 });
  t.deepEqual(positions, ['100', '200']);
  t.deepEqual(told, [null, null]);
});

test('what may not be watched is not complete, and is not asked for again and again', async (t) => {
  let count = 0;
  const { watcher } = await server(t, (stream) => {
    count += 1;
    stream.respond({ ':status': 403, 'content-type': 'application/json' });
    stream.end('{"message":"no"}');
  });
  watcher.follow([pods]);
  await eventually(() => count === 1, { what: 'one watch', timeoutMs: 5_000 });
  await systemClock.sleep(700);
  t.false(watcher.isComplete());
  t.is(count, 1);
});

test('watches take no place among the requests, and end with who opened them', async (t) => {
  const open = new Set<ServerHttp2Stream>();
  const { api, watcher } = await server(t, (stream) => {
    begin(stream);
    open.add(stream);
    stream.on('close', () => open.delete(stream));
  });
  watcher.follow(Array.from({ length: 20 }, (_, index) => `/api/v1/kind${index}`));
  await eventually(() => open.size === 20, { what: '20 watches', timeoutMs: 5_000 });
  const signal = new AbortController().signal;
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => api.request({ method: 'GET', path: pods }, signal)),
  );
  t.true(answers.every(({ ok }) => ok));
  watcher.follow(['/api/v1/kind3']);
  await eventually(() => open.size === 1, { what: '1 watch', timeoutMs: 5_000 });
  await watcher[Symbol.asyncDispose]();
  await eventually(() => open.size === 0, { what: 'no watch', timeoutMs: 5_000 });
  t.pass();
});

test('an answer that is no watch ends in a value', async (t) => {
  const odd = ['{"type":"ADDED"}\n', '[]\n', 'null\n', '{"object":null}\n', '{"object":{"metadata":null}}\n'];
  const texts = ['no json\n', ...odd, 'x'.repeat(5_000_000), '{"type":"ERROR","object":null}\n'];
  for (const text of texts) {
    const { api } = await server(t, (stream) => {
      begin(stream);
      stream.end(text);
    });
    const end = await api.watch(
      { path: `${pods}?watch=1`, accept: '*/*' },
      () => undefined,
      new AbortController().signal,
    );
    t.is(end.ok, odd.includes(text), text.slice(0, 40));
  }
});

test('an abort ends a watch with its reason', async (t) => {
  const { api } = await server(t, begin);
  const stop = new AbortController();
  const ended = api.watch({ path: `${pods}?watch=1`, accept: '*/*' }, () => undefined, stop.signal);
  setTimeout(() => stop.abort(new Error('enough')), 50);
  await t.throwsAsync(ended, { message: 'enough' });
});

test('an abort while the connection is made leaves no stream open', async (t) => {
  const open = new Set<ServerHttp2Stream>();
  const { api } = await server(t, (stream) => {
    begin(stream);
    open.add(stream);
    stream.on('close', () => open.delete(stream));
  });
  const stop = new AbortController();
  const ended = api.watch({ path: `${pods}?watch=1`, accept: '*/*' }, () => undefined, stop.signal);
  stop.abort(new Error('enough'));
  await t.throwsAsync(ended, { message: 'enough' });
  await api.request({ method: 'GET', path: pods }, new AbortController().signal);
  await systemClock.sleep(200);
  t.is(open.size, 0);
});

test('no error ends a watch: it is told, and the watch begins anew, with pauses', async (t) => {
  const clock = manualClock();
  const told: (WatchEvent | null)[] = [];
  const errors: string[] = [];
  const list = { ok: true, status: 200, contentType: 'application/json', etag: null } as const;
  const body = new TextEncoder().encode('{"metadata":{"resourceVersion":"1"}}');
  const script = { canAsk: false };
  const watcher = createWatcher({
    api: {
      request: async (): Promise<ApiAnswer> => {
        if (!script.canAsk) throw new Error('the token cannot be read');
        return { ...list, body };
      },
      watch: (_request, _onEvent, signal) =>
        new Promise<WatchEnd>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        }),
    },
    clock,
    random: seededRandom(1),
    onChange: (_path, event) => told.push(event),
    onError: (error) => errors.push(String(error)),
  });
  watcher.follow([pods]);
  await clock.advance(60_000);
  t.is(errors[0], 'Error: the token cannot be read');
  t.true(errors.length > 2 && errors.length < 30, `${errors.length} tries in a minute`);
  t.false(watcher.isComplete());
  script.canAsk = true;
  await clock.advance(31_000);
  t.deepEqual([told, watcher.isComplete()], [[null], true]);
  await watcher[Symbol.asyncDispose]();
});

test('a watch that ends in its time begins again at once, one that ends early or badly after growing pauses', async (t) => {
  const body = new TextEncoder().encode('{"metadata":{"resourceVersion":"1"}}');
  const failure = {
    ok: false,
    status: 500,
    code: 'CLUSTER_FAILING',
    detail: '',
    retryAfterMs: null,
  } as const;
  for (const [livesMs, end, fewest, most] of [
    [10_000, { ok: true }, 59, 61],
    [10, { ok: true }, 15, 80],
    [10_000, failure, 15, 50],
  ] as const) {
    const clock = manualClock();
    const queries: URLSearchParams[] = [];
    const watcher = createWatcher({
      api: {
        request: async (): Promise<ApiAnswer> => ({
          ok: true,
          status: 200,
          contentType: 'application/json',
          etag: null,
          body,
        }),
        watch: async ({ path }, _onEvent, signal): Promise<WatchEnd> => {
          queries.push(new URL(path, 'https://server').searchParams);
          await clock.sleep(livesMs, signal);
          return end;
        },
      },
      clock,
      random: seededRandom(1),
      onChange: () => undefined,
      onError: (error) => t.fail(String(error)),
    });
    watcher.follow([pods]);
    for (let second = 0; second < 600; second += 1) await clock.advance(1_000);
    t.true(queries.length >= fewest && queries.length <= most, `${queries.length} in ten minutes`);
    for (const query of queries) {
      t.is(query.get('allowWatchBookmarks'), 'true');
      const seconds = Number(query.get('timeoutSeconds'));
      t.true(seconds >= 450 && seconds <= 600, `${seconds}`);
    }
    await watcher[Symbol.asyncDispose]();
  }
});

test('it is complete when all are watched, whatever kind of iterable names them', async (t) => {
  const { watcher } = await server(t, begin);
  watcher.follow(new Map([[pods, 1]]).keys());
  await eventually(() => watcher.isComplete(), { what: 'a complete watcher', timeoutMs: 5_000 });
  watcher.follow(Array.from({ length: 81 }, (_, index) => `/api/v1/kind${index}`));
  await systemClock.sleep(200);
  t.false(watcher.isComplete(), 'more than may be watched');
});
