// Content by digest: whole or not there, checked when read, and arriving in pieces over several lives.

import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { contentFiles, type Digest, digestOf, isDigest } from '../../daemon/content-files.ts';
import { isDaemonError } from '../../daemon/errors.ts';
import { scratch } from '../support/scratch.ts';

const never = new AbortController().signal;
const hello = Buffer.from('hello');
// The well-known sha256 of these five bytes.
const helloDigest = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

function pathOf(folder: string, digest: Digest): string {
  const hex = digest.slice('sha256:'.length);
  return join(folder, 'sha256', hex.slice(0, 2), hex);
}

test('what was put is there under its sha256, private, and once only', async (t) => {
  const folder = join(scratch(t), 'content');
  const store = contentFiles(folder);
  t.deepEqual(await store.put(hello, Buffer.from(''), hello), [
    helloDigest,
    digestOf(new Uint8Array()),
    helloDigest,
  ]);
  t.true(await store.has(helloDigest));
  t.is(await store.size(helloDigest), 5);
  t.deepEqual(Buffer.from(await store.get(helloDigest)), hello);
  t.deepEqual(await store.list(), [helloDigest, digestOf(new Uint8Array())]);
  t.is(statSync(pathOf(folder, helloDigest)).mode & 0o777, 0o600);
  t.deepEqual(readdirSync(join(folder, 'arriving')), []);
});

test('any set of contents comes back, in order, from a second store on the same folder', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 40 }), async (contents) => {
      const folder = scratch(t);
      const digests = await contentFiles(folder).put(...contents);
      const store = contentFiles(folder);
      t.is((await store.list()).length, new Set(digests).size);
      for (const [index, digest] of digests.entries())
        t.deepEqual(new Uint8Array(await store.get(digest)), contents[index]);
    }),
    { numRuns: 15 },
  );
});

test('what is missing is a value to has, size, list and delete, and an error to get and read', async (t) => {
  const store = contentFiles(join(scratch(t), 'none'));
  t.false(await store.has(helloDigest));
  t.is(await store.size(helloDigest), undefined);
  t.deepEqual(await store.list(), []);
  await t.notThrowsAsync(store.delete(helloDigest));
  t.true(isDaemonError(await t.throwsAsync(store.get(helloDigest)), 'content-missing'));
  t.true(isDaemonError(await t.throwsAsync(readAll(store.read(helloDigest, 0, never))), 'content-missing'));
});

test('a digest is never a path', async (t) => {
  const store = contentFiles(scratch(t));
  for (const name of [
    'sha256:../../etc/passwd',
    `sha256:${'A'.repeat(64)}`,
    `sha256:${'a'.repeat(63)}`,
    '',
  ]) {
    t.false(isDigest(name));
    await t.throwsAsync(async () => store.has(name as Digest), { message: /not a sha256 digest/ });
  }
  t.true(isDigest(helloDigest));
});

test('damaged content is refused, deleted, and can be put again', async (t) => {
  const folder = scratch(t);
  const store = contentFiles(folder);
  await store.put(hello);
  writeFileSync(pathOf(folder, helloDigest), 'hellO');
  t.true(isDaemonError(await t.throwsAsync(store.get(helloDigest)), 'content-mismatch'));
  t.false(await store.has(helloDigest));
  await store.put(hello);
  t.deepEqual(Buffer.from(await store.get(helloDigest)), hello);
});

test('deleted is gone', async (t) => {
  const store = contentFiles(scratch(t));
  await store.put(hello);
  await store.delete(helloDigest);
  t.deepEqual(await store.list(), []);
});

test('reading begins anywhere and stops when asked', async (t) => {
  const store = contentFiles(scratch(t));
  const bytes = randomBytes(1_000_000);
  const [digest = helloDigest] = await store.put(bytes);
  t.true(bytes.subarray(777_777).equals(await readAll(store.read(digest, 777_777, never))));
  t.is((await readAll(store.read(digest, 1_000_000, never))).length, 0);
  const abort = new AbortController();
  const error = await t.throwsAsync(async () => {
    for await (const _chunk of store.read(digest, 0, abort.signal)) abort.abort(new Error('enough'));
  });
  t.is(error?.message, 'enough');
});

test('an arrival goes on where it stopped, whatever the pieces and the interruptions', async (t) => {
  const pieces = fc.array(
    fc.record({ bytes: fc.uint8Array({ maxLength: 500 }), interrupted: fc.boolean() }),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(pieces, async (parts) => {
      const folder = scratch(t);
      const whole = Buffer.concat(parts.map(({ bytes }) => bytes));
      const digest = digestOf(whole);
      let arrival = await contentFiles(folder).receive(digest, whole.length);
      let sent = 0;
      for (const { bytes, interrupted } of parts) {
        await arrival.append(bytes);
        sent += bytes.length;
        if (!interrupted) continue;
        await arrival[Symbol.asyncDispose]();
        t.false(await contentFiles(folder).has(digest));
        arrival = await contentFiles(folder).receive(digest, whole.length);
        t.is(arrival.offset, sent);
      }
      await arrival.commit();
      await arrival[Symbol.asyncDispose]();
      t.true(whole.equals(readFileSync(pathOf(folder, digest))));
      t.deepEqual(readdirSync(join(folder, 'arriving')), []);
    }),
    { numRuns: 30 },
  );
});

test('an arrival that is something else, or too short, is refused and dropped', async (t) => {
  const folder = scratch(t);
  const store = contentFiles(folder);
  for (const sent of ['hellO', 'hell']) {
    await using arrival = await store.receive(helloDigest, 5);
    await arrival.append(Buffer.from(sent));
    t.true(isDaemonError(await t.throwsAsync(arrival.commit()), 'content-mismatch'), sent);
    t.false(await store.has(helloDigest));
  }
  await using again = await store.receive(helloDigest, 5);
  t.is(again.offset, 0);
});

test('more than was announced is refused before it is written', async (t) => {
  const folder = scratch(t);
  await using arrival = await contentFiles(folder).receive(helloDigest, 5);
  await arrival.append(Buffer.from('hel'));
  t.true(isDaemonError(await t.throwsAsync(arrival.append(Buffer.from('lo!'))), 'content-mismatch'));
  t.deepEqual(readdirSync(join(folder, 'arriving')), []);
});

test('what earlier lives left unfinished can be dropped, and nothing else is', async (t) => {
  const folder = scratch(t);
  const store = contentFiles(folder);
  await store.put(hello);
  const arrival = await store.receive(digestOf(Buffer.from('other')), 5);
  await arrival.append(Buffer.from('oth'));
  await arrival[Symbol.asyncDispose]();
  await store.dropUnfinished();
  t.false(existsSync(join(folder, 'arriving')));
  t.deepEqual(await store.list(), [helloDigest]);
  t.is(
    createHash('sha256')
      .update(await store.get(helloDigest))
      .digest('hex'),
    helloDigest.slice('sha256:'.length),
  );
});
