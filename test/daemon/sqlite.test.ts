// What is committed stays, whatever ends the process; a damaged, full or busy database says so in our words.

import { closeSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { isDaemonError } from '../../daemon/errors.ts';
import { systemExec } from '../../daemon/exec.ts';
import { type Database, lockFolder, openDatabase } from '../../daemon/sqlite.ts';
import { scratch } from '../support/scratch.ts';

const exec = systemExec({ PATH: process.env['PATH'] });
const migrations = [
  { name: '0001-rows', sql: 'CREATE TABLE row (number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT' },
  {
    name: '0002-notes',
    sql: 'CREATE TABLE note (row INTEGER NOT NULL REFERENCES row, text TEXT NOT NULL) STRICT',
  },
];

function fixture(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

function open(t: { teardown(fn: () => void): void }, path: string): Database {
  const database = openDatabase({ path, migrations, busyTimeoutMs: 50 });
  t.teardown(() => database.close());
  return database;
}

function count(database: Database): number {
  return database.prepare<{ count: number }>('SELECT count(*) AS count FROM row').get()?.count ?? -1;
}

test('the settings that durability rests on hold after the first write', (t) => {
  const database = open(t, join(scratch(t), 'a.db'));
  database.prepare('INSERT INTO row VALUES (1, ?)').run(Buffer.alloc(1));
  t.deepEqual(database.prepare('PRAGMA journal_mode').all(), [{ journal_mode: 'wal' }]);
  t.deepEqual(database.prepare('PRAGMA synchronous').all(), [{ synchronous: 2 }]);
  t.deepEqual(database.prepare('PRAGMA foreign_keys').all(), [{ foreign_keys: 1 }]);
});

test('the file and its companions are private', (t) => {
  const folder = scratch(t);
  open(t, join(folder, 'a.db'));
  t.deepEqual(readdirSync(folder).sort(), ['a.db', 'a.db-shm', 'a.db-wal']);
  for (const name of readdirSync(folder)) t.is(statSync(join(folder, name)).mode & 0o777, 0o600);
});

test('values come back as they were', (t) => {
  const database = open(t, join(scratch(t), 'a.db'));
  const { changes, lastInsertRowid } = database
    .prepare('INSERT INTO row (body) VALUES (:body)')
    .run({ body: Uint8Array.of(0, 255) });
  t.deepEqual({ changes, lastInsertRowid }, { changes: 1, lastInsertRowid: 1 });
  database.prepare('INSERT INTO row VALUES (?, ?)').run(Number.MAX_SAFE_INTEGER, Buffer.alloc(0));
  t.deepEqual(database.prepare('SELECT * FROM row').all(), [
    { number: 1, body: Buffer.from([0, 255]) },
    { number: Number.MAX_SAFE_INTEGER, body: Buffer.alloc(0) },
  ]);
  t.is(database.prepare('SELECT * FROM row WHERE number = ?').get(5), undefined);
});

test('a transaction is all or nothing, an inner one can fail alone, and none may wait', (t) => {
  const database = open(t, join(scratch(t), 'a.db'));
  const insert = database.prepare('INSERT INTO row VALUES (?, ?)');
  const fail = (number: number): never => {
    insert.run(number, Buffer.alloc(1));
    throw new RangeError('enough');
  };
  t.throws(() => database.transaction(() => fail(1)), { instanceOf: RangeError });
  t.is(count(database), 0);
  const result = database.transaction(() => {
    insert.run(2, Buffer.alloc(1));
    t.throws(() => database.transaction(() => fail(3)), { instanceOf: RangeError });
    return 'done';
  });
  t.is(result, 'done');
  t.deepEqual(database.prepare('SELECT number FROM row').all(), [{ number: 2 }]);
  t.throws(() => database.transaction(async () => void insert.run(4, Buffer.alloc(1))));
  t.is(count(database), 1);
});

test('a refused statement keeps the code of the engine', (t) => {
  const database = open(t, join(scratch(t), 'a.db'));
  const error = t.throws(() => database.prepare('INSERT INTO note VALUES (1, ?)').run('x'));
  t.true(
    isDaemonError(error, 'database-failed') && error.details['systemCode'] === 'SQLITE_CONSTRAINT_FOREIGNKEY',
  );
  t.true(
    isDaemonError(
      t.throws(() => database.prepare('SELECT nothing')),
      'database-failed',
    ),
  );
});

test('another writer is waited for, then named as the reason', (t) => {
  const path = join(scratch(t), 'a.db');
  const [one, two] = [open(t, path), open(t, path)];
  one.transaction(() => {
    t.true(
      isDaemonError(
        t.throws(() => two.transaction(() => count(two))),
        'database-locked',
      ),
    );
    t.is(count(two), 0, 'readers go on');
  });
  t.is(
    two.transaction(() => count(two)),
    0,
  );
});

test('a text file and a folder are not databases', (t) => {
  const folder = scratch(t);
  writeFileSync(join(folder, 'text'), 'this is not a database, only a text that is long enough to look at');
  t.true(
    isDaemonError(
      t.throws(() => open(t, join(folder, 'text'))),
      'database-corrupt',
    ),
  );
  t.true(
    isDaemonError(
      t.throws(() => open(t, folder)),
      'path-unwritable',
    ),
  );
  t.true(
    isDaemonError(
      t.throws(() => open(t, join(folder, 'none', 'a.db'))),
      'path-unwritable',
    ),
  );
});

test('damage in the middle of the file is found when it is opened', (t) => {
  const path = join(scratch(t), 'a.db');
  const database = openDatabase({ path, migrations });
  const insert = database.prepare('INSERT INTO row (body) VALUES (?)');
  for (let row = 0; row < 200; row += 1) insert.run(Buffer.alloc(1_000, 1));
  database.close();
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(4_096, 0xee), 0, 4_096, 4_096 * 20);
  closeSync(file);
  t.true(
    isDaemonError(
      t.throws(() => open(t, path)),
      'database-corrupt',
    ),
  );
});

test('what was acknowledged before kill -9 is there afterwards, and only whole transactions are', async (t) => {
  const path = join(scratch(t), 'a.db');
  let acknowledged = 0;
  for (let life = 0; life < 5; life += 1) {
    const before = acknowledged;
    const output = { line: (text: string): void => void (acknowledged = Number(text)) };
    await using child = await exec.spawn(
      process.execPath,
      [fixture('_commit-until-killed.ts'), path, String(before)],
      { output },
    );
    while (acknowledged < before + 20 + 37 * life) await delay(1);
    child.kill('SIGKILL');
    await child.exited;
    const database = openDatabase({ path, migrations: migrations.slice(0, 1) });
    const rows = database.prepare<{ number: number }>('SELECT number FROM row ORDER BY number').all();
    const numbers = rows.map(({ number }) => number).filter((number) => number > 0);
    database.close();
    // The last one may have been committed without its word having reached us.
    t.true(numbers.length === acknowledged || numbers.length === acknowledged + 1);
    t.is(numbers.at(-1), numbers.length, 'without gaps');
    t.is(rows.length, 2 * numbers.length, 'both halves of each transaction');
    acknowledged = numbers.length;
  }
});

test('a folder is used by one process at a time, and is free again when that one is killed', async (t) => {
  const folder = scratch(t);
  const first = lockFolder(folder);
  const error = t.throws(() => lockFolder(folder));
  t.true(isDaemonError(error, 'folder-locked') && error.details['pid'] === process.pid);
  t.regex(error?.message ?? '', new RegExp(`is in use by process ${process.pid}$`));
  first[Symbol.dispose]();

  const script = `import { lockFolder } from ${JSON.stringify(new URL('../../daemon/sqlite.ts', import.meta.url).href)};
    globalThis.lock = lockFolder(${JSON.stringify(folder)}); console.log('locked'); setInterval(() => {}, 1_000);`;
  let locked = false;
  const output = { line: (text: string): void => void (locked ||= text === 'locked') };
  await using child = await exec.spawn(process.execPath, ['--input-type=module', '-e', script], { output });
  while (!locked) await delay(5);
  const refused = t.throws(() => lockFolder(folder));
  t.true(isDaemonError(refused, 'folder-locked') && refused.details['pid'] === child.pid);
  child.kill('SIGKILL');
  await child.exited;
  lockFolder(folder)[Symbol.dispose]();
});

test('a folder that cannot be written cannot be locked', (t) => {
  t.true(
    isDaemonError(
      t.throws(() => lockFolder(join(scratch(t), 'none'))),
      'path-unwritable',
    ),
  );
});

test('the ballast has its size on the disk, and making room gives space and ballast back', (t) => {
  const path = join(scratch(t), 'a.db');
  const database = openDatabase({ path, migrations, ballastBytes: 2_500_000 });
  t.teardown(() => database.close());
  t.is(statSync(`${path}.ballast`).size, 2_500_000);
  t.true(statSync(`${path}.ballast`).blocks * 512 >= 2_500_000);
  database.prepare('INSERT INTO row VALUES (1, ?)').run(Buffer.alloc(1_000_000));
  t.true(database.makeRoom(() => database.prepare('DELETE FROM row').run()));
  t.is(count(database), 0);
  t.true(statSync(path).size < 100_000, 'the space went back to the disk');
  t.is(statSync(`${path}.ballast`).size, 2_500_000);
});

async function onSmallDisk(folder: string, ballastMiB: number): Promise<string> {
  const script = 'mount -t tmpfs -o size=24m none "$1" && exec "$2" "$3" "$1" "$4"';
  const args = [
    '-rm',
    'sh',
    '-c',
    script,
    'sh',
    folder,
    process.execPath,
    fixture('_full-disk.ts'),
    String(ballastMiB),
  ];
  const { code, stdout, stderr } = await exec.run('unshare', args, { timeoutMs: 50_000, group: true });
  return code === 0 ? stdout : `unable: ${stderr}`;
}

test('a full disk: stuck without ballast, and with it rows can be deleted and written again', async (t) => {
  const folder = scratch(t);
  const without = await onSmallDisk(folder, 0);
  if (without.startsWith('unable')) {
    t.log(`skipped: this user cannot mount a small disk of its own (${without.slice(0, 200)})`);
    t.pass();
    return;
  }
  t.like(JSON.parse(without), {
    filled: 'disk-full',
    allKept: true,
    stuck: 'disk-full',
    madeRoom: 'disk-full',
  });
  t.deepEqual(JSON.parse(await onSmallDisk(folder, 4.25)), {
    filled: 'disk-full',
    allKept: true,
    stuck: 'disk-full',
    madeRoom: 'none',
    after: 'none',
  });
  t.is(readFileSync('/proc/mounts', 'utf8').includes(folder), false, 'nothing stays mounted');
});
