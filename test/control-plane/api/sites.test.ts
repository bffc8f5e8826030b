// What an operator does with sites over REST: labels, names, deletion, rollback, history.

import test, { type ExecutionContext } from 'ava';
import type { DesiredView, SiteDetail, SiteView } from '../../../control-plane/api/site-schema.ts';
import type { ChainedRow } from '../../../proto/audit-chain.ts';
import { begin, joinSite, newMachine, openChannel } from '../../support/agent-client.ts';
import { publishRelease, startControlPlane } from '../../support/control-plane.ts';
import { configMapObject, makeRelease, newSigner, parameter, signaturesOf } from '../../support/documents.ts';
import { scratch } from '../../support/scratch.ts';

async function open(t: ExecutionContext) {
  const plane = await startControlPlane(scratch(t));
  t.teardown(() => plane.stop());
  const names = async (query = '') =>
    (await plane.rest<{ sites: SiteView[] }>('GET', `/v1/sites${query}`)).body.sites.map(({ name }) => name);
  const audit = async () =>
    (await plane.rest<{ rows: (ChainedRow & { at: string })[] }>('GET', '/v1/audit?limit=1000')).body.rows;
  return { plane, names, audit };
}

test('sites are chosen by their labels', async (t) => {
  const { plane, names } = await open(t);
  for (const [name, labels] of [
    ['leeds', { region: 'north', 'tre.example.org/ring': '1' }],
    ['york', { region: 'north', 'tre.example.org/ring': '2' }],
    ['bath', { region: 'south', pilot: '' }],
  ] as const) {
    await plane.rest('POST', '/v1/sites', { name });
    const { body, status } = await plane.rest<SiteView>('PATCH', `/v1/sites/${name}`, { labels });
    t.is(status, 200);
    t.deepEqual(body.labels as unknown, labels);
  }
  t.deepEqual(await names(), ['bath', 'leeds', 'york']);
  t.deepEqual(await names('?label=region=north'), ['leeds', 'york']);
  t.deepEqual(await names('?label=region=north&label=tre.example.org/ring=2'), ['york']);
  t.deepEqual(await names('?label=pilot'), ['bath']);
  t.deepEqual(await names('?label=region=east'), []);
  const removed = await plane.rest<SiteView>('PATCH', '/v1/sites/york', { labels: { region: null, x: 'y' } });
  t.deepEqual(removed.body.labels, { 'tre.example.org/ring': '2', x: 'y' });
});

test('what is no label is refused, and changes nothing', async (t) => {
  const { plane, audit } = await open(t);
  await plane.rest('POST', '/v1/sites', { name: 'leeds' });
  const before = (await audit()).length;
  for (const labels of [{ 'a b': 'x' }, { a: 'x y' }, { a: 'x'.repeat(64) }, { '-a': null }]) {
    const { body } = await plane.rest('PATCH', '/v1/sites/leeds', { labels, name: 'york' });
    t.is(body.code, 'LABEL_INVALID');
  }
  const many = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`k${index}`, 'v']));
  t.is((await plane.rest('PATCH', '/v1/sites/leeds', { labels: many })).body.code, 'LABEL_INVALID');
  t.is((await plane.rest('GET', '/v1/sites?label=a%20b')).body.code, 'LABEL_INVALID');
  t.deepEqual((await plane.rest<SiteView>('GET', '/v1/sites/leeds')).body.labels, {});
  t.is((await audit()).length, before);
});

test('a site has at most 32 labels; at that, one may take the place of another', async (t) => {
  const { plane } = await open(t);
  await plane.rest('POST', '/v1/sites', { name: 'leeds' });
  const set = (labels: Readonly<Record<string, string | null>>) =>
    plane.rest<SiteView & { readonly code: string }>('PATCH', '/v1/sites/leeds', { labels });
  const full = Object.fromEntries(Array.from({ length: 32 }, (_, index) => [`k${index}`, 'v']));
  t.is((await set(full)).status, 200);
  t.is((await set({ more: 'v' })).body.code, 'LABEL_INVALID');
  t.is((await set({ k0: 'w', nothing: null, more: 'v' })).body.code, 'LABEL_INVALID');
  t.is((await set({ k0: null, k1: 'w', more: 'v' })).status, 200);
  const { labels } = (await plane.rest<SiteView>('GET', '/v1/sites/leeds')).body;
  t.is(Object.keys(labels).length, 32);
  t.like(labels, { k1: 'w', more: 'v' });
});

test('a site can be renamed; what is changed to what it is, is not written down', async (t) => {
  const { plane, audit } = await open(t);
  const { body } = await plane.rest<SiteView>('POST', '/v1/sites', { name: 'leeds' });
  await plane.rest('POST', '/v1/sites', { name: 'york' });
  t.is((await plane.rest('PATCH', '/v1/sites/leeds', { name: 'york' })).body.code, 'SITE_NAME_TAKEN');
  const renamed = await plane.rest<SiteView>('PATCH', '/v1/sites/leeds', { name: 'leeds-2', why: 'merged' });
  t.like(renamed.body, { id: body.id, name: 'leeds-2' });
  t.is((await plane.rest('GET', '/v1/sites/leeds')).body.code, 'SITE_UNKNOWN');
  t.like((await audit()).at(-1), {
    what: 'site.rename',
    subject: `${body.id} leeds -> leeds-2`,
    why: 'merged',
  });
  const count = (await audit()).length;
  await plane.rest('PATCH', '/v1/sites/leeds-2', { name: 'leeds-2', labels: { a: null, constructor: null } });
  t.is((await audit()).length, count);
});

test('the audit says what was changed of labels', async (t) => {
  const { plane, audit } = await open(t);
  const { body } = await plane.rest<SiteView>('POST', '/v1/sites', { name: 'leeds' });
  await plane.rest('PATCH', '/v1/sites/leeds', { labels: { ring: '1', region: 'north', pilot: '' } });
  await plane.rest('PATCH', '/v1/sites/leeds', { labels: { ring: '2', region: 'north', pilot: null } });
  const rows = (await audit()).filter(({ what }) => what === 'site.label');
  t.deepEqual(
    rows.map(({ subject }) => subject),
    [`${body.id} ring=1 region=north pilot=`, `${body.id} ring=2 pilot-`],
  );
});

test('a deleted site is gone from lists, its name is free, and what happened stays', async (t) => {
  const { plane, names, audit } = await open(t);
  const site = await joinSite(plane, 'leeds');
  const token = await plane.rest<{ token: string }>('POST', '/v1/sites/leeds/join-token', {});
  t.is(token.status, 201);
  t.is((await plane.rest('DELETE', '/v1/sites/leeds')).body.code, 'SITE_IN_USE');
  await plane.rest('POST', '/v1/sites/leeds/revoke', {});
  const deleted = await plane.rest('DELETE', '/v1/sites/leeds?why=closed');
  t.is(deleted.status, 204);
  t.deepEqual(await names(), []);
  t.is((await plane.rest('DELETE', '/v1/sites/leeds')).body.code, 'SITE_UNKNOWN');
  t.is((await plane.rest('GET', `/v1/sites/${site.siteId}`)).body.code, 'SITE_UNKNOWN');
  t.is((await plane.rest('POST', `/v1/sites/${site.siteId}/join-token`, {})).body.code, 'SITE_UNKNOWN');
  t.like((await audit()).at(-1), { what: 'site.delete', subject: site.siteId, why: 'closed' });
  interface Events {
    readonly events: { kind: string; site: { name: string; deleted: boolean } }[];
  }
  const events = async (id: string) =>
    (await plane.rest<Events>('GET', `/v1/events?site=${id}`)).body.events.map(
      ({ kind, site: { name, deleted } }) => `${kind} ${name} ${deleted}`,
    );
  t.deepEqual(await events(site.siteId), ['joined leeds true', 'revoked leeds true', 'deleted leeds true']);

  const again = await plane.rest<SiteView>('POST', '/v1/sites', { name: 'leeds' });
  t.is(again.status, 201);
  t.not(again.body.id, site.siteId);
  await plane.rest('POST', '/v1/sites/leeds/revoke', {});
  t.deepEqual(
    await events(again.body.id),
    ['revoked leeds false'],
    'what bears the same name can be told apart',
  );
});

test('a site that nobody joined can be deleted at once, and its join token is worth nothing', async (t) => {
  const { plane } = await open(t);
  const { body: site } = await plane.rest<SiteView>('POST', '/v1/sites', { name: 'leeds' });
  const { body } = await plane.rest<{ token: string }>('POST', '/v1/sites/leeds/join-token', {});
  t.is((await plane.rest('DELETE', '/v1/sites/leeds')).status, 204);
  const channel = openChannel({ address: plane.addresses.agents, ca: plane.ca });
  t.teardown(() => channel.close());
  await t.throwsAsync(begin(channel, await newMachine(site.id), body.token), { code: 'SITE_REVOKED' });
});

function release(version: string) {
  const parameters = [parameter('size', { type: 'integer', default: 1 })];
  return makeRelease([configMapObject('a', { v: version })], { version, parameters });
}

test('a rollback is the release before, with the parameters that it had then', async (t) => {
  const { plane, audit } = await open(t);
  const signer = newSigner('alice');
  for (const version of ['1.0.0', '2.0.0'])
    await publishRelease(plane, release(version), signaturesOf(release(version).manifest, signer));
  await plane.rest('POST', '/v1/sites', { name: 'leeds' });
  const rollback = () => plane.rest<DesiredView>('POST', '/v1/sites/leeds/rollback', { why: 'it broke' });
  t.is((await plane.rest('POST', '/v1/sites/leeds/rollback', {})).body.code, 'NO_EARLIER_RELEASE');
  const put = (body: object) => plane.rest<DesiredView>('PUT', '/v1/sites/leeds/desired', body);
  await put({ release: 'demo@1.0.0', parameters: { size: 3 }, why: 'first' });
  t.is((await plane.rest('POST', '/v1/sites/leeds/rollback', {})).body.code, 'NO_EARLIER_RELEASE');
  await put({ release: 'demo@2.0.0', parameters: { size: 4 } });
  await put({ release: 'demo@2.0.0', parameters: { size: 5 } });
  const back = await rollback();
  t.is(back.status, 201);
  t.like(back.body, { generation: 4, release: { version: '1.0.0' }, parameters: { size: 3 } });
  t.like((await audit()).at(-1), { what: 'site.rollback', why: 'it broke', digest: back.body.digest });
  t.is((await plane.rest('POST', '/v1/sites/leeds/rollback', {})).body.code, 'NO_EARLIER_RELEASE');

  const { history } = (await plane.rest<SiteDetail>('GET', '/v1/sites/leeds')).body;
  t.deepEqual(
    history.map(({ generation, release: { version }, why }) => [generation, version, why]),
    [
      [4, '1.0.0', 'it broke'],
      [3, '2.0.0', null],
      [2, '2.0.0', null],
      [1, '1.0.0', 'first'],
    ],
  );
  t.is(history[0]?.issuedBy, 'admin');
});

test('going back again goes further back, never to what was fled from', async (t) => {
  const { plane } = await open(t);
  const signer = newSigner('alice');
  const put = async (version: string) => {
    const body = { release: `demo@${version}`, parameters: { size: Number(version[0]) } };
    t.is((await plane.rest('PUT', '/v1/sites/leeds/desired', body)).status, 200);
  };
  const rollback = async () => {
    const { body } = await plane.rest<DesiredView & { code?: string }>(
      'POST',
      '/v1/sites/leeds/rollback',
      {},
    );
    return body.code ?? `${body.release.version} ${String(body.parameters['size'])}`;
  };
  await plane.rest('POST', '/v1/sites', { name: 'leeds' });
  for (const version of ['1.0.0', '2.0.0', '3.0.0', '4.0.0'])
    await publishRelease(plane, release(version), signaturesOf(release(version).manifest, signer));
  for (const version of ['1.0.0', '2.0.0', '3.0.0']) await put(version);
  t.is(await rollback(), '2.0.0 2');
  await put('2.0.0');
  t.is(await rollback(), '1.0.0 1', 'also when the release was assigned anew in between');
  t.is(await rollback(), 'NO_EARLIER_RELEASE');
  await put('4.0.0');
  t.is(await rollback(), '1.0.0 1');
  t.is(await rollback(), 'NO_EARLIER_RELEASE');
  await put('3.0.0');
  await put('4.0.0');
  t.is(await rollback(), '3.0.0 3', 'what was chosen again on purpose is a release like any other');
});
