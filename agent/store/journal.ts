// What happened here, for the person on site: runs that changed something or failed, and documents that were refused.
// Invariants: the newest rows only; a refusal of the same document for the same reason is one row.
// Written by report and intake, read by local and by the sync session.
import type { Database } from '../../daemon/sqlite.ts';
import type { ErrorCode } from '../../proto/errors.ts';

/** One run. Times are milliseconds UTC, the rest counts of objects and steps. */
export interface Run {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly generation: number;
  readonly applied: number;
  readonly repaired: number;
  readonly deleted: number;
  readonly failed: number;
}

/** A document that was not accepted. `generation` and `epoch` are 0 when it could not be read. */
export interface RefusedDocument {
  readonly atMs: number;
  readonly epoch: number;
  readonly generation: number;
  readonly code: ErrorCode;
  /** sha256 of what was received. */
  readonly documentDigest: string;
}

export interface Journal {
  readonly addRun: (run: Run) => void;
  /** The newest first. */
  readonly runs: (limit: number) => readonly Run[];
  /** False when the same document was refused for the same reason, and still is; it is the last one again all the same. */
  readonly addRefusal: (refusal: RefusedDocument) => boolean;
  /** The last refusal since a document was accepted. */
  readonly openRefusal: () => RefusedDocument | undefined;
  /** A document was accepted; or what stood behind refusals with this code has ended. Returns whether any was open. */
  readonly settleRefusals: (code?: ErrorCode) => boolean;
  /** For a full disk: keeps the newest few runs. */
  readonly shed: () => void;
}

const keptRuns = 1000;
const keptRefusals = 1000;
const keptRunsWhenFull = 10;

/** The journal in an open database. */
export function journalOver(database: Database): Journal {
  const statements = prepare(database);
  return {
    addRun: (run) =>
      database.transaction(() => {
        statements.addRun.run({ ...run });
        statements.pruneRuns.run(keptRuns);
      }),
    runs: (limit) => statements.runs.all(limit),
    addRefusal: (refusal) =>
      database.transaction(() => {
        const isOpen = statements.isOpen.get({ ...refusal }) !== undefined;
        statements.dropRefusal.run({ ...refusal });
        statements.addRefusal.run({ ...refusal });
        statements.pruneRefusals.run(keptRefusals);
        return !isOpen;
      }),
    openRefusal: () => statements.openRefusal.get(),
    settleRefusals: (code) =>
      database.transaction(() => statements.settleRefusals.run({ code: code ?? null }).changes > 0),
    shed: () => void statements.pruneRuns.run(keptRunsWhenFull),
  };
}

function prepare(database: Database) {
  return {
    addRun: database.prepare(
      `INSERT INTO run (started_at_ms, ended_at_ms, generation, applied, repaired, deleted, failed)
       VALUES (:startedAtMs, :endedAtMs, :generation, :applied, :repaired, :deleted, :failed)`,
    ),
    pruneRuns: database.prepare('DELETE FROM run WHERE number <= (SELECT MAX(number) FROM run) - ?'),
    runs: database.prepare<Run>(
      `SELECT started_at_ms AS startedAtMs, ended_at_ms AS endedAtMs, generation, applied, repaired, deleted, failed
       FROM run ORDER BY number DESC LIMIT ?`,
    ),
    addRefusal: database.prepare(
      `INSERT INTO refusal (at_ms, epoch, generation, code, document_digest)
       VALUES (:atMs, :epoch, :generation, :code, :documentDigest)`,
    ),
    isOpen: database.prepare(
      `SELECT 1 FROM refusal
       WHERE generation = :generation AND code = :code AND document_digest = :documentDigest AND settled = 0`,
    ),
    dropRefusal: database.prepare(
      'DELETE FROM refusal WHERE generation = :generation AND code = :code AND document_digest = :documentDigest',
    ),
    pruneRefusals: database.prepare(
      'DELETE FROM refusal WHERE number <= (SELECT MAX(number) FROM refusal) - ?',
    ),
    openRefusal: database.prepare<RefusedDocument>(
      `SELECT at_ms AS atMs, epoch, generation, code, document_digest AS documentDigest FROM refusal
       WHERE settled = 0 ORDER BY number DESC LIMIT 1`,
    ),
    settleRefusals: database.prepare(
      'UPDATE refusal SET settled = 1 WHERE settled = 0 AND (:code IS NULL OR code = :code)',
    ),
  };
}
