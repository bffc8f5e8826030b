// What this site owns in the cluster, and what failed last: the rows behind the planner's memory.
// Invariants: every change is one durable transaction; a row is added by `intend` only and leaves by `forget` only;
// an attempt never outlives its object. Written by agent/act, read by agent/observe, local and the sync session.
import type { Database } from '../../daemon/sqlite.ts';
import { digestOf } from '../../proto/envelope.ts';
import type { ErrorCode } from '../../proto/errors.ts';
import type { InventoryStore } from '../act/ports.ts';
import type { Attempt, ObjectId, OwnedObject } from '../plan/world.ts';

/** The port of agent/act, and the one number that stands for all rows when a stream is resumed. */
export interface Inventory extends InventoryStore {
  /** sha256:<hex> over identity, UID and applied digest of every row. */
  readonly digest: () => string;
}

/** The inventory in an open database. */
export function inventoryOver(database: Database): Inventory {
  const statements = prepare(database);
  return {
    inventory: () => new Map(statements.all.all().map((row) => [row.id, ownedObject(row)])),
    attempts: () => new Map(statements.attempts.all().map((row) => [row.id, attempt(row)])),
    intend: (objects, releaseDigest) =>
      database.transaction(() => {
        for (const { id, group, version, kind, namespace, name, index } of objects)
          statements.intend.run({ id, group, version, kind, namespace, name, releaseDigest, index });
      }),
    markCreating: (ids) => each(database, ids, statements.markCreating),
    recordApplied: (applied) =>
      database.transaction(() => {
        for (const [id, facts] of applied) {
          if (statements.applied.run({ id, ...facts }).changes === 0)
            throw new Error('applied what was never intended');
          statements.clearAttempt.run(id);
        }
      }),
    recordFailed: (failed) =>
      database.transaction(() => {
        for (const [id, failure] of failed) statements.failed.run({ id, ...failure });
      }),
    keep: (ids) => each(database, ids, statements.keep),
    forget: (ids) => each(database, ids, statements.forget, statements.clearAttempt),
    digest: () => {
      const rows = statements.all.all().map((row) => [row.id, row.uid, row.applied_digest]);
      return digestOf(Buffer.from(JSON.stringify(rows), 'utf8'));
    },
  };
}

interface InventoryRow {
  readonly id: ObjectId;
  readonly api_group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly release_digest: string;
  readonly position: number;
  readonly uid: string | null;
  readonly creating: number;
  readonly applied_digest: string | null;
  readonly applied_immutable_digest: string | null;
  readonly own_hash: string | null;
  readonly kept: number;
}

interface AttemptRow {
  readonly id: ObjectId;
  readonly digest: string;
  readonly count: number;
  readonly code: string;
  readonly not_before_ms: number;
}

function prepare(database: Database) {
  return {
    all: database.prepare<InventoryRow>('SELECT * FROM inventory ORDER BY id'),
    attempts: database.prepare<AttemptRow>('SELECT * FROM attempt ORDER BY id'),
    intend: database.prepare(
      `INSERT INTO inventory (id, api_group, version, kind, namespace, name, release_digest, position)
       VALUES (:id, :group, :version, :kind, :namespace, :name, :releaseDigest, :index)
       ON CONFLICT (id) DO UPDATE SET version = excluded.version, release_digest = excluded.release_digest,
         position = excluded.position, kept = 0`,
    ),
    markCreating: database.prepare('UPDATE inventory SET creating = 1, uid = NULL WHERE id = ?'),
    applied: database.prepare(
      `UPDATE inventory SET uid = :uid, creating = 0, applied_digest = :digest, applied_immutable_digest = :immutableDigest,
         own_hash = :ownHash, release_digest = :releaseDigest, position = :index WHERE id = :id`,
    ),
    failed: database.prepare(
      `INSERT INTO attempt (id, digest, count, code, not_before_ms) VALUES (:id, :digest, 1, :code, :notBefore)
       ON CONFLICT (id) DO UPDATE SET count = CASE WHEN digest = excluded.digest THEN count + 1 ELSE 1 END,
         digest = excluded.digest, code = excluded.code, not_before_ms = excluded.not_before_ms`,
    ),
    clearAttempt: database.prepare('DELETE FROM attempt WHERE id = ?'),
    keep: database.prepare('UPDATE inventory SET kept = 1 WHERE id = ?'),
    forget: database.prepare('DELETE FROM inventory WHERE id = ?'),
  };
}

type ByIdStatement = ReturnType<typeof prepare>['forget'];

function each(database: Database, ids: readonly ObjectId[], ...statements: readonly ByIdStatement[]): void {
  database.transaction(() => {
    for (const id of ids) for (const statement of statements) statement.run(id);
  });
}

function ownedObject(row: InventoryRow): OwnedObject {
  return {
    id: row.id,
    group: row.api_group,
    version: row.version,
    kind: row.kind,
    namespace: row.namespace,
    name: row.name,
    releaseDigest: row.release_digest,
    index: row.position,
    uid: row.uid,
    creating: row.creating === 1,
    appliedDigest: row.applied_digest,
    appliedImmutableDigest: row.applied_immutable_digest,
    ownHash: row.own_hash,
    kept: row.kept === 1,
  };
}

function attempt(row: AttemptRow): Attempt {
  // Only codes of the closed list are ever written, by recordFailed.
  return { digest: row.digest, count: row.count, code: row.code as ErrorCode, notBefore: row.not_before_ms };
}
