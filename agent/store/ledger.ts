// What left this building: a copy of every message, kept at the moment it is sent, the newest 64 MiB of at most 400 days.
// Invariants: a number is never used twice, so that what is gone can be counted; secrets are not in it (intake takes
// them out); heartbeats of days gone by are one row per day, which says how many they were and shows the last one.
// Written by agent/intake, read by agent/local.
import type { Database } from '../../daemon/sqlite.ts';

/** One message. Times ms UTC. */
export interface LedgerEntry {
  readonly number: number;
  readonly atMs: number;
  /** Hello, Report, Heartbeat and so on: what proto/egress.ts calls it. */
  readonly message: string;
  /** How many messages this row stands for: more than one only for heartbeats, of which `body` is the last. */
  readonly count: number;
  readonly body: Uint8Array;
}

/** What there is, and what is gone: `firstAtMs` is null while nothing was sent. */
export interface LedgerExtent {
  readonly kept: number;
  readonly everSent: number;
  readonly firstAtMs: number | null;
}

export interface Ledger {
  readonly add: (message: string, body: Uint8Array, nowMs: number) => void;
  /** The oldest after a number that are not older than a time, at most `limit`. */
  readonly after: (number: number, sinceMs: number, limit: number) => readonly LedgerEntry[];
  /** The number after which the newest `count` rows come, heartbeats not counted. */
  readonly beforeLast: (count: number) => number;
  readonly extent: () => LedgerExtent;
  /** For a full disk: gives up the oldest, some at a time, but never the newest few. */
  readonly shed: () => void;
}

export interface LedgerBounds {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

const dayMs = 24 * 3_600_000;
export const ledgerBounds: LedgerBounds = { maxBytes: 64 * 2 ** 20, maxAgeMs: 400 * dayMs };

/** What a row costs besides its body, about. */
const rowBytes = 48;
const shedRows = 1_000;
/** At most so many go in one statement; the next one takes more. */
const dropRows = 1_000;
const keptWhenFull = 2_000;

/** The ledger in an open database. */
export function ledgerOver(database: Database, bounds: LedgerBounds = ledgerBounds): Ledger {
  const statements = prepare(database);
  let bytes: number | undefined;
  let foldedDay = 0;
  const measured = (): number => statements.bytes.get(rowBytes)?.bytes ?? 0;
  const makeRoom = (nowMs: number): void => {
    const day = Math.floor(nowMs / dayMs);
    if (day !== foldedDay) {
      foldedDay = day;
      // Whole days that ended a day ago at least: the last 24 hours are there in full.
      statements.countHeartbeats.run({ before: (day - 1) * dayMs });
      statements.foldHeartbeats.run({ before: (day - 1) * dayMs });
      statements.dropOlder.run(nowMs - bounds.maxAgeMs);
      bytes = undefined;
    }
    if (bytes !== undefined && bytes <= bounds.maxBytes) return;
    bytes = measured();
    // A little more than has to go, so that the next messages cost no thought.
    const slack = bounds.maxBytes / 64;
    while (
      bytes > bounds.maxBytes &&
      statements.dropOldest.run({ rowBytes, excess: bytes - bounds.maxBytes + slack }).changes > 0
    )
      bytes = measured();
  };
  return {
    add: (message, body, nowMs) =>
      database.transaction(() => {
        statements.add.run({ nowMs, message, body });
        if (bytes !== undefined) bytes += body.length + rowBytes;
        makeRoom(nowMs);
      }),
    after: (number, sinceMs, limit) => statements.after.all(number, sinceMs, limit),
    beforeLast: (count) => statements.beforeLast.get(count)?.number ?? 0,
    extent: () => ({
      kept: statements.kept.get()?.kept ?? 0,
      everSent: statements.ever.get()?.seq ?? 0,
      firstAtMs: statements.kept.get()?.firstAtMs ?? null,
    }),
    shed: () => {
      statements.shed.run(keptWhenFull, shedRows);
      bytes = undefined;
    },
  };
}

function prepare(database: Database) {
  const lastOfDay = `SELECT MAX(number) FROM ledger WHERE message = 'Heartbeat' AND at_ms < :before GROUP BY at_ms / ${dayMs}`;
  return {
    add: database.prepare('INSERT INTO ledger (at_ms, message, body) VALUES (:nowMs, :message, :body)'),
    after: database.prepare<LedgerEntry>(
      `SELECT number, at_ms AS atMs, message, count, body FROM ledger WHERE number > ? AND at_ms >= ?
       ORDER BY number LIMIT ?`,
    ),
    beforeLast: database.prepare<{ number: number }>(
      `SELECT number FROM ledger WHERE message <> 'Heartbeat' ORDER BY number DESC LIMIT 1 OFFSET ?`,
    ),
    kept: database.prepare<{ kept: number; firstAtMs: number | null }>(
      'SELECT COALESCE(SUM(count), 0) AS kept, MIN(at_ms) AS firstAtMs FROM ledger',
    ),
    ever: database.prepare<{ seq: number }>(`SELECT seq FROM sqlite_sequence WHERE name = 'ledger'`),
    bytes: database.prepare<{ bytes: number }>(
      'SELECT COALESCE(SUM(LENGTH(body) + ?), 0) AS bytes FROM ledger',
    ),
    // One pass, and only the days that are not folded yet: it runs while the stream waits.
    countHeartbeats: database.prepare(
      `UPDATE ledger SET count = days.total
       FROM (SELECT MAX(number) AS last, SUM(count) AS total FROM ledger WHERE message = 'Heartbeat'
             AND at_ms < :before GROUP BY at_ms / ${dayMs} HAVING COUNT(*) > 1) AS days
       WHERE number = days.last`,
    ),
    foldHeartbeats: database.prepare(
      `DELETE FROM ledger WHERE message = 'Heartbeat' AND at_ms < :before AND number NOT IN (${lastOfDay})`,
    ),
    dropOlder: database.prepare('DELETE FROM ledger WHERE at_ms < ?'),
    // The oldest rows up to the one with which the excess is gone: those before which less than that was.
    dropOldest: database.prepare(
      `DELETE FROM ledger WHERE number IN (
         SELECT number FROM (
           SELECT number, LENGTH(body) + :rowBytes AS own, SUM(LENGTH(body) + :rowBytes) OVER (ORDER BY number) AS freed
           FROM (SELECT number, body FROM ledger ORDER BY number LIMIT ${dropRows}))
         WHERE freed - own < :excess)`,
    ),
    shed: database.prepare(
      `DELETE FROM ledger WHERE number IN (SELECT number FROM ledger
         WHERE number <= (SELECT MAX(number) FROM ledger) - ? ORDER BY number LIMIT ?)`,
    ),
  };
}
