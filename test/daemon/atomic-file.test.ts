// Whole or not there: replaced under readers, untouched by a failed write, private from the first byte.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ensurePrivateDir, readIfPresent, readText, writeFileAtomic } from '../../daemon/atomic-file.ts';
import { isDaemonError } from '../../daemon/errors.ts';
import { scratch } from '../support/scratch.ts';

test('what was written is read back, with the mode asked for and nothing beside it', async (t) => {
  const folder = scratch(t);
  const path = join(folder, 'a.json');
  await writeFileAtomic(path, 'one');
  t.is(statSync(path).mode & 0o777, 0o600);
  await writeFileAtomic(path, Uint8Array.of(1, 2, 3), { mode: 0o666 });
  t.is(statSync(path).mode & 0o777, 0o666, 'not narrowed by the umask');
  t.deepEqual([...((await readIfPresent(path)) ?? [])], [1, 2, 3]);
  t.deepEqual(readdirSync(folder), ['a.json']);
});

test('a reader sees the old content or the new, never a part or nothing', async (t) => {
  const path = join(scratch(t), 'a');
  const contents = ['a', 'b', 'c'].map((letter) => letter.repeat(200_000));
  await writeFileAtomic(path, contents[0] ?? '');
  let writing = true;
  const writes = (async () => {
    for (let round = 1; round < 30; round += 1) await writeFileAtomic(path, contents[round % 3] ?? '');
    writing = false;
  })();
  let reads = 0;
  for (; writing; reads += 1) t.true(contents.includes(await readText(path)));
  await writes;
  t.true(reads > 0);
});

test('writers at the same time do not disturb each other', async (t) => {
  const folder = scratch(t);
  const contents = Array.from({ length: 20 }, (_, index) => String(index).repeat(1_000));
  await Promise.all(contents.map((content) => writeFileAtomic(join(folder, 'a'), content)));
  t.true(contents.includes(readFileSync(join(folder, 'a'), 'utf8')));
  t.deepEqual(readdirSync(folder), ['a']);
});

test('a write that fails leaves the old content and no temporary file', async (t) => {
  const folder = scratch(t);
  mkdirSync(join(folder, 'a', 'b'), { recursive: true });
  const error = await t.throwsAsync(writeFileAtomic(join(folder, 'a'), 'x'));
  t.true(isDaemonError(error, 'path-unwritable'));
  t.regex(error?.message ?? '', /cannot write .*\/a$/);
  t.deepEqual(readdirSync(folder), ['a']);
  const missing = await t.throwsAsync(writeFileAtomic(join(folder, 'none', 'a'), 'x'));
  t.true(isDaemonError(missing, 'path-unwritable'));
});

test('a missing file is undefined, or an error for who needs it; a folder and too much are errors', async (t) => {
  const folder = scratch(t);
  t.is(await readIfPresent(join(folder, 'none')), undefined);
  t.true(isDaemonError(await t.throwsAsync(readText(join(folder, 'none'))), 'path-unreadable'));
  t.true(isDaemonError(await t.throwsAsync(readIfPresent(folder)), 'path-unreadable'));
  writeFileSync(join(folder, 'big'), 'x'.repeat(101));
  t.is((await readText(join(folder, 'big'), 101)).length, 101);
  t.true(isDaemonError(await t.throwsAsync(readText(join(folder, 'big'), 100)), 'path-unreadable'));
});

test('a private folder is 0700, made with its parents or narrowed', async (t) => {
  const path = join(scratch(t), 'a', 'b');
  t.is(await ensurePrivateDir(path), path);
  t.is(statSync(path).mode & 0o777, 0o700);
  chmodSync(path, 0o755);
  await ensurePrivateDir(path);
  t.is(statSync(path).mode & 0o777, 0o700);
});

test('a private folder where a file is, or below one, is refused', async (t) => {
  const path = join(scratch(t), 'a');
  writeFileSync(path, '');
  t.true(isDaemonError(await t.throwsAsync(ensurePrivateDir(path)), 'path-unwritable'));
  t.true(isDaemonError(await t.throwsAsync(ensurePrivateDir(join(path, 'b'))), 'path-unwritable'));
  t.true(existsSync(path));
});
