// The only user of better-sqlite3: opens a database file so that what is committed survives kill -9 and
// a power cut, and turns the engine's errors into ours. Invariants: WAL with synchronous=FULL, read back;
// foreign keys on; transactions take the write lock at once; the file is 0600. Called by the stores.
// Also holds the lock on a data folder, since a lock of the engine ends with its process.

import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { pid, versions } from 'node:process';
import SqliteDatabase from 'better-sqlite3';
import { DaemonError, type DaemonErrorKind, fromSystem, isDaemonError, systemCode } from './errors.ts';
import { type Migration, type MigrationTarget, migrate } from './migrations.ts';

export type SqlValue = string | number | bigint | null | Uint8Array;
/** Values for `?` in order, or one record for `:name`. */
export type SqlParameters = readonly SqlValue[] | readonly [Readonly<Record<string, SqlValue>>];

export interface Statement<Row> {
  get(...parameters: SqlParameters): Row | undefined;
  all(...parameters: SqlParameters): Row[];
  run(...parameters: SqlParameters): { readonly changes: number; readonly lastInsertRowid: number };
}

export interface Database extends AsyncDisposable {
  readonly path: string;
  /** `Row` is the caller's word for what the text selects; blobs arrive as Buffer, integers as number. */
  prepare<Row = unknown>(sql: string): Statement<Row>;
  /**
   * Runs `fn` as one transaction and commits it durably; anything thrown rolls all of it back. Inside
   * another one it is a savepoint. `fn` is synchronous. @throws DaemonError `disk-full`,
   * `database-corrupt`, `database-locked`, `database-failed` (details.systemCode has the engine's code)
   */
  transaction<T>(fn: () => T): T;
  /**
   * For a full disk: gives up the ballast, runs `fn`, which deletes rows in one transaction, returns the
   * space to the disk, and takes the ballast back when there is room for it: then it is true. What `fn`
   * rewrites must fit into the log, so it deletes some thousand rows at a time. @throws as `transaction`
   */
  makeRoom(fn: () => void): boolean;
  close(): void;
}

export interface DatabaseOptions {
  readonly path: string;
  readonly migrations: readonly Migration[];
  /**
   * Size of a file beside the database that is given up when the disk is full; none when not given. It
   * must exceed the write-ahead log (4 MiB and the largest transaction), or the log cannot be emptied.
   */
  readonly ballastBytes?: number;
  /** How long a statement waits for another process; 5 s when not given. */
  readonly busyTimeoutMs?: number;
}

/**
 * Opens or makes the database and brings it to the newest migration. The folder must exist.
 * @throws DaemonError `database-corrupt`, `database-newer`, `database-locked`, `migration-invalid`,
 * `disk-full`, `path-unwritable`, `runtime-unsupported`
 */
export function openDatabase(options: DatabaseOptions): Database {
  requireNodeApi();
  const { path } = options;
  const ballast =
    options.ballastBytes === undefined ? noBallast : ballastAt(`${path}.ballast`, options.ballastBytes);
  let connection: SqliteDatabase.Database;
  try {
    connection = openConnection(options);
  } catch (error) {
    if (!isDaemonError(error, 'disk-full') || !ballast.giveUp()) throw error;
    connection = openConnection(options);
  }
  ballast.take();
  return databaseOver(connection, path, ballast);
}

/**
 * Makes this process the only one to use `folder`, until the result is disposed or the process ends,
 * however it ends. @throws DaemonError `folder-locked` (details.pid when known), `path-unwritable`
 */
export function lockFolder(folder: string): Disposable {
  requireNodeApi();
  const path = join(folder, 'lock');
  const pidFile = join(folder, 'lock.pid');
  const lock = guarded(path, () => openPrivate(path));
  try {
    lock.pragma('busy_timeout = 0');
    lock.exec('BEGIN EXCLUSIVE');
    writeFileSync(pidFile, `${pid}\n`, { mode: 0o600 });
  } catch (error) {
    lock.close();
    const known = isEngineError(error)
      ? toDaemonError(error, path)
      : fromSystem(error, 'path-unwritable', path);
    if (known.kind !== 'database-locked') throw known;
    const holder = readPid(pidFile);
    const message = `${folder} is in use by ${holder === undefined ? 'another process' : `process ${holder}`}`;
    throw new DaemonError('folder-locked', message, {
      cause: error,
      details: { folder, ...(holder === undefined ? {} : { pid: holder }) },
    });
  }
  return { [Symbol.dispose]: () => void lock.close() };
}

/**
 * The process that holds the lock of `folder` now, 0 when it did not say which it is; undefined when nobody does.
 * Takes nothing itself. @throws DaemonError `path-unreadable`
 */
export function lockHolder(folder: string): number | undefined {
  const path = join(folder, 'lock');
  if (!existsSync(path)) return undefined;
  const lock = openReadable(path);
  try {
    lock.pragma('busy_timeout = 0');
    lock.exec('SELECT 1 FROM sqlite_schema');
    return undefined;
  } catch (error) {
    const known = isEngineError(error) ? toDaemonError(error, path) : error;
    if (!isDaemonError(known, 'database-locked')) throw known;
    return readPid(join(folder, 'lock.pid')) ?? 0;
  } finally {
    lock.close();
  }
}

/**
 * A database that is there already, to read what another process may be writing: it is not made, not migrated and
 * nobody is kept out. `newest` is the last schema that the caller knows.
 * @throws DaemonError `path-unreadable`, `database-corrupt`, `database-newer`
 */
export function openForReading(path: string, newest: number): Database {
  requireNodeApi();
  const connection = openReadable(path);
  try {
    return guarded(path, () => {
      const damage: unknown = connection.pragma('quick_check(1)', { simple: true });
      if (damage !== 'ok') throw new DaemonError('database-corrupt', `${path} is damaged: ${String(damage)}`);
      const version = Number(connection.pragma('user_version', { simple: true }));
      if (version > newest)
        throw new DaemonError('database-newer', `${path} has schema ${version}, known are ${newest}`);
      return databaseOver(connection, path, noBallast);
    });
  } catch (error) {
    connection.close();
    throw error;
  }
}

function openReadable(path: string): SqliteDatabase.Database {
  try {
    accessSync(path, constants.R_OK);
    return new SqliteDatabase(path, { readonly: true, fileMustExist: true });
  } catch (error) {
    throw fromSystem(error, 'path-unreadable', path);
  }
}

const defaultBusyTimeoutMs = 5_000;
const synchronousFull = 2;

function openConnection({
  path,
  migrations,
  busyTimeoutMs = defaultBusyTimeoutMs,
}: DatabaseOptions): SqliteDatabase.Database {
  return guarded(path, () => {
    const connection = openPrivate(path);
    try {
      connection.pragma(`busy_timeout = ${busyTimeoutMs}`);
      // Only a database without tables takes this, and asking again would write: lets makeRoom return space.
      const isNew = connection.pragma('page_count', { simple: true }) === 0;
      if (isNew) connection.pragma('auto_vacuum = INCREMENTAL');
      connection.pragma('journal_mode = WAL');
      connection.pragma('synchronous = FULL');
      connection.pragma('foreign_keys = ON');
      const damage: unknown = connection.pragma('quick_check(1)', { simple: true });
      if (damage !== 'ok')
        throw new DaemonError('database-corrupt', `${path} is damaged: ${String(damage)}`, {
          details: { path },
        });
      migrate(migrationTarget(connection, path), migrations);
      checkSettings(connection, path);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  });
}

function openPrivate(path: string): SqliteDatabase.Database {
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    throw fromSystem(error, 'path-unwritable', path);
  }
  return new SqliteDatabase(path);
}

/** The engine is built to fall back to synchronous=NORMAL with WAL, silently: so ask, after the first write. */
function checkSettings(connection: SqliteDatabase.Database, path: string): void {
  const found = {
    journal: connection.pragma('journal_mode', { simple: true }),
    synchronous: connection.pragma('synchronous', { simple: true }),
    foreignKeys: connection.pragma('foreign_keys', { simple: true }),
  };
  if (found.journal === 'wal' && found.synchronous === synchronousFull && found.foreignKeys === 1) return;
  throw new DaemonError(
    'database-failed',
    `${path} does not keep its durability settings: ${JSON.stringify(found)}`,
  );
}

function migrationTarget(connection: SqliteDatabase.Database, path: string): MigrationTarget {
  return {
    path,
    exec: (sql) => void connection.exec(sql),
    query: <Row>(sql: string) => connection.prepare<[], Row>(sql).all(),
    record: ({ number, name, sha256 }) =>
      void connection.prepare('INSERT INTO migration VALUES (?, ?, ?)').run(number, name, sha256),
    transaction: (fn) => connection.transaction(fn).immediate(),
  };
}

function databaseOver(connection: SqliteDatabase.Database, path: string, ballast: Ballast): Database {
  const close = (): void => void connection.close();
  return {
    path,
    close,
    prepare: <Row>(sql: string) => {
      const statement = guarded(path, () => connection.prepare<SqlValue[], Row>(sql));
      return {
        get: (...parameters) => guarded(path, () => statement.get(...(parameters as SqlValue[]))),
        all: (...parameters) => guarded(path, () => statement.all(...(parameters as SqlValue[]))),
        run: (...parameters) =>
          guarded(path, () => {
            const { changes, lastInsertRowid } = statement.run(...(parameters as SqlValue[]));
            return { changes, lastInsertRowid: Number(lastInsertRowid) };
          }),
      };
    },
    transaction: (fn) => guarded(path, () => connection.transaction(fn).immediate()),
    makeRoom: (fn) =>
      guarded(path, () => {
        ballast.giveUp();
        // The log goes into the database while there is space for it; then `fn` writes over the log's own
        // blocks, and the second checkpoint finds every page in place.
        connection.pragma('wal_checkpoint(RESTART)');
        connection.transaction(fn).immediate();
        connection.pragma('incremental_vacuum');
        connection.pragma('wal_checkpoint(TRUNCATE)');
        return ballast.take();
      }),
    [Symbol.asyncDispose]: async () => close(),
  };
}

interface Ballast {
  /** True when there was something to give up. */
  giveUp(): boolean;
  /** True when the ballast is whole. */
  take(): boolean;
}

const noBallast: Ballast = { giveUp: () => false, take: () => true };
const ballastBlockBytes = 2 ** 20;

function ballastAt(path: string, bytes: number): Ballast {
  const giveUp = (): boolean => {
    const present = existsSync(path);
    rmSync(path, { force: true });
    return present;
  };
  const take = (): boolean => {
    if (existsSync(path)) return true;
    const file = openSync(path, 'w', 0o600);
    try {
      // Random, so that a file system that compresses cannot make it vanish.
      const block = randomBytes(ballastBlockBytes);
      for (let left = bytes; left > 0; left -= writeSync(file, block, 0, Math.min(left, block.length)));
      fsyncSync(file);
      return true;
    } catch (error) {
      giveUp();
      if (fromSystem(error, 'path-unwritable', path).kind === 'disk-full') return false;
      throw error;
    } finally {
      closeSync(file);
    }
  };
  return { giveUp, take };
}

function readPid(path: string): number | undefined {
  const text = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/** better-sqlite3 needs Node-API 10; below that it ends the process without a word. */
function requireNodeApi(): void {
  if (Number(versions['napi']) >= 10) return;
  throw new DaemonError(
    'runtime-unsupported',
    `Node ${versions.node} is too old to open a database; 24.15 or later is needed`,
  );
}

function guarded<T>(path: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    throw isEngineError(error) ? toDaemonError(error, path) : error;
  }
}

function isEngineError(error: unknown): boolean {
  return systemCode(error)?.startsWith('SQLITE_') === true;
}

function toDaemonError(error: unknown, path: string): DaemonError {
  const code = systemCode(error) ?? '';
  const [kind, text] = meaningOf(code);
  return new DaemonError(kind, `${text} ${path}`, { cause: error, details: { path, systemCode: code } });
}

function meaningOf(code: string): readonly [DaemonErrorKind, string] {
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE') return ['disk-full', 'no space left for'];
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return ['database-corrupt', 'the database is damaged:'];
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return ['database-locked', 'another process holds'];
  if (/^SQLITE_(CANTOPEN|READONLY|PERM|AUTH)/.test(code)) return ['path-unwritable', 'cannot write'];
  return ['database-failed', 'the database refused a statement:'];
}
