// Who did what, when, why: append-only and chained by proto/audit-chain.ts, so that a changed, missing or inserted row
// shows. Written in the transaction of the change itself, by every verb that changes something.
import type { Database } from '../../daemon/sqlite.ts';
import { auditHash, chainStart } from '../../proto/audit-chain.ts';

export interface AuditEntry {
  readonly atMs: number;
  /** Name of an operator token, `site <id>` for a site's own doing, or `tre-control-plane`. */
  readonly who: string;
  /** A verb such as `site.approve`. */
  readonly what: string;
  /** What it was done to: a site's id, a release's name. */
  readonly subject: string;
  readonly why: string | null;
  /** Digest of what was published, issued or approved. */
  readonly digest: string | null;
}

export interface AuditRow extends AuditEntry {
  readonly id: number;
  readonly previous: string;
  readonly hash: string;
}

export interface AuditTable {
  append(entry: AuditEntry): void;
  /** Oldest first. */
  after(id: number, limit: number): readonly AuditRow[];
}

const columns = 'id, at_ms AS atMs, who, what, subject, why, digest, previous, hash';

export function auditTable(database: Database): AuditTable {
  const last = database.prepare<AuditRow>(`SELECT ${columns} FROM audit ORDER BY id DESC LIMIT 1`);
  const insert = database.prepare(
    `INSERT INTO audit (id, at_ms, who, what, subject, why, digest, previous, hash)
     VALUES (:id, :atMs, :who, :what, :subject, :why, :digest, :previous, :hash)`,
  );
  const after = database.prepare<AuditRow>(`SELECT ${columns} FROM audit WHERE id > ? ORDER BY id LIMIT ?`);
  return {
    append({ atMs, who, what, subject, why, digest }) {
      const { id, hash } = last.get() ?? chainStart;
      const row = { id: id + 1, atMs, who, what, subject, why, digest, previous: hash };
      insert.run({ ...row, hash: auditHash(row) });
    },
    after: (id, limit) => after.all(id, limit),
  };
}
