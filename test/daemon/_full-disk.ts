// Run by a test in a mount namespace of its own with a small disk at the given folder: fills the disk,
// shows that the database is stuck, also after a restart, and then makes room. Prints what it saw as JSON.

import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDaemonError } from '../../daemon/errors.ts';
import { type Database, openDatabase } from '../../daemon/sqlite.ts';

const [folder = '', ballastMiB = '0'] = process.argv.slice(2);
const migrations = [
  { name: '0001-rows', sql: 'CREATE TABLE row (number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT' },
];

function open(): Database {
  const ballastBytes = Number(ballastMiB) * 2 ** 20;
  return openDatabase({
    path: join(folder, 'rows.db'),
    migrations,
    ...(ballastBytes > 0 ? { ballastBytes } : {}),
  });
}

function failure(fn: () => unknown): string {
  try {
    fn();
    return 'none';
  } catch (error) {
    return isDaemonError(error) ? error.kind : String(error);
  }
}

function insertMany(database: Database, count: number): string {
  const insert = database.prepare('INSERT INTO row (body) VALUES (?)');
  return failure(() => {
    for (let done = 0; done < count; done += 1) insert.run(Buffer.alloc(1_000, done));
  });
}

const before = open();
const filled = insertMany(before, Infinity);
const stored = before.prepare<{ count: number }>('SELECT count(*) AS count FROM row').get()?.count;
before.close();
failure(() => {
  for (;;) appendFileSync(join(folder, 'other'), Buffer.alloc(4_096));
});

const database = open();
// Touches some 1,000 pages, so nearly all of the log is needed for it.
const shed = (): unknown => database.prepare('DELETE FROM row WHERE number % 2 = 0 AND number < 4000').run();
const kept = database.prepare<{ count: number }>('SELECT count(*) AS count FROM row').get()?.count;
const stuck = failure(shed);
const madeRoom = failure(() => database.makeRoom(() => void shed()));
const after = insertMany(database, 100);
database.close();
process.stdout.write(JSON.stringify({ filled, allKept: kept === stored, stuck, madeRoom, after }));
