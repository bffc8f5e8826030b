// A stream between a site and a real control plane: offers, acknowledgements, refusals, revocation.

import { create, toBinary } from '@bufbuild/protobuf';
import test, { type ExecutionContext } from 'ava';
import type { DesiredView, SiteDetail } from '../../../control-plane/api/site-schema.ts';
import { parseDesired } from '../../../proto/document.ts';
import {
  decodeEnvelope,
  decodeSignatures,
  type PublicKey,
  verifiedSigners,
} from '../../../proto/envelope.ts';
import { ReportBodySchema } from '../../../proto/gen/tre/v1/sync_pb.ts';
import { CallFailed } from '../../../proto/grpc.ts';
import { bootId, joinMachine, joinSite, openStream, type TestStream } from '../../support/agent-client.ts';
import { publishRelease, startControlPlane, type TestControlPlane } from '../../support/control-plane.ts';
import { configMapObject, makeRelease, newSigner, signaturesOf } from '../../support/documents.ts';
import { scratch } from '../../support/scratch.ts';

const signer = newSigner('alice');
const made = makeRelease([configMapObject('a'), configMapObject('b')]);

async function planeWithRelease(t: ExecutionContext): Promise<TestControlPlane> {
  const plane = await startControlPlane(scratch(t));
  t.teardown(() => plane.stop());
  await publishRelease(plane, made, signaturesOf(made.manifest, signer));
  return plane;
}

test('a site is welcomed and offered its document with the signatures of the release', async (t) => {
  const plane = await planeWithRelease(t);
  const site = await joinSite(plane, 'leeds');
  const assigned = await plane.rest('PUT', '/v1/sites/leeds/desired', { release: 'demo@1.0.0' });
  t.is(assigned.status, 200);
  const stream = await openStream(site, { clusterUid: '5f0cd2a4-7b5e-4b26-9c3e-1f2a3b4c5d6e' });
  t.teardown(() => stream.close());

  const welcome = await stream.until('welcome');
  t.is(welcome.value.heartbeatMs, 30_000);
  const offer = await stream.until('offer');
  t.false(offer.value.more);
  t.is(offer.value.documents.length, 1);
  const envelope = decodeEnvelope(offer.value.documents[0] ?? new Uint8Array());
  const { body } = await plane.rest<{ director: PublicKey }>('GET', '/v1/director');
  t.deepEqual(verifiedSigners([body.director], envelope), ['director']);
  const desired = parseDesired(envelope.payload);
  t.like(desired, {
    siteId: site.siteId,
    epoch: 1,
    generation: 1,
    previous: null,
    clusterUid: null,
    release: { digest: made.digest },
  });
  t.is(decodeSignatures(offer.value.releaseSignatures).signatures.length, 1);
  t.true((await plane.rest<SiteDetail>('GET', '/v1/sites/leeds')).body.contact.connected);
});

test('a new document reaches a connected site at once, as a chain from what it holds', async (t) => {
  const plane = await planeWithRelease(t);
  const site = await joinSite(plane, 'leeds');
  const clusterUid = '5f0cd2a4-7b5e-4b26-9c3e-1f2a3b4c5d6e';
  const stream = await openStream(site, { clusterUid });
  t.teardown(() => stream.close());
  await stream.until('welcome');
  await plane.rest('PUT', '/v1/sites/leeds/desired', { release: made.digest });
  const first = await stream.until('offer');
  const desired = parseDesired(decodeEnvelope(first.value.documents[0] ?? new Uint8Array()).payload);
  t.is(desired.clusterUid, clusterUid, 'the cluster of Hello enters the next document');

  await plane.rest('PUT', '/v1/sites/leeds/desired', { release: made.digest });
  const both = await stream.until('offer');
  t.is(both.value.documents.length, 2, 'nothing was said about the first yet, so both are sent');
  const last = parseDesired(decodeEnvelope(both.value.documents[1] ?? new Uint8Array()).payload);
  t.is(last.generation, 2);

  await sendState(stream, { sequence: 1n, generation: 2 });
  await stream.until('ack');
  await plane.rest('PUT', '/v1/sites/leeds/desired', { release: made.digest });
  const third = await stream.until('offer');
  t.is(third.value.documents.length, 1);
});

test('an offer ends where the site already is', async (t) => {
  const plane = await planeWithRelease(t);
  const site = await joinSite(plane, 'leeds');
  const { body } = await plane.rest<DesiredView>('PUT', '/v1/sites/leeds/desired', { release: made.digest });
  const stream = await openStream(site, { epoch: 1, generation: 1, documentDigest: body.digest });
  t.teardown(() => stream.close());
  await stream.until('welcome');
  t.true(await stream.quiet(300));
});

for (const [title, hello, code] of [
  [
    'a higher generation',
    { epoch: 1, generation: 7, documentDigest: `sha256:${'7'.repeat(64)}` },
    'GENERATION_LOWER',
  ],
  ['a higher epoch', { epoch: 2, generation: 1, documentDigest: `sha256:${'7'.repeat(64)}` }, 'EPOCH_LOWER'],
  [
    'another document of the same generation',
    { epoch: 1, generation: 1, documentDigest: `sha256:${'7'.repeat(64)}` },
    'CHAIN_BROKEN',
  ],
] as const) {
  test(`a site that holds ${title} is offered nothing, and the operator sees ${code}`, async (t) => {
    const plane = await planeWithRelease(t);
    const site = await joinSite(plane, 'leeds');
    await plane.rest('PUT', '/v1/sites/leeds/desired', { release: made.digest });
    const stream = await openStream(site, hello);
    t.teardown(() => stream.close());
    await stream.until('welcome');
    t.true(await stream.quiet(300));
    t.is((await plane.rest<SiteDetail>('GET', '/v1/sites/leeds')).body.problem?.code, code);
    const again = await plane.rest('PUT', '/v1/sites/leeds/desired', { release: made.digest });
    t.is(again.body.code, code);
  });
}

test('what a site refused is not offered again until signatures are added', async (t) => {
  const plane = await planeWithRelease(t);
  const site = await joinSite(plane, 'leeds');
  await plane.rest('PUT', '/v1/sites/leeds/desired', { release: made.digest });
  const stream = await openStream(site);
  await stream.until('offer');
  await sendRefusal(stream, { sequence: 1n, generation: 1, code: 'RELEASE_UNDER_SIGNED' });
  await stream.until('ack');
  stream.close();
  const shown = (await plane.rest<SiteDetail>('GET', '/v1/sites/leeds')).body;
  t.like(shown.refused, { code: 'RELEASE_UNDER_SIGNED', generation: 1 });
  t.is(shown.refusals.length, 1);

  const again = await openStream(site, { refusedGeneration: 1, refusedCode: 'RELEASE_UNDER_SIGNED' });
  t.teardown(() => again.close());
  await again.until('welcome');
  t.true(await again.quiet(300));
  const more = signaturesOf(made.manifest, newSigner('bob'));
  await plane.rest('PUT', `/v1/releases/${made.digest}/signatures`, {
    signatures: JSON.parse(more.toString('utf8')) as unknown,
  });
  const offer = await again.until('offer');
  t.is(decodeSignatures(offer.value.releaseSignatures).signatures.length, 2);
});

test('what was refused is shown until the site takes that document or a later one', async (t) => {
  const plane = await planeWithRelease(t);
  const site = await joinSite(plane, 'leeds');
  for (const _ of [1, 2, 3]) await plane.rest('PUT', '/v1/sites/leeds/desired', { release: made.digest });
  const stream = await openStream(site);
  t.teardown(() => stream.close());
  await stream.until('offer');
  const shown = async () => {
    await stream.until('ack');
    const { refusals } = (await plane.rest<SiteDetail>('GET', '/v1/sites/leeds')).body;
    return refusals.map(({ code, generation }) => `${code} ${generation}`);
  };
  await sendRefusal(stream, { sequence: 1n, generation: 2, code: 'SITE_HELD' });
  t.deepEqual(await shown(), ['SITE_HELD 2']);
  await sendRefusal(stream, { sequence: 2n, generation: 3, code: 'SITE_HELD' });
  t.deepEqual(await shown(), ['SITE_HELD 3', 'SITE_HELD 2']);
  await sendState(stream, { sequence: 3n, generation: 2 });
  t.deepEqual(await shown(), ['SITE_HELD 3'], 'it has taken the earlier one');
  await sendState(stream, { sequence: 4n, generation: 3 });
  t.deepEqual(await shown(), []);
  await sendRefusal(stream, { sequence: 5n, generation: 3, code: 'CLUSTER_MISMATCH' });
  t.deepEqual(await shown(), ['CLUSTER_MISMATCH 3'], 'what it holds, and refuses now');
  await sendRefusal(stream, { sequence: 6n, epoch: 2, generation: 1, code: 'SITE_HELD' });
  await sendRefusal(stream, { sequence: 7n, epoch: 2, generation: 2, code: 'SITE_HELD' });
  t.deepEqual(await shown(), ['SITE_HELD 2', 'SITE_HELD 1'], 'a later epoch begins with low generations');
});

test('reports are acknowledged per start of the agent, and count once', async (t) => {
  const plane = await planeWithRelease(t);
  const site = await joinSite(plane, 'leeds');
  const stream = await openStream(site);
  t.teardown(() => stream.close());
  await sendRefusal(stream, { sequence: 1n, generation: 3, code: 'SITE_MISMATCH' });
  t.like((await stream.until('ack')).value, { bootId, sequence: 1n });
  await sendRefusal(stream, { sequence: 1n, generation: 3, code: 'SITE_MISMATCH' });
  await stream.until('ack');
  await sendState(stream, { sequence: 2n, generation: 0 });
  t.like((await stream.until('ack')).value, { bootId, sequence: 2n });
  const events = (await plane.rest<{ events: { code: string }[] }>('GET', '/v1/sites/leeds/events')).body
    .events;
  t.deepEqual(
    events.map((event) => event.code),
    ['SITE_MISMATCH'],
  );
  const shown = (await plane.rest<SiteDetail>('GET', '/v1/sites/leeds')).body;
  t.true(shown.state?.applied);
  t.is(shown.contact.class, 'live');
});

test('what stands in the way is shown in words, objects by the names that the site never sent', async (t) => {
  const plane = await planeWithRelease(t);
  const site = await joinSite(plane, 'leeds');
  const stream = await openStream(site);
  t.teardown(() => stream.close());
  const value = {
    observedAtMs: 1_000n,
    releases: { offered: made.digest },
    conditions: [{ code: 'ObjectRefused', sinceMs: 2_000n, count: 1 }],
    objects: [{ index: 1, code: 'OBJECT_REFUSED' }],
    objectsWanted: 2,
    objectsApplied: 1,
  };
  await sendRow(
    stream,
    1n,
    toBinary(ReportBodySchema, create(ReportBodySchema, { body: { case: 'state', value } })),
  );
  await stream.until('ack');
  const shown = (await plane.rest<SiteDetail>('GET', '/v1/sites/leeds')).body;
  t.like(shown.state, {
    observedAt: '1970-01-01T00:00:01.000Z',
    applied: false,
    objectsWanted: 2,
    objectsApplied: 1,
  });
  t.like(shown.state?.conditions[0], {
    code: 'ObjectRefused',
    severity: 'error',
    since: '1970-01-01T00:00:02.000Z',
  });
  t.deepEqual(shown.objects[0]?.object, { group: '', kind: 'ConfigMap', namespace: 'demo', name: 'b' });
  t.is(shown.state?.releases.offered?.name, 'demo');
});

test('a body that we do not understand is counted and stops nothing', async (t) => {
  const plane = await planeWithRelease(t);
  const site = await joinSite(plane, 'leeds');
  const stream = await openStream(site);
  t.teardown(() => stream.close());
  await sendRow(stream, 1n, new Uint8Array([0xff, 0xff, 0xff]));
  t.is((await stream.until('ack')).value.sequence, 1n);
  await sendRefusal(stream, { sequence: 2n, generation: 1, code: 'A_CODE_OF_TOMORROW' });
  t.is((await stream.until('ack')).value.sequence, 2n);
});

test('a withdrawn site is told so, and never served again', async (t) => {
  const plane = await planeWithRelease(t);
  const site = await joinSite(plane, 'leeds');
  const stream = await openStream(site);
  await stream.until('welcome');
  await plane.rest('POST', '/v1/sites/leeds/revoke', { why: 'decommissioned' });
  await stream.until('revoked');
  t.is((await t.throwsAsync(stream.next(), { instanceOf: CallFailed }))?.code, 'SITE_REVOKED');
  stream.close();
  const again = await openStream(site);
  t.teardown(() => again.close());
  t.is((await t.throwsAsync(again.until('welcome'), { instanceOf: CallFailed }))?.code, 'SITE_REVOKED');
});

test('a second machine takes the place of the first', async (t) => {
  const plane = await planeWithRelease(t);
  const site = await joinSite(plane, 'leeds');
  const second = await joinMachine(plane, site.siteId, site.door);
  const old = await openStream(site);
  t.teardown(() => old.close());
  t.is((await t.throwsAsync(old.until('welcome'), { instanceOf: CallFailed }))?.code, 'SITE_REVOKED');
  const stream = await openStream({ ...site, ...second });
  t.teardown(() => stream.close());
  await stream.until('welcome');
  t.pass();
});

test('an agent of another capability is refused, and the operator sees why', async (t) => {
  const plane = await planeWithRelease(t);
  const site = await joinSite(plane, 'leeds');
  const stream = await openStream(site, { capability: 99 });
  t.teardown(() => stream.close());
  t.is(
    (await t.throwsAsync(stream.until('welcome'), { instanceOf: CallFailed }))?.code,
    'CAPABILITY_UNSUPPORTED',
  );
  t.is((await plane.rest<SiteDetail>('GET', '/v1/sites/leeds')).body.problem?.code, 'CAPABILITY_UNSUPPORTED');
});

test('the first message must be Hello', async (t) => {
  const plane = await planeWithRelease(t);
  const site = await joinSite(plane, 'leeds');
  const stream = await openStream(site, null);
  t.teardown(() => stream.close());
  await stream.duplex.send({ message: { case: 'heartbeat', value: { sentAtMs: 1n } } });
  t.is((await t.throwsAsync(stream.until('welcome'), { instanceOf: CallFailed }))?.code, 'REQUEST_INVALID');
});

test('a frame of 5 MiB is refused with its code, and the next call works', async (t) => {
  const plane = await planeWithRelease(t);
  const site = await joinSite(plane, 'leeds');
  const stream = await openStream(site);
  await stream.until('welcome');
  await sendRow(stream, 1n, new Uint8Array(5 * 1024 * 1024)).catch(() => undefined);
  t.is((await t.throwsAsync(stream.until('ack'), { instanceOf: CallFailed }))?.code, 'FRAME_TOO_LARGE');
  stream.close();
  const again = await openStream(site);
  t.teardown(() => again.close());
  await again.until('welcome');
  t.is(
    (await plane.rest<{ events: { code: string }[] }>('GET', '/v1/sites/leeds/events')).body.events.length,
    0,
  );
});

test('the newest stream of a site counts; the one before is asked to come again', async (t) => {
  const plane = await planeWithRelease(t);
  const site = await joinSite(plane, 'leeds');
  const first = await openStream(site);
  await first.until('welcome');
  const second = await openStream(site);
  t.teardown(() => second.close());
  await second.until('welcome');
  await first.until('retry');
  first.close();
  t.true((await plane.rest<SiteDetail>('GET', '/v1/sites/leeds')).body.contact.connected);
});

test('stopping the control plane asks sites to come again later', async (t) => {
  const plane = await planeWithRelease(t);
  const site = await joinSite(plane, 'leeds');
  const stream = await openStream(site);
  await stream.until('welcome');
  const stopped = plane.stop();
  t.true((await stream.until('retry')).value.reconnectAfterMs <= 5_000);
  stream.close();
  await stopped;
});

function sendRow(stream: TestStream, sequence: bigint, body: Uint8Array): Promise<void> {
  return stream.duplex.send({
    message: { case: 'report', value: { rows: [{ bootId, sequence, body }] } },
  } as never);
}

function sendRefusal(
  stream: TestStream,
  refusal: { sequence: bigint; epoch?: number; generation: number; code: string },
): Promise<void> {
  const { sequence, epoch = 1, generation, code } = refusal;
  const value = { atMs: BigInt(Date.now()), epoch, generation, code };
  return sendRow(
    stream,
    sequence,
    toBinary(ReportBodySchema, create(ReportBodySchema, { body: { case: 'refusal', value } })),
  );
}

function sendState(stream: TestStream, state: { sequence: bigint; generation: number }): Promise<void> {
  const { sequence, generation } = state;
  const value = { observedAtMs: BigInt(Date.now()), epoch: 1, generation, applied: true };
  return sendRow(
    stream,
    sequence,
    toBinary(ReportBodySchema, create(ReportBodySchema, { body: { case: 'state', value } })),
  );
}

test('a control plane that lacks what a site queued asks for it again', async (t) => {
  const plane = await planeWithRelease(t);
  const site = await joinSite(plane, 'leeds');
  const asked = async (outboxSequence: bigint) => {
    const stream = await openStream(site, { outboxSequence });
    t.teardown(() => stream.close());
    const { reportAgain } = (await stream.until('welcome')).value;
    return { stream, reportAgain };
  };
  const { stream, reportAgain } = await asked(0n);
  t.false(reportAgain, 'nothing was ever queued');
  await sendState(stream, { sequence: 7n, generation: 0 });
  await stream.until('ack');
  t.false((await asked(7n)).reportAgain);
  t.true((await asked(9n)).reportAgain);
  t.true((await asked(6n)).reportAgain, 'a machine that was set back to an old copy of itself');
  const machine = await joinMachine(plane, site.siteId, site.door);
  const other = await openStream({ ...site, ...machine }, { outboxSequence: 3n });
  t.teardown(() => other.close());
  t.true(
    (await other.until('welcome')).value.reportAgain,
    'what the machine before told is not what this one queued',
  );
});
