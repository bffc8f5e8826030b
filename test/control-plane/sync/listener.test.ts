// The agents' listener by itself, over real TLS: which certificates pass the door, and what keeps an open stream in check.
// The parts are put together here with a clock of the test's own, over the data folder of a real control plane.

import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { openStore } from '../../../control-plane/store/store.ts';
import { createHub, type Hub } from '../../../control-plane/sync/hub.ts';
import { type AgentListener, openAgentListener } from '../../../control-plane/sync/listener.ts';
import { type OfferSource, storedOffers } from '../../../control-plane/sync/offers.ts';
import { syncService } from '../../../control-plane/sync/sync-service.ts';
import { type Authority, createAuthority, openAuthority } from '../../../control-plane/trust/authority.ts';
import { trustFolder } from '../../../control-plane/trust/initialise.ts';
import type { Clock } from '../../../daemon/clock.ts';
import { systemClock } from '../../../daemon/clock.ts';
import { silentLog } from '../../../daemon/log.ts';
import { CallFailed } from '../../../proto/grpc.ts';
import { type JoinedSite, joinSite, makeCsr, openChannel, openStream } from '../../support/agent-client.ts';
import { startControlPlane } from '../../support/control-plane.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { scratch } from '../../support/scratch.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const dayMs = 86_400_000;

interface Workshop {
  readonly listener: AgentListener;
  readonly site: JoinedSite;
  readonly authority: Authority;
  readonly hub: Hub;
  readonly data: string;
}

interface Changes {
  readonly clock?: Clock;
  readonly offers?: OfferSource;
  readonly maxStreamMs?: number;
  readonly maxConnections?: number;
}

/** Joins a site at a real control plane, stops that, and opens a listener of the test's own over what it left. */
async function openWorkshop(t: ExecutionContext, changes: Changes = {}): Promise<Workshop> {
  const data = scratch(t);
  const plane = await startControlPlane(data);
  const site = await joinSite(plane, 'leeds');
  await plane.stop();
  const { clock = systemClock, maxStreamMs = dayMs, maxConnections = 100 } = changes;
  const store = openStore(data);
  const authority = await openAuthority(trustFolder(data), { clock: systemClock, domain: 'localhost' });
  const hub = createHub(systemClock, silentLog);
  const offers = changes.offers ?? storedOffers({ store, clock });
  const random = seededRandom(1);
  const settings = { heartbeatMs: 30_000, maxStreamMs };
  const sync = syncService({ store, offers, hub, clock, random, log: silentLog, settings });
  const identity = await authority.issueServerIdentity([]);
  const listener = await openAgentListener({
    host: '127.0.0.1',
    port: 0,
    identity,
    caPem: authority.caPem,
    maxConnections,
    services: { enrolment: {}, content: {}, sync },
    log: silentLog,
  });
  t.teardown(async () => {
    await listener[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });
  const door = { address: `localhost:${listener.port}`, ca: authority.caPem };
  return { listener, site: { ...site, door }, authority, hub, data };
}

async function strangerOf(authority: Authority, siteId: string) {
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const leaf = await authority.issueSiteLeaf({
    csr: await makeCsr(pair.privateKey, pair.publicKey),
    siteId,
    agent: 1,
  });
  return { leaf: leaf?.der ?? new Uint8Array(), key: pair.privateKey };
}

/** True when the server ends the connection by itself within a second. */
function isEnded(
  port: number,
  identity: { leaf: Uint8Array; key: ReturnType<typeof generateKeyPairSync>['privateKey'] },
): Promise<boolean> {
  const cert = new X509Certificate(identity.leaf).toString();
  const key = identity.key.export({ type: 'pkcs8', format: 'pem' });
  return new Promise((resolve) => {
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      cert,
      key,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
    });
    const timer = setTimeout(() => {
      socket.destroy();
      resolve(false);
    }, 1_000);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

test('a connection whose certificate another CA issued, or that has expired, is ended', async (t) => {
  const { listener, site, data } = await openWorkshop(t);
  t.false(
    await isEnded(listener.port, { leaf: site.leaf, key: site.machine.leafKey }),
    'an honest one stays open',
  );
  const elsewhere = scratch(t);
  await createAuthority(elsewhere, systemClock);
  const other = await openAuthority(elsewhere, { clock: systemClock, domain: 'localhost' });
  t.true(await isEnded(listener.port, await strangerOf(other, site.siteId)));
  const past = await openAuthority(trustFolder(data), {
    clock: manualClock(Date.now() - 8 * dayMs),
    domain: 'localhost',
  });
  t.true(await isEnded(listener.port, await strangerOf(past, site.siteId)));
});

test('a leaf of our CA that is not in the books counts for nothing', async (t) => {
  const { site, authority } = await openWorkshop(t);
  const { leaf, key } = await strangerOf(authority, site.siteId);
  const stream = await openStream({ ...site, leaf, machine: { ...site.machine, leafKey: key } });
  t.teardown(() => stream.close());
  t.is(
    (await t.throwsAsync(stream.until('welcome'), { instanceOf: CallFailed }))?.code,
    'CERTIFICATE_REQUIRED',
  );
});

test('without a certificate there is no stream', async (t) => {
  const { site } = await openWorkshop(t);
  const channel = openChannel(site.door);
  t.teardown(() => channel.close());
  const stream = await openStream(site, undefined, channel);
  t.is(
    (await t.throwsAsync(stream.until('welcome'), { instanceOf: CallFailed }))?.code,
    'CERTIFICATE_REQUIRED',
  );
});

test('nobody holds a stream open by saying nothing', async (t) => {
  const clock = manualClock(Date.now());
  const { site } = await openWorkshop(t, { clock });
  const channel = openChannel(site.door);
  t.teardown(() => channel.close());
  const nobody = await openStream(site, null, channel);
  t.is((await t.throwsAsync(nobody.next(), { instanceOf: CallFailed }))?.code, 'CERTIFICATE_REQUIRED');
  const silent = await openStream(site, null);
  t.teardown(() => silent.close());
  t.true(await silent.quiet(1_000));
  await clock.advance(10_000);
  t.is((await t.throwsAsync(silent.next(), { instanceOf: CallFailed }))?.code, 'REQUEST_INVALID');
});

test('a certificate that runs out ends the stream at the next message', async (t) => {
  const clock = manualClock(Date.now());
  const { site } = await openWorkshop(t, { clock });
  const stream = await openStream(site);
  t.teardown(() => stream.close());
  await stream.until('welcome');
  clock.jump(8 * dayMs);
  await stream.duplex.send({ message: { case: 'heartbeat', value: { sentAtMs: 1n } } });
  t.is((await t.throwsAsync(stream.next(), { instanceOf: CallFailed }))?.code, 'CERTIFICATE_REQUIRED');
});

test('a stream has a maximum age, and a site is told when to come again', async (t) => {
  const clock = manualClock(Date.now());
  const { site, hub } = await openWorkshop(t, { clock, maxStreamMs: 900_000 });
  const stream = await openStream(site);
  t.teardown(() => stream.close());
  await stream.until('welcome');
  await clock.advance(800_000);
  t.true(await stream.quiet(100));
  await clock.advance(100_000);
  t.true((await stream.until('retry')).value.reconnectAfterMs <= 2_000);
  t.is(hub.connected(), 0);
});

test('a session offers whatever its source gives, so a test can make it lie', async (t) => {
  const documents = [Buffer.from('not a document'), Buffer.from('nor this')];
  const part = { documents, releaseSignatures: Buffer.from('nothing'), more: false };
  const { site } = await openWorkshop(t, { offers: { offerFor: () => [part] } });
  const stream = await openStream(site);
  t.teardown(() => stream.close());
  const { value } = await stream.until('offer');
  t.deepEqual(
    value.documents.map((document) => Buffer.from(document).toString()),
    ['not a document', 'nor this'],
  );
});

test('an offer that cannot be read from the books ends the stream, not in silence', async (t) => {
  const offerFor = (): never => {
    throw new Error('the disk is gone');
  };
  const { site } = await openWorkshop(t, { offers: { offerFor } });
  const stream = await openStream(site);
  t.teardown(() => stream.close());
  t.is((await t.throwsAsync(stream.until('offer'), { instanceOf: CallFailed }))?.code, 'INTERNAL');
});

test('more connections than allowed are dropped before any handshake', async (t) => {
  const { listener } = await openWorkshop(t, { maxConnections: 2 });
  const sockets: Socket[] = [];
  t.teardown(() => sockets.forEach((socket) => socket.destroy()));
  const dial = () =>
    new Promise<'open' | 'dropped'>((resolve) => {
      const socket = connectTcp(listener.port, '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => resolve('dropped'));
      setTimeout(() => resolve('open'), 300);
    });
  t.deepEqual([await dial(), await dial(), await dial()], ['open', 'open', 'dropped']);
});

test('another certificate can be shown without a restart', async (t) => {
  const { listener, authority, site } = await openWorkshop(t);
  const shown = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connectTls(
        { port: listener.port, host: 'localhost', ca: site.door.ca, ALPNProtocols: ['h2'] },
        () => {
          resolve(socket.getPeerX509Certificate()?.serialNumber ?? '');
          socket.destroy();
        },
      );
      socket.on('error', reject);
    });
  const stream = await openStream(site);
  t.teardown(() => stream.close());
  await stream.until('welcome');
  const before = await shown();
  listener.setIdentity(await authority.issueServerIdentity(['localhost']));
  t.not(await shown(), before);
  await stream.duplex.send({ message: { case: 'heartbeat', value: { sentAtMs: 1n } } });
  t.true(await stream.quiet(100), 'open streams go on');
});
