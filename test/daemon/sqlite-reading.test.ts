// Looking at a database and at the lock of a folder from outside: what another process writes is seen, nothing is changed,
// nobody is kept out.

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import test from 'ava';
import { isDaemonError } from '../../daemon/errors.ts';
import { lockFolder, lockHolder, openDatabase, openForReading } from '../../daemon/sqlite.ts';
import { scratch } from '../support/scratch.ts';

const migrations = [{ name: '0001-rows', sql: 'CREATE TABLE row (number INTEGER PRIMARY KEY) STRICT' }];

test('what a writer has committed is seen while it goes on, and cannot be changed', async (t) => {
  const path = join(scratch(t), 'a.db');
  await using writer = openDatabase({ path, migrations });
  writer.transaction(() => void writer.prepare('INSERT INTO row VALUES (1)').run());
  await using reader = openForReading(path, 1);
  t.deepEqual(reader.prepare('SELECT number FROM row').all(), [{ number: 1 }]);
  t.throws(() => reader.prepare('DELETE FROM row').run());
  writer.transaction(() => void writer.prepare('INSERT INTO row VALUES (2)').run());
  t.is(reader.prepare('SELECT number FROM row').all().length, 2);
});

test('what is not there is not made; what is newer or damaged is not read', async (t) => {
  const folder = scratch(t);
  const path = join(folder, 'a.db');
  t.true(
    isDaemonError(
      t.throws(() => openForReading(path, 1)),
      'path-unreadable',
    ),
  );
  t.deepEqual(readdirSync(folder), []);
  openDatabase({ path, migrations }).close();
  t.true(
    isDaemonError(
      t.throws(() => openForReading(path, 0)),
      'database-newer',
    ),
  );
  writeFileSync(path, 'a text '.repeat(1_000));
  t.true(
    isDaemonError(
      t.throws(() => openForReading(path, 1)),
      'database-corrupt',
    ),
  );
});

test('the holder of a folder is named, and looking takes nothing', (t) => {
  const folder = scratch(t);
  t.is(lockHolder(folder), undefined);
  const lock = lockFolder(folder);
  t.is(lockHolder(folder), process.pid);
  t.is(lockHolder(folder), process.pid);
  lock[Symbol.dispose]();
  t.is(lockHolder(folder), undefined);
  lockFolder(folder)[Symbol.dispose]();
});
