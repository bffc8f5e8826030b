// Who may do what over REST: every route of the server is tried without a token, with a wrong one and as a viewer.

import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openStore } from '../../../control-plane/store/store.ts';
import { addOperator } from '../../../control-plane/trust/initialise.ts';
import { systemClock } from '../../../daemon/clock.ts';
import { systemRandom } from '../../../daemon/random.ts';
import { startControlPlane } from '../../support/control-plane.ts';
import { scratch } from '../../support/scratch.ts';

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly summary?: string;
            readonly security?: readonly unknown[];
            readonly responses: Readonly<Record<string, { readonly content?: object }>>;
          }
        >
      >
    >
  >;
}

async function open(t: ExecutionContext) {
  const plane = await startControlPlane(scratch(t));
  t.teardown(() => plane.stop());
  return plane;
}

const openToAnyone = ['/healthz', '/readyz', '/openapi.json'];

test('every route but three demands a token, and every change the role operator', async (t) => {
  const plane = await open(t);
  const file = join(plane.data, 'viewer');
  await using store = openStore(plane.data);
  await addOperator(store, {
    clock: systemClock,
    random: systemRandom(systemClock),
    name: 'sam',
    role: 'viewer',
    file,
  });
  const viewer = readFileSync(file, 'utf8').trim();

  const document = (await plane.rest<OpenApi>('GET', '/openapi.json', undefined, null)).body;
  t.regex(document.openapi, /^3\.1\./);
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase(), path] as const),
  );
  t.true(routes.length >= 20, `${routes.length} routes`);
  for (const [method, path] of routes) {
    const body = method === 'GET' ? undefined : {};
    const url = path.replaceAll(/\{\w+\}/g, 'none');
    const without = await plane.rest(method, url, body, null);
    const wrong = await plane.rest(method, url, body, 'tre-operator-wrong');
    const asViewer = await plane.rest(method, url, body, viewer);
    const isOpen = openToAnyone.includes(path);
    const described = document.paths[path]?.[method.toLowerCase()];
    t.deepEqual(described?.security, isOpen ? [] : undefined, `${method} ${path} in the document`);
    const responses = described?.responses ?? {};
    t.deepEqual(Object.keys(responses['default']?.content ?? {}), ['application/problem+json']);
    t.true(
      Object.keys(responses).some((status) => /^20[0-4]$/.test(status)),
      `what ${method} ${path} answers when all is well`,
    );
    t.truthy(described?.summary);
    t.is(without.status === 401, !isOpen, `${method} ${path} without a token`);
    t.is(wrong.status === 401, !isOpen, `${method} ${path} with a wrong token`);
    t.is(asViewer.body.code === 'FORBIDDEN', method !== 'GET', `${method} ${path} as a viewer`);
  }
  t.is(
    (await plane.rest<{ sites: unknown[] }>('GET', '/v1/sites')).body.sites.length,
    0,
    'nothing was changed',
  );
});

test('problems are problem+json with a code and what to do', async (t) => {
  const plane = await open(t);
  const answer = await plane.rest('GET', '/v1/sites', undefined, null);
  t.is(answer.contentType, 'application/problem+json');
  t.deepEqual(answer.body as unknown, {
    type: 'urn:tre:error:UNAUTHENTICATED',
    title: 'No valid operator token was given.',
    status: 401,
    code: 'UNAUTHENTICATED',
    detail: 'No valid operator token was given.',
    next: 'Run `trectl login` with the file of a valid token.',
  });
  t.is((await plane.rest('GET', '/v1/nothing')).body.code, 'NOT_FOUND');
  t.is((await plane.rest('POST', '/v1/sites', { name: 7 })).body.code, 'REQUEST_INVALID');
  t.is((await plane.rest('POST', '/v1/sites', { name: 'a', why: 'x'.repeat(2_000_000) })).status, 413);
});

test('plain HTTP is refused with a readable answer, on the port for people', async (t) => {
  const plane = await open(t);
  const { port } = new URL(plane.addresses.api);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () =>
      socket.write('GET /v1/sites HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    );
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
  t.regex(answer, /^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json\r\n/);
  t.like(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as object, { code: 'PLAIN_HTTP', status: 400 });
});

test('the first token is a file that only its owner may read, and the database holds its hash', async (t) => {
  const plane = await open(t);
  const database = readFileSync(join(plane.data, 'control-plane.db'));
  const log = readFileSync(join(plane.data, 'control-plane.db-wal'));
  t.false(Buffer.concat([database, log]).includes(plane.token));
  const { body } = await plane
    .rest<{ token: string }>('POST', '/v1/sites', { name: 'leeds' })
    .then(() => plane.rest<{ token: string }>('POST', '/v1/sites/leeds/join-token', {}));
  t.false(readFileSync(join(plane.data, 'control-plane.db-wal')).includes(body.token));
});

test('metrics have bounded series and say how many sites are how far away', async (t) => {
  const plane = await open(t);
  await plane.rest('POST', '/v1/sites', { name: 'leeds' });
  const { body, contentType } = await plane.rest<string>('GET', '/metrics');
  t.regex(contentType, /^text\/plain/);
  t.regex(body, /^tre_sites\{class="new"\} 1$/m);
  t.false(body.includes('leeds'));
  await plane.rest('POST', '/v1/sites/leeds/revoke', {});
  const after = (await plane.rest<string>('GET', '/metrics')).body;
  t.regex(after, /^tre_sites\{class="withdrawn"\} 1$/m);
  t.regex(after, /^tre_sites\{class="new"\} 0$/m);
  t.regex(after, /^tre_sites_by_verdict\{word="new",news="true"\} 0$/m);
});
