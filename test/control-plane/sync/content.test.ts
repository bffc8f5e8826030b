// Content by digest over a real stream: whole, resumed, and only what a site's own documents lead to.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ContentService } from '../../../proto/gen/tre/v1/content_pb.ts';
import { CallFailed, callServerStream } from '../../../proto/grpc.ts';
import { fetchContent, joinSite, openChannel } from '../../support/agent-client.ts';
import { publishRelease, startControlPlane } from '../../support/control-plane.ts';
import { configMapObject, makeRelease, newSigner, signaturesOf } from '../../support/documents.ts';
import { scratch } from '../../support/scratch.ts';

const large = configMapObject('large', { text: 'x'.repeat(700_000) });
const made = makeRelease([configMapObject('a'), large]);
const other = makeRelease([configMapObject('secret-of-york')], { name: 'other' });
const signer = newSigner('alice');

async function siteWithRelease(t: ExecutionContext) {
  const plane = await startControlPlane(scratch(t));
  t.teardown(() => plane.stop());
  for (const one of [made, other]) await publishRelease(plane, one, signaturesOf(one.manifest, signer));
  const site = await joinSite(plane, 'leeds');
  await plane.rest('PUT', '/v1/sites/leeds/desired', { release: 'demo@1.0.0' });
  return { plane, site };
}

const digests = made.release.objects.map((object) => object.digest);
const codeOf = async (t: ExecutionContext, call: Promise<unknown>) =>
  (await t.throwsAsync(call, { instanceOf: CallFailed }))?.code;

test('manifest and objects arrive byte for byte', async (t) => {
  const { site } = await siteWithRelease(t);
  const fetched = await fetchContent(site, [made.digest, ...digests]);
  t.deepEqual(fetched.get(made.digest), made.manifest);
  t.deepEqual(
    digests.map((digest) => fetched.get(digest)),
    [...made.objects],
  );
});

test('a broken transfer goes on from its offset, also from the very end', async (t) => {
  const { site } = await siteWithRelease(t);
  const [, digest = ''] = digests;
  const bytes = made.objects[1] ?? Buffer.alloc(0);
  t.deepEqual((await fetchContent(site, [digest], 300_001)).get(digest), bytes.subarray(300_001));
  t.deepEqual((await fetchContent(site, [digest], bytes.length)).get(digest), Buffer.alloc(0));
  t.is(await codeOf(t, fetchContent(site, [digest], bytes.length + 1)), 'REQUEST_INVALID');
});

test('what another site runs is not for this one', async (t) => {
  const { site } = await siteWithRelease(t);
  t.is(await codeOf(t, fetchContent(site, [other.digest])), 'CONTENT_MISSING');
  t.is(await codeOf(t, fetchContent(site, [other.release.objects[0]?.digest ?? ''])), 'CONTENT_MISSING');
  t.is(await codeOf(t, fetchContent(site, [`sha256:${'0'.repeat(64)}`])), 'CONTENT_MISSING');
  t.is(await codeOf(t, fetchContent(site, ['../../trust/ca-key.pem'])), 'CONTENT_MISSING');
  t.is(await codeOf(t, fetchContent(site, [])), 'REQUEST_INVALID');
  t.is(
    await codeOf(
      t,
      fetchContent(
        site,
        Array.from({ length: 257 }, () => made.digest),
      ),
    ),
    'REQUEST_INVALID',
  );
});

test('without a certificate there is no content', async (t) => {
  const { site } = await siteWithRelease(t);
  const channel = openChannel(site.door);
  t.teardown(() => channel.close());
  const call = callServerStream(
    channel,
    ContentService.method.fetch,
    { digests: [made.digest] },
    AbortSignal.timeout(5_000),
  );
  t.is(await codeOf(t, call.next()), 'CERTIFICATE_REQUIRED');
});

test('damaged content is never sent, and publishing again heals it', async (t) => {
  const { plane, site } = await siteWithRelease(t);
  const [digest = ''] = digests;
  const hex = digest.slice('sha256:'.length);
  const file = join(plane.data, 'content/sha256', hex.slice(0, 2), hex);
  writeFileSync(file, '{"changed":true}');
  t.is(await codeOf(t, fetchContent(site, [digest])), 'CONTENT_MISSING');
  rmSync(file, { force: true });
  await publishRelease(plane, made, signaturesOf(made.manifest, signer));
  t.deepEqual((await fetchContent(site, [digest])).get(digest), made.objects[0]);
});
