// A release on disk: written, signed, verified, damaged, compared. Real files, real keys.

import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { systemFiles as files } from '../../daemon/files.ts';
import type { PublicKey } from '../../proto/envelope.ts';
import { type JsonValue, objectLimits, readJson } from '../../proto/strict-json.ts';
import { type DiffSide, diffReleases, fieldChanges } from '../../release/diff.ts';
import {
  createKeyFiles,
  encodeKeyset,
  makeKeyset,
  readKeyset,
  readPrivateKey,
  readPublicKey,
} from '../../release/keys.ts';
import { blobPath, findDamage, type Pack, readPack, writePack } from '../../release/pack.ts';
import { signPack, verifyPack } from '../../release/signing.ts';
import { buildSource, built, configMap, releaseYaml } from '../support/release-source.ts';
import { scratch } from '../support/scratch.ts';

type T = Parameters<typeof scratch>[0];

async function pack(t: T, manifests: string, folder = join(scratch(t), 'out')): Promise<Pack> {
  const release = built(await buildSource(t, { 'release.yaml': releaseYaml(), 'app/a.yaml': manifests }));
  const refusal = await writePack(files, folder, release);
  if (refusal !== undefined) throw new Error(refusal.detail);
  return reread(folder);
}

async function reread(folder: string): Promise<Pack> {
  const read = await readPack(files, folder);
  if (!read.ok) throw new Error(read.problem.code);
  return read.pack;
}

async function key(folder: string, name: string): Promise<{ publicKey: PublicKey; secret: string }> {
  const made = await createKeyFiles(files, folder, name);
  if (!made.ok) throw new Error(made.problem.code);
  return { publicKey: made.value.publicKey, secret: made.value.privatePath };
}

async function sign(folder: string, secret: string): Promise<void> {
  const read = await readPrivateKey(files, secret);
  if (!read.ok) throw new Error(read.problem.code);
  const signed = await signPack(files, await reread(folder), read.value);
  if (!signed.ok) throw new Error(signed.problems[0]?.code);
}

test('what was written reads back, and nothing is damaged', async (t) => {
  const release = built(
    await buildSource(t, { 'release.yaml': releaseYaml(), 'app/a.yaml': configMap('a') }),
  );
  const folder = join(scratch(t), 'deeper/out');
  t.is(await writePack(files, folder, release), undefined);
  const read = await reread(folder);
  t.deepEqual(read.release, release.release);
  t.is(read.digest, release.digest);
  t.deepEqual(await findDamage(files, read), []);
  t.deepEqual(readdirSync(folder).sort(), ['blobs', 'release.json']);
});

test('a newer build replaces the older one and its signatures; the same build keeps them', async (t) => {
  const folder = join(scratch(t), 'out');
  const { secret } = await key(scratch(t), 'alice');
  await pack(t, configMap('a'), folder);
  await sign(folder, secret);
  await pack(t, configMap('a'), folder);
  t.is((await reread(folder)).signatures.signatures.length, 1);
  const next = await pack(t, configMap('b'), folder);
  t.is(next.signatures.signatures.length, 0);
  t.is(readdirSync(join(folder, 'blobs', 'sha256')).length, 1);
});

test('a folder that holds something else is left alone', async (t) => {
  const release = built(
    await buildSource(t, { 'release.yaml': releaseYaml(), 'app/a.yaml': configMap('a') }),
  );
  const folder = scratch(t);
  writeFileSync(join(folder, 'thesis.txt'), 'x');
  t.is((await writePack(files, folder, release))?.code, 'OUTPUT_EXISTS');
  t.deepEqual(readdirSync(folder), ['thesis.txt']);
  t.is((await writePack(files, join(folder, 'thesis.txt'), release))?.code, 'OUTPUT_EXISTS');
});

test('keys are private files, are never overwritten, and are named like DNS labels', async (t) => {
  const folder = scratch(t);
  await key(folder, 'alice');
  t.is(statSync(join(folder, 'alice.key')).mode & 0o777, 0o600);
  t.is(statSync(join(folder, 'alice.pub')).mode & 0o777, 0o644);
  t.regex(readFileSync(join(folder, 'alice.pub'), 'utf8'), /BEGIN PUBLIC KEY/);
  const again = await createKeyFiles(files, folder, 'alice');
  t.is(again.ok ? '' : again.problem.code, 'KEY_FILE_EXISTS');
  const badly = await createKeyFiles(files, folder, '../alice');
  t.is(badly.ok ? '' : badly.problem.code, 'KEY_FILE_INVALID');
});

test('what is no key of ours is refused', async (t) => {
  const folder = scratch(t);
  writeFileSync(join(folder, 'a.key'), 'no key');
  const missing = await readPrivateKey(files, join(folder, 'none.key'));
  t.is(missing.ok ? '' : missing.problem.code, 'FILE_UNREADABLE');
  const wrong = await readPrivateKey(files, join(folder, 'a.key'));
  t.is(wrong.ok ? '' : wrong.problem.code, 'KEY_FILE_INVALID');
  const { secret } = await key(folder, 'bob');
  const taken = await readPublicKey(files, secret);
  t.true(taken.ok && taken.value.name === 'bob', 'the public half of a secret key is a public key');
});

test('a keyset needs distinct keys and a threshold that they can reach', async (t) => {
  const folder = scratch(t);
  const [alice, bob] = [await key(folder, 'alice'), await key(folder, 'bob')];
  const both = [alice.publicKey, bob.publicKey];
  for (const threshold of [0, 3, 1.5]) t.false(makeKeyset(both, threshold).ok);
  t.false(makeKeyset([alice.publicKey, { ...alice.publicKey, name: 'eve' }], 2).ok);
  const made = makeKeyset(both, 2);
  if (!made.ok) throw new Error(made.problem.detail);
  const path = join(folder, 'keyset.json');
  writeFileSync(path, encodeKeyset(made.value));
  const read = await readKeyset(files, path);
  t.deepEqual(read.ok && read.value, made.value);
  writeFileSync(path, encodeKeyset({ ...made.value, threshold: 3 }));
  const wrong = await readKeyset(files, path);
  t.is(wrong.ok ? '' : wrong.problem.code, 'KEYSET_INVALID');
});

test('a release is trusted when enough distinct keys of the keyset signed it', async (t) => {
  const folder = scratch(t);
  const [alice, bob, eve] = [await key(folder, 'alice'), await key(folder, 'bob'), await key(folder, 'eve')];
  const keyset = makeKeyset([alice.publicKey, bob.publicKey], 2);
  if (!keyset.ok) throw new Error(keyset.problem.detail);
  const { folder: out } = await pack(t, configMap('a'));
  const verdict = async () => verifyPack(files, await reread(out), keyset.value);

  t.deepEqual(
    (await verdict()).problems.map((problem) => problem.code),
    ['RELEASE_UNDER_SIGNED'],
  );
  await sign(out, alice.secret);
  await sign(out, alice.secret);
  t.is((await reread(out)).signatures.signatures.length, 1, 'the same key counts once');
  await sign(out, eve.secret);
  t.deepEqual(
    (await verdict()).problems.map((problem) => problem.code),
    ['RELEASE_UNDER_SIGNED'],
  );
  await sign(out, bob.secret);
  t.deepEqual(await verdict(), { signers: ['alice', 'bob'], problems: [] });
});

test('damage is found, named and never signed', async (t) => {
  const { secret } = await key(scratch(t), 'alice');
  const damaged = await pack(t, `${configMap('a')}---\n${configMap('b')}`);
  const [first, second] = damaged.release.objects;
  if (first === undefined || second === undefined) throw new Error('two objects were expected');
  writeFileSync(blobPath(damaged.folder, first.digest), '{}');
  rmSync(blobPath(damaged.folder, second.digest));
  const codes = (await findDamage(files, damaged)).map((problem) => problem.code);
  t.deepEqual(codes, ['DIGEST_MISMATCH', 'CONTENT_MISSING']);
  const read = await readPrivateKey(files, secret);
  t.false(read.ok && (await signPack(files, damaged, read.value)).ok);
});

test('a changed manifest, changed signatures and an empty folder are refused', async (t) => {
  const { secret } = await key(scratch(t), 'alice');
  const { folder } = await pack(t, configMap('a'));
  await sign(folder, secret);
  const code = async (): Promise<string> => {
    const read = await readPack(files, folder);
    return read.ok ? '' : read.problem.code;
  };
  const manifest = readFileSync(join(folder, 'release.json'), 'utf8');
  writeFileSync(join(folder, 'release.json'), manifest.replace('"1.0.0"', '"1.0.1"'));
  t.is(await code(), 'DIGEST_MISMATCH');
  writeFileSync(join(folder, 'release.json'), manifest.replace('"version":', '"colour":1,"version":'));
  t.is(await code(), 'DOCUMENT_INVALID');
  writeFileSync(join(folder, 'release.json'), manifest);
  writeFileSync(join(folder, 'signatures.json'), '{"signatures": 1}');
  t.is(await code(), 'ENVELOPE_INVALID');
  rmSync(join(folder, 'release.json'));
  t.is(await code(), 'CONTENT_MISSING');
});

test('a difference names objects, fields and parameters', async (t) => {
  const parameter = (name: string, more = ''): string =>
    `  - {name: ${name}, type: string, default: x${more}, places: [{kind: ConfigMap, name: kept, pointer: /data/k}]}`;
  const side = async (manifests: string, parameters: string): Promise<DiffSide> => {
    const yaml = releaseYaml(`parameters:\n${parameters}`);
    const { release, blobs } = built(await buildSource(t, { 'release.yaml': yaml, 'app/a.yaml': manifests }));
    const object = (digest: string): JsonValue =>
      readJson(blobs.get(digest) ?? new Uint8Array(), objectLimits);
    return { release, object };
  };
  const kept = configMap('kept');
  const before = await side(
    `${kept}---\n${configMap('gone')}---\n${configMap('c', 'a: "1"')}`,
    parameter('p'),
  );
  const after = await side(
    `${kept}---\n${configMap('new')}---\n${configMap('c', 'b/c: "2"')}`,
    parameter('p', ', maxLength: 9'),
  );
  const found = diffReleases(before, after);
  t.deepEqual(
    found.added.map((object) => object.name),
    ['new'],
  );
  t.deepEqual(
    found.removed.map((object) => object.name),
    ['gone'],
  );
  t.deepEqual(
    found.changed.map(({ object, fields }) => [object.name, fields]),
    [
      [
        'c',
        [
          { pointer: '/data/a', before: '1' },
          { pointer: '/data/b~1c', after: '2' },
        ],
      ],
    ],
  );
  t.deepEqual(found.parameters, { added: [], removed: [], changed: ['p'] });
});

test('field changes go as deep as two values are alike', (t) => {
  t.deepEqual(fieldChanges({ a: [1, { b: 1n }], c: { d: 1 } }, { a: [1, { b: 1 }, 3], c: 'x' }), [
    { pointer: '/a/2', after: 3 },
    { pointer: '/c', before: { d: 1 }, after: 'x' },
  ]);
  t.deepEqual(fieldChanges({ a: null }, {}), [{ pointer: '/a', before: null }]);
});
