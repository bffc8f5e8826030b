// A database only moves forward, in whole steps, from a copy, and only by the steps that this program knows.

import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { isDaemonError } from '../../daemon/errors.ts';
import { type Migration, readMigrations, schemaText } from '../../daemon/migrations.ts';
import { type Database, openDatabase } from '../../daemon/sqlite.ts';
import { scratch } from '../support/scratch.ts';

const people = {
  name: '0001-people',
  sql: 'CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;',
};
const pets = {
  name: '0002-pets',
  sql: `CREATE TABLE pet (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL REFERENCES person ON DELETE CASCADE) STRICT;
        INSERT INTO pet (owner) SELECT id FROM person;`,
};

function at<T>(path: string, migrations: readonly Migration[], fn: (database: Database) => T): T {
  const database = openDatabase({ path, migrations });
  try {
    return fn(database);
  } finally {
    database.close();
  }
}

function tables(database: Database): readonly string[] {
  const rows = database
    .prepare<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all();
  return rows.map(({ name }) => name);
}

function withAda(path: string): void {
  at(path, [people], (database) => database.prepare("INSERT INTO person (name) VALUES ('Ada')").run());
}

test('a new database gets all migrations, and a second opening changes nothing', (t) => {
  const path = join(scratch(t), 'a.db');
  for (let opening = 0; opening < 2; opening += 1) {
    at(path, [people, pets], (database) => {
      t.deepEqual(tables(database), ['migration', 'person', 'pet']);
      t.deepEqual(database.prepare('PRAGMA user_version').all(), [{ user_version: 2 }]);
      t.deepEqual(database.prepare('SELECT number, name FROM migration').all(), [
        { number: 1, name: '0001-people' },
        { number: 2, name: '0002-pets' },
      ]);
    });
  }
  t.false(existsSync(`${path}.before-0001`), 'there was nothing to copy');
});

test('an older database is migrated with its rows, and its copy opens with the older program', (t) => {
  const path = join(scratch(t), "it's.db");
  withAda(path);
  at(path, [people, pets], (database) =>
    t.deepEqual(database.prepare('SELECT owner FROM pet').all(), [{ owner: 1 }]),
  );
  t.is(statSync(`${path}.before-0002`).mode & 0o777, 0o600);
  at(`${path}.before-0002`, [people], (database) => {
    t.deepEqual(database.prepare('SELECT name FROM person').all(), [{ name: 'Ada' }]);
    t.deepEqual(tables(database), ['migration', 'person']);
  });
});

test('a newer database is refused and not touched', (t) => {
  const path = join(scratch(t), 'a.db');
  at(path, [people, pets], () => undefined);
  const before = readFileSync(path);
  const error = t.throws(() => at(path, [people], () => undefined));
  t.true(
    isDaemonError(error, 'database-newer') && error.details['found'] === 2 && error.details['known'] === 1,
  );
  t.true(before.equals(readFileSync(path)));
});

test('a migration that fails leaves the database as it was, and can be mended', (t) => {
  const path = join(scratch(t), 'a.db');
  withAda(path);
  const broken = { name: '0002-pets', sql: `${pets.sql} INSERT INTO nowhere VALUES (1);` };
  t.true(
    isDaemonError(
      t.throws(() => at(path, [people, broken], () => undefined)),
      'database-failed',
    ),
  );
  at(path, [people], (database) => t.deepEqual(tables(database), ['migration', 'person']));
  at(path, [people, pets], (database) => t.deepEqual(tables(database), ['migration', 'person', 'pet']));
});

const refused = test.macro((t, second: Migration, pattern: RegExp) => {
  const path = join(scratch(t), 'a.db');
  withAda(path);
  const error = t.throws(() => at(path, [people, second], () => undefined));
  t.true(isDaemonError(error, 'migration-invalid'));
  t.regex(error?.message ?? '', pattern);
  at(path, [people], (database) => t.is(tables(database).length, 2));
});

test(
  'a table that is not STRICT is refused',
  refused,
  { name: '0002-a', sql: 'CREATE TABLE loose (id)' },
  /table loose is not STRICT/,
);
test(
  'a gap in the numbers is refused',
  refused,
  { name: '0003-a', sql: '' },
  /0003-a is not the expected 0002-some-name/,
);
test('a number twice is refused', refused, { name: '0001-a', sql: '' }, /0001-a is not the expected 0002/);
test('a name without number is refused', refused, { name: 'pets', sql: '' }, /pets is not the expected 0002/);
test(
  'rows that refer to nothing are refused',
  refused,
  {
    name: '0002-a',
    sql: 'CREATE TABLE pet (owner INTEGER REFERENCES person) STRICT; INSERT INTO pet SELECT id FROM person; DELETE FROM person;',
  },
  /pet refers to rows that are gone/,
);

test('an applied migration must not change', (t) => {
  const path = join(scratch(t), 'a.db');
  withAda(path);
  const changed = { ...people, sql: `${people.sql} -- better` };
  const error = t.throws(() => at(path, [changed, pets], () => undefined));
  t.true(isDaemonError(error, 'migration-invalid'));
  t.regex(error?.message ?? '', /migration 0001-people is not the one that made/);
});

test('a table can be rebuilt without losing the rows that refer to it', (t) => {
  const path = join(scratch(t), 'a.db');
  withAda(path);
  at(path, [people, pets], () => undefined);
  const rebuild = {
    name: '0003-ages',
    sql: `CREATE TABLE fresh (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER) STRICT;
          INSERT INTO fresh (id, name) SELECT id, name FROM person; DROP TABLE person; ALTER TABLE fresh RENAME TO person;`,
  };
  at(path, [people, pets, rebuild], (database) => {
    t.deepEqual(database.prepare('SELECT owner FROM pet').all(), [{ owner: 1 }]);
    t.throws(
      () => database.prepare('INSERT INTO pet (owner) VALUES (9)').run(),
      undefined,
      'enforced again afterwards',
    );
  });
});

test('migrations are read from a folder in order, and a schema can be compared as text', (t) => {
  const folder = join(scratch(t), 'migrations');
  mkdirSync(folder);
  writeFileSync(join(folder, '0002-pets.sql'), pets.sql);
  writeFileSync(join(folder, '0001-people.sql'), people.sql);
  writeFileSync(join(folder, 'README.md'), '');
  const migrations = readMigrations(pathToFileURL(`${folder}/`));
  t.deepEqual(migrations, [people, pets]);
  at(join(folder, 'a.db'), migrations, (database) => {
    const query = <Row>(sql: string): Row[] => database.prepare<Row>(sql).all();
    t.is(
      schemaText(query),
      `CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;

CREATE TABLE pet (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL REFERENCES person ON DELETE CASCADE) STRICT;
`,
    );
  });
  const error = t.throws(() => readMigrations(pathToFileURL(`${folder}/none/`)));
  t.true(isDaemonError(error, 'path-unreadable'));
});
