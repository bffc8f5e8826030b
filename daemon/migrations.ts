// Brings a database file to the schema that this program was written for. Migrations are numbered .sql
// texts and only go forward. Invariants: each one is a single transaction together with its number and
// checksum; an applied one never changes; a newer database is left alone; every table is STRICT; an
// existing database is copied aside before it is changed. Called by openDatabase.

import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { DaemonError, fromSystem } from './errors.ts';

export interface Migration {
  /** `0001-what-it-does`: the number is its place, counted from 1 without gaps. */
  readonly name: string;
  readonly sql: string;
}

/** What a migration needs from a database. */
export interface MigrationTarget {
  readonly path: string;
  exec(sql: string): void;
  /** Rows of a query or a pragma. */
  query<Row>(sql: string): readonly Row[];
  record(migration: { number: number; name: string; sha256: string }): void;
  transaction(fn: () => void): void;
}

/**
 * The migrations in a folder, in order. A store names its own folder by
 * `new URL('./migrations/', import.meta.url)`; a build of one file keeps that line working by putting
 * the folder `migrations` beside that file, so no .sql text is compiled in and none needs a loader.
 * @throws DaemonError `path-unreadable`, `migration-invalid`
 */
export function readMigrations(folder: URL): readonly Migration[] {
  try {
    const names = readdirSync(folder)
      .filter((name) => name.endsWith('.sql'))
      .sort();
    return names.map((name) => ({
      name: name.slice(0, -'.sql'.length),
      sql: readFileSync(new URL(name, folder), 'utf8'),
    }));
  } catch (error) {
    throw fromSystem(error, 'path-unreadable', folder.pathname);
  }
}

/** @throws DaemonError `database-newer`, `migration-invalid`, and what the statements themselves throw */
export function migrate(target: MigrationTarget, migrations: readonly Migration[]): void {
  migrations.forEach(checkName);
  const version = target.query<{ user_version: number }>('PRAGMA user_version')[0]?.user_version ?? 0;
  if (version > migrations.length) {
    const message = `${target.path} was written by a newer version of this program (schema ${version}, known ${migrations.length})`;
    throw new DaemonError('database-newer', message, {
      details: { path: target.path, found: version, known: migrations.length },
    });
  }
  if (version > 0) checkApplied(target, migrations.slice(0, version));
  if (version === migrations.length) return;
  if (version > 0) copyAside(target, version);
  // Rebuilding a table drops the old one; with enforcement on, that would delete the rows that refer to it.
  target.exec('PRAGMA foreign_keys = OFF');
  migrations.slice(version).forEach((migration, index) => apply(target, migration, version + index + 1));
  target.exec('PRAGMA foreign_keys = ON');
}

/** The schema as text, one statement per object, sorted; to compare a database with a schema.sql. */
export function schemaText(query: MigrationTarget['query']): string {
  const rows = query<{ sql: string }>(
    `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND tbl_name <> 'migration'
     ORDER BY tbl_name, type = 'table' DESC, name`,
  );
  return rows.map(({ sql }) => `${sql};\n`).join('\n');
}

const namePattern = /^(\d{4})-[a-z0-9-]+$/;

function checkName({ name }: Migration, index: number): void {
  if (Number(namePattern.exec(name)?.[1]) === index + 1) return;
  const expected = String(index + 1).padStart(4, '0');
  throw new DaemonError('migration-invalid', `migration ${name} is not the expected ${expected}-some-name`, {
    details: { name },
  });
}

function checkApplied(target: MigrationTarget, migrations: readonly Migration[]): void {
  const applied = target.query<{ number: number; sha256: string }>(
    'SELECT number, sha256 FROM migration ORDER BY number',
  );
  migrations.forEach((migration, index) => {
    if (applied[index]?.number === index + 1 && applied[index].sha256 === checksum(migration)) return;
    const message = `migration ${migration.name} is not the one that made ${target.path}`;
    throw new DaemonError('migration-invalid', message, {
      details: { path: target.path, name: migration.name },
    });
  });
}

function apply(target: MigrationTarget, migration: Migration, number: number): void {
  const { name } = migration;
  target.transaction(() => {
    if (number === 1)
      target.exec(
        'CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL) STRICT',
      );
    target.exec(migration.sql);
    const loose = target.query<{ name: string }>(
      `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'`,
    );
    if (loose[0] !== undefined)
      throw new DaemonError('migration-invalid', `migration ${name}: table ${loose[0].name} is not STRICT`);
    const dangling = target.query<{ table: string }>('PRAGMA foreign_key_check');
    if (dangling[0] !== undefined)
      throw new DaemonError(
        'migration-invalid',
        `migration ${name}: ${dangling[0].table} refers to rows that are gone`,
      );
    target.record({ number, name, sha256: checksum(migration) });
    target.exec(`PRAGMA user_version = ${number}`);
  });
}

/** Writes `<path>.before-<next number>`, a whole database that the previous version of the program can open. */
function copyAside(target: MigrationTarget, version: number): void {
  const copy = `${target.path}.before-${String(version + 1).padStart(4, '0')}`;
  try {
    rmSync(copy, { force: true });
    // VACUUM INTO accepts an empty file, and this one is private from its first byte on.
    closeSync(openSync(copy, 'wx', 0o600));
    target.exec(`VACUUM INTO '${copy.replaceAll("'", "''")}'`);
    const file = openSync(copy, 'r');
    fsyncSync(file);
    closeSync(file);
  } catch (error) {
    throw fromSystem(error, 'path-unwritable', copy);
  }
}

function checksum({ sql }: Migration): string {
  return createHash('sha256').update(sql).digest('hex');
}
