// Publishing and assigning over REST: what is kept, and every refusal with its code and nothing changed.

import test, { type ExecutionContext } from 'ava';
import type { DesiredView } from '../../../control-plane/api/site-schema.ts';
import { brokenAuditRow, type ChainedRow } from '../../../proto/audit-chain.ts';
import {
  type PublishedRelease,
  publishRelease,
  startControlPlane,
  type TestControlPlane,
} from '../../support/control-plane.ts';
import { configMapObject, makeRelease, newSigner, parameter, signaturesOf } from '../../support/documents.ts';
import { scratch } from '../../support/scratch.ts';

const alice = newSigner('alice');
const made = makeRelease([configMapObject('a'), configMapObject('b')], {
  parameters: [
    parameter('count', { type: 'integer', default: 1, minimum: 1, maximum: 9 }),
    parameter('motto'),
  ],
});
const [first] = made.release.objects;
const text = made.objects[0]?.toString('utf8') ?? '';

async function open(t: ExecutionContext): Promise<TestControlPlane> {
  const plane = await startControlPlane(scratch(t));
  t.teardown(() => plane.stop());
  return plane;
}

const releases = async (plane: TestControlPlane) =>
  (await plane.rest<{ releases: PublishedRelease[] }>('GET', '/v1/releases')).body.releases;

test('a release is published with its content and signatures; again it changes nothing', async (t) => {
  const plane = await open(t);
  t.is((await publishRelease(plane, made, signaturesOf(made.manifest, alice))).status, 201);
  t.is((await publishRelease(plane, made, signaturesOf(made.manifest, alice))).status, 200);
  t.like(await releases(plane), [{ digest: made.digest, signatures: 1 }]);
  await publishRelease(plane, made, signaturesOf(made.manifest, newSigner('bob')));
  t.like(await releases(plane), [{ signatures: 2 }], 'signatures add up');
  const digests = made.release.objects.map((object) => object.digest);
  const missing = `sha256:${'0'.repeat(64)}`;
  const asked = await plane.rest('POST', '/v1/content/missing', { digests: [...digests, missing] });
  t.deepEqual(asked.body as unknown, { missing: [missing] });
});

test('the same name and version with other content is refused', async (t) => {
  const plane = await open(t);
  await publishRelease(plane, made, signaturesOf(made.manifest, alice));
  const other = makeRelease([configMapObject('c')]);
  const answer = await publishRelease(plane, other, signaturesOf(other.manifest, alice));
  t.is(answer.status, 409);
  t.is(answer.body.code, 'RELEASE_CONFLICT');
  t.like(await releases(plane), [{ digest: made.digest, signatures: 1 }]);
});

const refused = test.macro({
  async exec(t, path: string, body: object, code: string) {
    const plane = await open(t);
    t.is((await plane.rest('POST', path, body)).body.code, code);
    t.deepEqual(await releases(plane), []);
  },
  title: (name = '', _path, _body, code) => `${code}: ${name}`,
});

test(
  'a manifest before its content',
  refused,
  '/v1/releases',
  { manifest: made.manifest.toString('utf8') },
  'CONTENT_MISSING',
);
test(
  'a manifest that is none',
  refused,
  '/v1/releases',
  { manifest: '{"type":"tre.release/v1"}' },
  'DOCUMENT_INVALID',
);
test(
  'a manifest with a key twice',
  refused,
  '/v1/releases',
  { manifest: '{"type":"a","type":"b"}' },
  'DOCUMENT_INVALID',
);
test(
  'content that is not its digest',
  refused,
  '/v1/content',
  { contents: [{ digest: first?.digest, text: `${text} ` }] },
  'DIGEST_MISMATCH',
);
test(
  'an object over the limit',
  refused,
  '/v1/content',
  { contents: [{ digest: first?.digest, text: 'x'.repeat(1_048_577) }] },
  'RELEASE_TOO_LARGE',
);

test('a manifest that lies about a size is refused', async (t) => {
  const plane = await open(t);
  const objects = made.release.objects.map((object) => ({ ...object, size: object.size + 1 }));
  const lying = makeRelease([configMapObject('a'), configMapObject('b')], { objects });
  t.is(
    (await publishRelease(plane, lying, signaturesOf(lying.manifest, alice))).body.code,
    'DIGEST_MISMATCH',
  );
});

test('signatures of something else are refused', async (t) => {
  const plane = await open(t);
  await publishRelease(plane, made, signaturesOf(made.manifest, alice));
  const put = (signatures: unknown) =>
    plane.rest('PUT', '/v1/releases/demo@1.0.0/signatures', { signatures });
  const others = JSON.parse(signaturesOf(Buffer.from('{}'), alice).toString('utf8')) as object;
  t.is((await put(others)).body.code, 'DIGEST_MISMATCH');
  t.is(
    (await put({ ...others, signatures: [{ keyid: 'x', sig: 'not base64' }] })).body.code,
    'ENVELOPE_INVALID',
  );
  t.like(await releases(plane), [{ signatures: 1 }]);
});

test('an assignment is checked against the release, and each one is the next generation', async (t) => {
  const plane = await open(t);
  await publishRelease(plane, made, signaturesOf(made.manifest, alice));
  await plane.rest('POST', '/v1/sites', { name: 'leeds' });
  const put = <T>(body: object) =>
    plane.rest<T>('PUT', '/v1/sites/leeds/desired', { release: 'demo@1.0.0', ...body });
  const codes = [
    ['PARAMETER_WITHOUT_VALUE', {}],
    ['PARAMETER_REFUSED', { parameters: { motto: 'x', count: 10 } }],
    ['PARAMETER_REFUSED', { parameters: { motto: true } }],
    ['PARAMETER_UNKNOWN', { parameters: { motto: 'x', colour: 'red' } }],
    ['RELEASE_UNKNOWN', { release: 'demo@9' }],
    ['REQUEST_INVALID', { parameters: { motto: [1] } }],
    ['REQUEST_INVALID', { why: '\ud800' }],
  ] as const;
  for (const [code, body] of codes)
    t.is((await put<{ code: string }>(body)).body.code, code, JSON.stringify(body));
  t.is((await plane.rest('GET', '/v1/sites/leeds/desired')).body.code, 'NOT_FOUND');

  const one = (await put<DesiredView>({ parameters: { motto: 'x' }, why: 'first' })).body;
  t.like(one, {
    epoch: 1,
    generation: 1,
    parameters: { motto: 'x' },
    release: { name: 'demo', version: '1.0.0' },
  });
  t.is(Date.parse(one.notAfter) - Date.parse(one.issuedAt), 180 * 86_400_000);
  t.is((await put<DesiredView>({ parameters: { motto: 'x' } })).body.generation, 2);
  t.is((await plane.rest<DesiredView>('GET', '/v1/sites/leeds/desired')).body.generation, 2);
  t.is(
    (await plane.rest('PUT', '/v1/sites/york/desired', { release: 'demo@1.0.0' })).body.code,
    'SITE_UNKNOWN',
  );
});

test('a document over its limit is refused before it becomes a link of the chain', async (t) => {
  const plane = await open(t);
  const names = Array.from({ length: 17 }, (_, index) => `text${index}`);
  const wordy = makeRelease([configMapObject('a')], {
    parameters: names.map((name) => parameter(name, { default: '' })),
  });
  await publishRelease(plane, wordy, signaturesOf(wordy.manifest, alice));
  await plane.rest('POST', '/v1/sites', { name: 'leeds' });
  const put = <T>(length: number) =>
    plane.rest<T>('PUT', '/v1/sites/leeds/desired', {
      release: wordy.digest,
      parameters: Object.fromEntries(names.map((name) => [name, 'x'.repeat(length)])),
    });
  const answer = await put<{ code: string }>(4096);
  t.deepEqual([answer.status, answer.body.code], [413, 'DOCUMENT_TOO_LARGE']);
  t.is((await put<DesiredView>(10)).body.generation, 1);
});

test('every change is in the audit, by whom and why, and the chain holds', async (t) => {
  const plane = await open(t);
  await publishRelease(plane, made, signaturesOf(made.manifest, alice));
  await publishRelease(plane, made, signaturesOf(made.manifest, alice));
  await plane.rest('POST', '/v1/sites', { name: 'leeds', why: 'a new hospital' });
  await plane.rest('POST', '/v1/sites/leeds/join-token', {});
  await plane.rest('PUT', '/v1/sites/leeds/desired', { release: made.digest, parameters: { motto: 'x' } });
  await plane.rest('POST', '/v1/sites/leeds/revoke', {});
  const { rows } = (await plane.rest<{ rows: (ChainedRow & { at: string })[] }>('GET', '/v1/audit')).body;
  t.deepEqual(
    rows.map(({ who, what, why }) => [who, what, why]),
    [
      ['tre-control-plane', 'token.new', null],
      ['tre-control-plane', 'init', null],
      ['admin', 'release.publish', null],
      ['admin', 'release.sign', null],
      ['admin', 'site.create', 'a new hospital'],
      ['admin', 'site.join-token', null],
      ['admin', 'site.assign', null],
      ['admin', 'site.revoke', null],
    ],
  );
  t.is(brokenAuditRow(rows.map((row) => ({ ...row, atMs: Date.parse(row.at) }))), undefined);
  t.is((await plane.rest<{ rows: unknown[] }>('GET', '/v1/audit?after=6&limit=1')).body.rows.length, 1);
  const about = (await plane.rest<{ rows: { about: unknown }[] }>('GET', '/v1/audit?after=2')).body.rows;
  const leeds = { site: 'leeds', generation: null, release: null };
  const assigned = { site: 'leeds', generation: 1, release: { name: 'demo', version: '1.0.0' } };
  t.deepEqual(
    about.map((row) => row.about),
    [null, null, leeds, leeds, assigned, leeds],
  );
});
