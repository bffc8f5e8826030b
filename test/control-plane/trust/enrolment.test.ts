// Enrolment over real TLS: every way in which it is refused, each with its code, and what a lost answer costs.

import { generateKeyPairSync } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import type { SiteDetail } from '../../../control-plane/api/site-schema.ts';
import type { ErrorCode } from '../../../proto/errors.ts';
import { EnrolmentState } from '../../../proto/gen/tre/v1/enrolment_pb.ts';
import { CallFailed } from '../../../proto/grpc.ts';
import {
  type BeginChanges,
  begin,
  collect,
  joinMachine,
  joinSite,
  makeCsr,
  newMachine,
  openChannel,
  openStream,
  renew,
} from '../../support/agent-client.ts';
import { startControlPlane, type TestControlPlane } from '../../support/control-plane.ts';
import { scratch } from '../../support/scratch.ts';

interface Door {
  readonly plane: TestControlPlane;
  readonly channel: ReturnType<typeof openChannel>;
  readonly siteId: string;
  /** A join token for the site. */
  readonly token: (lifeSeconds?: number) => Promise<string>;
}

async function openDoor(t: ExecutionContext): Promise<Door> {
  const plane = await startControlPlane(scratch(t));
  t.teardown(() => plane.stop());
  const { body } = await plane.rest<{ id: string }>('POST', '/v1/sites', { name: 'leeds' });
  const channel = openChannel({ address: plane.addresses.agents, ca: plane.ca });
  t.teardown(() => channel.close());
  const token = async (lifeSeconds = 60): Promise<string> =>
    (await plane.rest<{ token: string }>('POST', '/v1/sites/leeds/join-token', { lifeSeconds })).body.token;
  return { plane, channel, siteId: body.id, token };
}

const codeOf = async (t: ExecutionContext, call: Promise<unknown>) =>
  (await t.throwsAsync(call, { instanceOf: CallFailed }))?.code;

test('a machine waits, is approved, and gets a leaf; asking again gets the same answers', async (t) => {
  const { plane, channel, siteId, token } = await openDoor(t);
  const machine = await newMachine(siteId);
  const secret = await token();
  const begun = await begin(channel, machine, secret);
  t.is(begun.fingerprint.split('-').length, 6);
  t.deepEqual(await begin(channel, machine, secret), begun, 'a lost answer costs nothing');
  t.is((await collect(channel, machine, begun.requestId)).state, EnrolmentState.PENDING);
  const shown = (await plane.rest<SiteDetail>('GET', '/v1/sites/leeds')).body;
  t.deepEqual(
    shown.waiting.map((one) => one.fingerprint),
    [begun.fingerprint],
  );
  t.is(shown.contact.class, null);

  await plane.rest('POST', '/v1/sites/leeds/approve', { fingerprint: begun.fingerprint });
  const collected = await collect(channel, machine, begun.requestId);
  t.is(collected.state, EnrolmentState.APPROVED);
  t.deepEqual((await collect(channel, machine, begun.requestId)).leaf, collected.leaf);
  t.deepEqual((await renew(channel, machine)).leaf, collected.leaf, 'still fresh for this request');
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const renewed = await renew(channel, machine, await makeCsr(pair.privateKey, pair.publicKey));
  t.notDeepEqual(renewed.leaf, collected.leaf);
});

test('a token counts once, for one machine', async (t) => {
  const { channel, siteId, token } = await openDoor(t);
  const secret = await token();
  const machine = await newMachine(siteId);
  await begin(channel, machine, secret);
  t.is(await codeOf(t, begin(channel, await newMachine(siteId), secret)), 'TOKEN_USED');
  const otherCsr = (await newMachine(siteId)).csr;
  t.is(await codeOf(t, begin(channel, machine, secret, { csr: otherCsr })), 'TOKEN_USED');
});

test('a token has an end', async (t) => {
  const { channel, siteId, token } = await openDoor(t);
  const secret = await token(1);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  t.is(await codeOf(t, begin(channel, await newMachine(siteId), secret)), 'TOKEN_EXPIRED');
});

test('a token is for one site', async (t) => {
  const { plane, channel, siteId, token } = await openDoor(t);
  t.is(await codeOf(t, begin(channel, await newMachine(siteId), 'tre-join-made-up')), 'TOKEN_UNKNOWN');
  const { body } = await plane.rest<{ id: string }>('POST', '/v1/sites', { name: 'york' });
  t.is(await codeOf(t, begin(channel, await newMachine(body.id), await token())), 'TOKEN_UNKNOWN');
});

const refused = test.macro({
  async exec(t, changes: (csr: Uint8Array) => BeginChanges, code: ErrorCode) {
    const { channel, siteId, token } = await openDoor(t);
    const machine = await newMachine(siteId);
    const secret = await token();
    t.is(await codeOf(t, begin(channel, machine, secret, changes(machine.csr))), code);
    await t.notThrowsAsync(begin(channel, machine, secret), 'the token was not spent');
  },
  title: (name = '', _changes, code) => `${code}: ${name}`,
});

test(
  'a signature of somebody else',
  refused,
  () => ({ signature: new Uint8Array(70) }),
  'DEVICE_SIGNATURE_INVALID',
);
test(
  'a request with a broken signature',
  refused,
  (csr) => ({ csr: csr.with(csr.length - 1, (csr.at(-1) ?? 0) ^ 1) }),
  'CSR_INVALID',
);
test('no request at all', refused, () => ({ csr: new Uint8Array() }), 'CSR_INVALID');
test('an agent of tomorrow', refused, () => ({ capability: 99 }), 'CAPABILITY_UNSUPPORTED');
test('an agent of no version', refused, () => ({ capability: 0 }), 'CAPABILITY_UNSUPPORTED');

test('only the machine itself may collect and renew', async (t) => {
  const { plane, channel, siteId, token } = await openDoor(t);
  const machine = await newMachine(siteId);
  const { requestId, fingerprint } = await begin(channel, machine, await token());
  const thief = { ...(await newMachine(siteId)), csr: machine.csr };
  t.is(await codeOf(t, collect(channel, thief, requestId)), 'DEVICE_SIGNATURE_INVALID');
  t.is(
    await codeOf(t, collect(channel, machine, '019aaf00-0000-7000-8000-00000000dead')),
    'ENROLMENT_UNKNOWN',
  );
  t.is(await codeOf(t, renew(channel, machine)), 'DEVICE_SIGNATURE_INVALID', 'not approved yet');
  await plane.rest('POST', '/v1/sites/leeds/approve', { fingerprint });
  t.is(await codeOf(t, renew(channel, thief)), 'DEVICE_SIGNATURE_INVALID');
});

test('approving one machine turns away the others that wait', async (t) => {
  const { plane, channel, siteId, token } = await openDoor(t);
  const [chosen, other] = [await newMachine(siteId), await newMachine(siteId)];
  const { fingerprint } = await begin(channel, chosen, await token());
  const waiting = await begin(channel, other, await token());
  await plane.rest('POST', '/v1/sites/leeds/approve', { fingerprint });
  t.is((await collect(channel, other, waiting.requestId)).state, EnrolmentState.REFUSED);
  t.is((await plane.rest('POST', '/v1/sites/leeds/approve', { fingerprint })).body.code, 'SITE_NOT_JOINED');
});

test('a machine that waits for a site is turned away when that is withdrawn or deleted', async (t) => {
  const { plane, channel, siteId, token } = await openDoor(t);
  const machine = await newMachine(siteId);
  const waiting = await begin(channel, machine, await token());
  await plane.rest('POST', '/v1/sites/leeds/revoke', {});
  t.is((await collect(channel, machine, waiting.requestId)).state, EnrolmentState.REFUSED);
  t.deepEqual((await plane.rest<SiteDetail>('GET', '/v1/sites/leeds')).body.waiting, []);

  const york = (await plane.rest<{ id: string }>('POST', '/v1/sites', { name: 'york' })).body.id;
  const secret = (await plane.rest<{ token: string }>('POST', '/v1/sites/york/join-token', {})).body.token;
  const other = await newMachine(york);
  const { requestId } = await begin(channel, other, secret);
  t.is((await plane.rest('DELETE', '/v1/sites/york')).status, 204);
  t.is((await collect(channel, other, requestId)).state, EnrolmentState.REFUSED);
});

test('a withdrawn site gets neither token nor leaf', async (t) => {
  const plane = await startControlPlane(scratch(t));
  t.teardown(() => plane.stop());
  const site = await joinSite(plane, 'leeds');
  const channel = openChannel(site.door);
  t.teardown(() => channel.close());
  const { body } = await plane.rest<{ token: string }>('POST', '/v1/sites/leeds/join-token', {});
  await plane.rest('POST', '/v1/sites/leeds/revoke', {});
  t.is(await codeOf(t, renew(channel, site.machine)), 'SITE_REVOKED');
  t.is(await codeOf(t, begin(channel, await newMachine(site.siteId), body.token)), 'SITE_REVOKED');
  const refusal = (await plane.rest('POST', '/v1/sites/leeds/join-token', {})).body;
  t.is(refusal.code, 'SITE_REVOKED');
  t.regex(refusal.next, /deletes the site and creates it anew/);
});

test('the machine that was replaced cannot renew, and is disconnected at once', async (t) => {
  const plane = await startControlPlane(scratch(t));
  t.teardown(() => plane.stop());
  const site = await joinSite(plane, 'leeds');
  const stream = await openStream(site);
  t.teardown(() => stream.close());
  await stream.until('welcome');
  await joinMachine(plane, site.siteId, site.door);
  await stream.until('revoked');
  const channel = openChannel(site.door);
  t.teardown(() => channel.close());
  t.is(await codeOf(t, renew(channel, site.machine)), 'DEVICE_SIGNATURE_INVALID');
});
