// A site that does not read what it is sent costs a few bytes and delays nobody, and reads the newest at last.

import test from 'ava';
import type { SiteDetail } from '../../../control-plane/api/site-schema.ts';
import { parseDesired } from '../../../proto/document.ts';
import { decodeEnvelope } from '../../../proto/envelope.ts';
import { joinSite, openStream } from '../../support/agent-client.ts';
import { publishRelease, startControlPlane } from '../../support/control-plane.ts';
import { configMapObject, makeRelease, newSigner, parameter, signaturesOf } from '../../support/documents.ts';
import { scratch } from '../../support/scratch.ts';

const generations = 80;
// Documents of some 50 KiB, so that the windows between the two ends are full after a few.
const value = 'x'.repeat(4_000);
const parameters = Array.from({ length: 10 }, (_, index) => parameter(`p${index}`, { default: '' }));

test('one slow site never delays another', async (t) => {
  const plane = await startControlPlane(scratch(t));
  t.teardown(() => plane.stop());
  const made = makeRelease([configMapObject('a')], { parameters });
  await publishRelease(plane, made, signaturesOf(made.manifest, newSigner('alice')));
  const [slow, quick] = [await joinSite(plane, 'slow'), await joinSite(plane, 'quick')];
  const slowStream = await openStream(slow);
  t.teardown(() => slowStream.close());
  // A client of grpc-js holds nothing back before its first read, and some sixteen messages after it.
  await slowStream.until('welcome');
  const quickStream = await openStream(quick);
  t.teardown(() => quickStream.close());
  await quickStream.until('welcome');

  const body = {
    release: made.digest,
    parameters: Object.fromEntries(parameters.map(({ name }) => [name, value])),
  };
  for (let generation = 1; generation <= generations; generation += 1) {
    await plane.rest('PUT', '/v1/sites/slow/desired', body);
  }
  const before = performance.now();
  await plane.rest('PUT', '/v1/sites/quick/desired', { release: made.digest });
  await quickStream.until('offer');
  t.true(performance.now() - before < 1_000, `${performance.now() - before} ms`);

  let offers = 0;
  for (let newest = 0; newest < generations; ) {
    const { value: offer } = await slowStream.until('offer');
    if (!offer.more) offers += 1;
    const last = offer.documents.at(-1) ?? new Uint8Array();
    newest = Math.max(newest, parseDesired(decodeEnvelope(last).payload).generation);
  }
  t.log(`${generations} documents were issued, the slow site was sent ${offers} offers`);
  t.true(offers < generations / 2, `${offers}: there is no queue`);
  t.true((await plane.rest<SiteDetail>('GET', '/v1/sites/slow')).body.contact.connected);
});
