// Who did what, when, why: append-only and chained by proto/audit-chain.ts, so that a changed, missing or inserted row
// shows. Written in the transaction of the change itself, by every verb that changes something.
import type { Database } from '../../daemon/sqlite.ts';
import { type AuditFacts, auditHash, type ChainedRow, chainStart } from '../../proto/audit-chain.ts';

/** One row before it has its place in the chain. */
export type AuditEntry = Omit<AuditFacts, 'id' | 'previous'>;

export interface AuditTable {
  append(entry: AuditEntry): void;
  /** Oldest first. */
  after(id: number, limit: number): readonly ChainedRow[];
}

const columns = 'id, at_ms AS atMs, who, what, subject, why, digest, previous, hash';

export function auditTable(database: Database): AuditTable {
  const last = database.prepare<ChainedRow>(`SELECT ${columns} FROM audit ORDER BY id DESC LIMIT 1`);
  const insert = database.prepare(
    `INSERT INTO audit (id, at_ms, who, what, subject, why, digest, previous, hash)
     VALUES (:id, :atMs, :who, :what, :subject, :why, :digest, :previous, :hash)`,
  );
  const after = database.prepare<ChainedRow>(`SELECT ${columns} FROM audit WHERE id > ? ORDER BY id LIMIT ?`);
  return {
    append({ atMs, who, what, subject, why, digest }) {
      const { id, hash } = last.get() ?? chainStart;
      const row = { id: id + 1, atMs, who, what, subject, why, digest, previous: hash };
      insert.run({ ...row, hash: auditHash(row) });
    },
    after: (id, limit) => after.all(id, limit),
  };
}
