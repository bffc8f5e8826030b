// The narrow file system: missing things are values, and unfinished writes are not listed.

import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { isDaemonError } from '../../daemon/errors.ts';
import { systemFiles as files } from '../../daemon/files.ts';
import { scratch } from '../support/scratch.ts';

test('write, list, stat, read, remove', async (t) => {
  const folder = join(scratch(t), 'x', 'y');
  await files.mkdir(folder);
  await files.writeAtomic(join(folder, 'b'), 'bb', { mode: 0o640 });
  await files.writeAtomic(join(folder, 'a'), 'a');
  t.deepEqual(await files.list(folder), ['a', 'b']);
  t.like(await files.stat(join(folder, 'b')), { kind: 'file', sizeBytes: 2, mode: 0o640 });
  t.like(await files.stat(folder), { kind: 'folder', mode: 0o700 });
  t.is(Buffer.from((await files.read(join(folder, 'b'))) ?? []).toString(), 'bb');
  await files.remove(join(folder, 'a'));
  t.deepEqual(await files.list(folder), ['b']);
  await files.remove(folder);
  t.is(await files.stat(folder), undefined);
});

test('nothing there is a value', async (t) => {
  const none = join(scratch(t), 'none', 'deep');
  t.is(await files.read(none), undefined);
  t.is(await files.stat(none), undefined);
  t.deepEqual(await files.list(none), []);
  await t.notThrowsAsync(files.remove(none));
});

test('unfinished writes are not listed; a dangling link is not there', async (t) => {
  const folder = scratch(t);
  writeFileSync(join(folder, '.a.1.1.tmp'), '');
  writeFileSync(join(folder, '.hidden'), '');
  symlinkSync('nowhere', join(folder, 'link'));
  t.deepEqual(await files.list(folder), ['.hidden', 'link']);
  t.is(await files.stat(join(folder, 'link')), undefined);
});

test('what cannot be read or written is an error that names it', async (t) => {
  const path = join(scratch(t), 'file');
  writeFileSync(path, '');
  t.true(isDaemonError(await t.throwsAsync(files.list(path)), 'path-unreadable'));
  t.true(isDaemonError(await t.throwsAsync(files.mkdir(join(path, 'sub'))), 'path-unwritable'));
  t.true(isDaemonError(await t.throwsAsync(files.writeAtomic(join(path, 'sub'), '')), 'path-unwritable'));
});
