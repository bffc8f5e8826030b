// /v1/events: what a site says over real TLS, and what an operator does, as one list that a reader can follow.

import { cpSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import test, { type ExecutionContext } from 'ava';
import type { z } from 'zod';
import type { eventSchema } from '../../../control-plane/api/event-view.ts';
import type { SiteDetail } from '../../../control-plane/api/site-schema.ts';
import { createLog } from '../../../daemon/log.ts';
import { ReportBodySchema } from '../../../proto/gen/tre/v1/sync_pb.ts';
import { bootId, joinSite, openStream, type TestStream } from '../../support/agent-client.ts';
import { publishRelease, startControlPlane, type TestControlPlane } from '../../support/control-plane.ts';
import { configMapObject, makeRelease, newSigner, signaturesOf } from '../../support/documents.ts';
import { scratch } from '../../support/scratch.ts';

type Event = z.infer<typeof eventSchema>;
interface Feed {
  readonly events: Event[];
  readonly after: number;
  readonly newest: number;
  readonly oldest: number;
  readonly restored: boolean;
}
type Body = NonNullable<MessageInitShape<typeof ReportBodySchema>['body']>;

const made = makeRelease([configMapObject('a'), configMapObject('b')]);

async function open(t: ExecutionContext) {
  const plane = await startControlPlane(scratch(t));
  t.teardown(() => plane.stop());
  const events = async (query = '') => (await plane.rest<Feed>('GET', `/v1/events${query}`)).body;
  return { plane, events };
}

/** Sends one row and waits until it is acknowledged. */
async function report(stream: TestStream, sequence: number, body: Body): Promise<void> {
  const row = {
    bootId,
    sequence: BigInt(sequence),
    body: toBinary(ReportBodySchema, create(ReportBodySchema, { body })),
  };
  await stream.duplex.send({ message: { case: 'report', value: { rows: [row] } } } as never);
  await stream.until('ack');
}

/** A heartbeat of a site whose clock is an hour behind, and which looked a moment ago. */
async function beat(stream: TestStream): Promise<void> {
  const now = BigInt(Date.now() - 3_600_000);
  const value = { sentAtMs: now, observedAtMs: now - 10n, healthObservedAtMs: now - 10n };
  await stream.duplex.send({ message: { case: 'heartbeat', value } } as never);
}

function state(changes: object): Body {
  const now = BigInt(Date.now() - 3_600_000);
  const value = { observedAtMs: now, healthObservedAtMs: now, epoch: 1, generation: 1, ...changes };
  return { case: 'state', value } as Body;
}

const line = ({ kind, phase, code }: Event) => [kind, phase, code].filter((part) => part !== null).join(' ');

test('what happens to a site is one list, in order, in words', async (t) => {
  const { plane, events } = await open(t);
  await publishRelease(plane, made, signaturesOf(made.manifest, newSigner('alice')));
  const site = await joinSite(plane, 'leeds');
  await plane.rest('PUT', '/v1/sites/leeds/desired', { release: 'demo@1.0.0' });
  const stream = await openStream(site);
  t.teardown(() => stream.close());
  await stream.until('offer');
  await beat(stream);
  const crash = { reason: 'ContainerCrashLooping', index: 1, sinceMs: 5n };
  const broken = [{ code: 'NotHealthy', sinceMs: 5n, count: 1 }];
  await report(stream, 1, state({ applied: false, conditions: [{ code: 'Progressing', sinceMs: 4n }] }));
  await report(stream, 2, state({ applied: true, healthy: false, health: [crash], conditions: broken }));
  await report(stream, 3, state({ applied: true, healthy: true, hold: { sinceMs: 6n, untilMs: 7n } }));
  const refusal = { atMs: 8n, epoch: 1, generation: 2, code: 'SITE_HELD' };
  await report(stream, 4, { case: 'refusal', value: refusal } as Body);
  await plane.rest('PATCH', '/v1/sites/leeds', { name: 'york' });

  const { events: all, newest } = await events();
  t.deepEqual(all.map(line), [
    'joined',
    'assigned',
    'contact live',
    'condition began Progressing',
    'health progressing',
    'condition ended Progressing',
    'condition began NotHealthy',
    'health not-healthy',
    'condition ended NotHealthy',
    'hold began',
    'health healthy',
    'refusal SITE_HELD',
    'renamed',
  ]);
  t.is(all.at(-1)?.id, newest);
  t.true(
    all.every(({ id }, index) => index === 0 || id > (all[index - 1]?.id ?? id)),
    'ids rise',
  );
  t.true(all.every(({ site: { name } }) => name === 'york'));
  const health = all.find(({ code }) => code === 'not-healthy');
  t.is(health?.text, 'not healthy: A container ends again and again.');
  t.like(health?.facts, { isNews: true, before: 'progressing' });
  t.like(all[3]?.facts, { since: '1970-01-01T00:00:00.004Z', count: 0 });
  t.like(all[1]?.facts, { release: 'demo@1.0.0', generation: 1, who: 'admin' });
  t.deepEqual((await events(`?after=${all[10]?.id ?? 0}&limit=1`)).events.map(line), ['refusal SITE_HELD']);

  const { body } = await plane.rest<SiteDetail>('GET', '/v1/sites/york');
  t.like(body.verdict, { word: 'healthy', isNews: true });
  const ageMs = Date.now() - Date.parse(body.verdict.asOf ?? '');
  t.true(ageMs >= 0 && ageMs < 20_000, `as of ${ageMs} ms ago by the clock here, not an hour`);
});

test('health, components, the machine and isolation are shown in words, with names from the release', async (t) => {
  const { plane } = await open(t);
  await publishRelease(plane, made, signaturesOf(made.manifest, newSigner('alice')));
  const site = await joinSite(plane, 'leeds');
  await plane.rest('PUT', '/v1/sites/leeds/desired', { release: 'demo@1.0.0' });
  const stream = await openStream(site);
  t.teardown(() => stream.close());
  await stream.until('offer');
  const component = { index: 0, applied: true, healthy: false, drifted: true, objects: 2 };
  const isolation = { networkPolicy: 'not-enforced', checkedAtMs: 9n };
  const health = [
    { index: 1, reason: 'ImageUnavailable', sinceMs: 5n },
    { index: 0, reason: 'because of patient Smith', sinceMs: 5n },
  ];
  await report(stream, 1, state({ applied: true, components: [component], isolation, health }));
  const measures = [
    { name: 'memory.available', value: 5n, source: '/proc/meminfo' },
    { name: 'memory.available', value: 6n, source: '/proc/meminfo' },
    { name: 'patients', value: 5n, source: '/proc/meminfo' },
    { name: 'memory.total', value: 5n, source: 'a guess' },
  ];
  await report(stream, 2, { case: 'host', value: { observedAtMs: 5n, measures } } as Body);
  const facts = [
    { name: 'cpu.model', value: 'A processor of 2024', source: 'systeminformation' },
    { name: 'machine.serial', value: 'S123', source: 'systeminformation' },
    { name: 'os.name', value: 'two\nlines', source: 'systeminformation' },
  ];
  const identifying = [{ name: 'host.name', value: 'ward7', source: 'systeminformation' }];
  await report(stream, 3, { case: 'hardware', value: { observedAtMs: 5n, facts, identifying } } as Body);

  const { body } = await plane.rest<SiteDetail>('GET', '/v1/sites/leeds');
  const { index: _, ...shown } = component;
  t.deepEqual(body.state?.components, [{ name: 'base', ...shown }]);
  t.deepEqual(body.state?.isolation, {
    networkPolicy: 'not-enforced',
    checkedAt: '1970-01-01T00:00:00.009Z',
  });
  t.is(body.unhealthy.length, 1, 'only reasons of the closed list');
  t.like(body.unhealthy[0], {
    reason: 'ImageUnavailable',
    status: 'failed',
    text: 'An image cannot be had.',
    object: { kind: 'ConfigMap', name: 'b' },
  });
  t.deepEqual(
    body.host?.measures.map(({ name, value, unit }) => ({ name, value, unit })),
    [{ name: 'memory.available', value: 6, unit: 'bytes' }],
  );
  t.deepEqual(
    body.hardware?.facts.map(({ name, value }) => `${name}: ${value}`),
    ['cpu.model: A processor of 2024', 'host.name: ward7'],
    'what identifies a machine counts only where the site puts what it allows to leave',
  );
});

test('a reader waits for the next event, and is answered at once when it comes', async (t) => {
  const { plane, events } = await open(t);
  await plane.rest('POST', '/v1/sites', { name: 'leeds' });
  const beganMs = Date.now();
  const waiting = events('?wait=20');
  await new Promise((resolve) => setTimeout(resolve, 300));
  const renamedMs = Date.now();
  await plane.rest('PATCH', '/v1/sites/leeds', { name: 'york' });
  t.deepEqual((await waiting).events.map(line), ['renamed']);
  t.log(`answered ${Date.now() - renamedMs} ms after the change began`);
  t.true(Date.now() - beganMs < 5_000);
  const { newest } = await events();
  const nothing = await events(`?after=${newest}&wait=1`);
  t.deepEqual(nothing, { events: [], after: newest, newest, oldest: 1, restored: false });
});

test('whoever has seen what a restored backup does not hold is told so, and misses nothing that came since', async (t) => {
  const data = scratch(t);
  const backup = scratch(t);
  const events = async (plane: TestControlPlane, query = '') =>
    (await plane.rest<Feed>('GET', `/v1/events${query}`)).body;
  const rename = async (plane: TestControlPlane, from: string, ...names: readonly string[]) => {
    for (const [index, name] of names.entries())
      await plane.rest('PATCH', `/v1/sites/${names[index - 1] ?? from}`, { name });
  };
  const first = await startControlPlane(data);
  await first.rest('POST', '/v1/sites', { name: 'leeds' });
  await rename(first, 'leeds', 'york');
  await first.stop();
  cpSync(data, backup, { recursive: true });
  const lived = await startControlPlane(data);
  await rename(lived, 'york', 'bath', 'hull');
  const seen = (await events(lived)).events;
  await lived.stop();
  const [kept, , last] = seen;
  if (kept === undefined || last === undefined) return t.fail('three events');

  const restored = await startControlPlane(backup);
  t.teardown(() => restored.stop());
  const beganMs = Date.now();
  t.like(await events(restored, `?after=${last.id}&wait=20`), { restored: true, after: 1, events: [] });
  t.true(Date.now() - beganMs < 10_000, 'nobody waits for an id that does not come');
  t.like(await events(restored, `?after=${kept.id}&at=${kept.at}`), { restored: false, events: [] });
  await rename(restored, 'york', 'ely', 'wells', 'truro', 'ripon');
  const again = await events(restored, `?after=${last.id}&at=${last.at}`);
  t.like(again, { restored: true, after: 1 });
  t.deepEqual(
    again.events.map(({ facts }) => facts['to']),
    ['ely', 'wells', 'truro', 'ripon'],
  );
  t.like(await events(restored, `?after=${last.id}`), { restored: false }, 'by its id alone nobody can tell');
  t.is((await restored.rest('GET', '/v1/events?at=yesterday')).body.code, 'REQUEST_INVALID');
});

test('a wait that is over makes room for the next one, however many there were', async (t) => {
  const { plane } = await open(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  const headers = { authorization: `Bearer ${plane.token}` };
  const poll = (wait: number) =>
    new Promise<void>((resolve, reject) => {
      const url = `${plane.addresses.api}/v1/events?wait=${wait}`;
      request(url, { ca: plane.ca, headers, agent }, (response) => response.resume().on('end', resolve))
        .on('error', reject)
        .end();
    });
  // More than may wait at once.
  for (let count = 0; count < 260; count += 1) await poll(0.001);
  const beganMs = performance.now();
  await poll(1);
  t.true(performance.now() - beganMs > 900, 'it waits as the first one did');
});

test('whoever hangs up while waiting is no error of the server', async (t) => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', write: (line) => void lines.push(line) });
  const plane = await startControlPlane(scratch(t), {}, log);
  t.teardown(() => plane.stop());
  const headers = { authorization: `Bearer ${plane.token}` };
  const reader = request(`${plane.addresses.api}/v1/events?wait=20`, { ca: plane.ca, headers });
  reader.on('error', () => undefined).end();
  await new Promise((resolve) => setTimeout(resolve, 500));
  reader.destroy();
  await new Promise((resolve) => setTimeout(resolve, 500));
  await plane.rest('POST', '/v1/sites', { name: 'leeds' });
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.deepEqual(
    lines.filter((line) => /"level":"(error|warn)"/.test(line)),
    [],
  );
  t.true(lines.some((line) => line.includes('"status":201')));
});

test('events of another site do not end the wait, and the end of the server does', async (t) => {
  const { plane, events } = await open(t);
  for (const name of ['leeds', 'york']) await plane.rest('POST', '/v1/sites', { name });
  const waiting = events('?site=leeds&wait=1');
  await plane.rest('PATCH', '/v1/sites/york', { name: 'bath' });
  t.is((await waiting).events.length, 0);
  const cut = t.throwsAsync(events('?site=leeds&wait=30'));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const beganMs = Date.now();
  await plane.stop();
  await cut;
  t.true(Date.now() - beganMs < 5_000);
});
