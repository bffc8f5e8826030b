// Reports on their way to the control plane, kept until it has acknowledged them.
// Invariants: bytes are encoded once, when queued, and never change; a sequence number is never used twice, also not
// over restarts; for a state the latest one wins per key, and the same state is not queued again; audit rows and
// results leave by acknowledgement only. Filled by report and intake, drained by the sync session.
import type { Database } from '../../daemon/sqlite.ts';

/** One row as it is sent. */
export interface OutboxRow {
  readonly bootId: string;
  readonly sequence: number;
  readonly body: Uint8Array;
}

/** A state: `key` names what it is the state of, `digest` covers everything in it but its time. */
export interface StateReport {
  readonly key: string;
  readonly digest: string;
  readonly body: Uint8Array;
}

export interface Outbox {
  /** Queues news that must arrive. Returns its sequence number. */
  readonly queue: (kind: 'audit' | 'result', body: Uint8Array) => number;
  /** Queues a state unless it is the one queued last. Returns whether it was queued. */
  readonly queueState: (report: StateReport) => boolean;
  /** The oldest rows after a sequence number, at most `maxBytes` of bodies but at least one row. */
  readonly after: (sequence: number, maxBytes: number) => readonly OutboxRow[];
  /** The other side keeps everything of this boot up to and including this number. */
  readonly acknowledge: (bootId: string, sequence: number) => void;
  /** The highest number ever used; 0 for none. */
  readonly lastSequence: () => number;
  /** How many rows wait. */
  readonly waiting: () => number;
  /** The other side may have lost what it acknowledged: states that do not wait here are queued again when next seen. */
  readonly reportAgain: () => void;
  /** For a full disk: gives up the states, which will be queued again. */
  readonly shed: () => void;
}

/** The outbox in an open database; rows queued from now on carry `bootId`. */
export function outboxOver(database: Database, bootId: string): Outbox {
  const statements = prepare(database);
  const add = (kind: string, latestKey: string | null, body: Uint8Array) =>
    statements.add.run({ bootId, kind, latestKey, body }).lastInsertRowid;
  return {
    queue: (kind, body) => database.transaction(() => add(kind, null, body)),
    queueState: ({ key, digest, body }) =>
      database.transaction(() => {
        if (statements.reported.get(key)?.digest === digest) return false;
        statements.dropState.run(key);
        add('state', key, body);
        statements.setReported.run(key, digest);
        return true;
      }),
    after: (sequence, maxBytes) => statements.after.all({ sequence, maxBytes }),
    acknowledge: (boot, sequence) =>
      database.transaction(() => void statements.acknowledge.run(boot, sequence)),
    lastSequence: () => statements.last.get()?.seq ?? 0,
    waiting: () => statements.waiting.get()?.count ?? 0,
    reportAgain: () => void statements.forgetReported.run(),
    shed: () => {
      statements.shedStates.run();
      statements.shedReported.run();
    },
  };
}

function prepare(database: Database) {
  return {
    add: database.prepare(
      'INSERT INTO outbox (boot_id, class, latest_key, body) VALUES (:bootId, :kind, :latestKey, :body)',
    ),
    reported: database.prepare<{ digest: string }>('SELECT digest FROM reported WHERE latest_key = ?'),
    setReported: database.prepare('INSERT OR REPLACE INTO reported (latest_key, digest) VALUES (?, ?)'),
    dropState: database.prepare('DELETE FROM outbox WHERE latest_key = ?'),
    // The sum runs over the rows before this one: so the first row always fits.
    after: database.prepare<OutboxRow>(
      `SELECT boot_id AS bootId, sequence, body FROM (
         SELECT *, SUM(LENGTH(body)) OVER (ORDER BY sequence) - LENGTH(body) AS before, LENGTH(body) AS own
         FROM (SELECT * FROM outbox WHERE sequence > :sequence ORDER BY sequence LIMIT 1000))
       WHERE before = 0 OR before + own <= :maxBytes ORDER BY sequence`,
    ),
    acknowledge: database.prepare('DELETE FROM outbox WHERE boot_id = ? AND sequence <= ?'),
    last: database.prepare<{ seq: number }>(`SELECT seq FROM sqlite_sequence WHERE name = 'outbox'`),
    waiting: database.prepare<{ count: number }>('SELECT COUNT(*) AS count FROM outbox'),
    forgetReported: database.prepare(
      'DELETE FROM reported WHERE latest_key NOT IN (SELECT latest_key FROM outbox WHERE latest_key IS NOT NULL)',
    ),
    shedStates: database.prepare(`DELETE FROM outbox WHERE class = 'state'`),
    shedReported: database.prepare('DELETE FROM reported'),
  };
}
