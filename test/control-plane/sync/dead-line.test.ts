// A line that goes dead without a word: nothing arrives, nothing is refused. Both ends ping every 10 s and wait 5 s.

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import test from 'ava';
import type { SiteDetail } from '../../../control-plane/api/site-schema.ts';
import { joinSite, openStream } from '../../support/agent-client.ts';
import { startControlPlane } from '../../support/control-plane.ts';
import { scratch } from '../../support/scratch.ts';

const noticedWithinMs = 20_000;

test('is noticed within twenty seconds', async (t) => {
  const plane = await startControlPlane(scratch(t));
  t.teardown(() => plane.stop());
  const site = await joinSite(plane, 'leeds');
  const sockets: Socket[] = [];
  const relay = createServer((inner) => {
    const outer = connect(Number(plane.addresses.agents.split(':')[1]), '127.0.0.1');
    sockets.push(inner, outer);
    for (const socket of [inner, outer]) socket.on('error', () => undefined);
    inner.pipe(outer);
    outer.pipe(inner);
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    relay.close();
  });
  const address = `localhost:${(relay.address() as AddressInfo).port}`;
  const stream = await openStream({ ...site, door: { ...site.door, address } });
  t.teardown(() => stream.close());
  await stream.until('welcome');

  for (const socket of sockets) socket.unpipe().pause();
  const isConnected = async () =>
    (await plane.rest<SiteDetail>('GET', '/v1/sites/leeds')).body.contact.connected;
  t.true(await isConnected());
  const before = performance.now();
  while (performance.now() - before < noticedWithinMs && (await isConnected())) {
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  t.false(await isConnected());
  t.log(`noticed after ${Math.round(performance.now() - before)} ms`);
});
