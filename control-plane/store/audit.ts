// Who did what, when, why: append-only, each row hashed together with the hash of the row before, so that a changed,
// missing or inserted row shows. Written in the transaction of the change itself, by every verb that changes something.
import type { Database } from '../../daemon/sqlite.ts';
import { canonicalBytes } from '../../proto/canonical.ts';
import { digestOf } from '../../proto/envelope.ts';

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

/** `previous` of the first row. */
export const auditRoot = `sha256:${'0'.repeat(64)}`;

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
      const { id, hash } = last.get() ?? { id: 0, hash: auditRoot };
      const row = { id: id + 1, atMs, who, what, subject, why, digest, previous: hash };
      insert.run({ ...row, hash: auditHash(row) });
    },
    after: (id, limit) => after.all(id, limit),
  };
}

/** The id of the first row that does not follow from the one before it, or undefined when the chain is whole. */
export function brokenAuditRow(rows: readonly AuditRow[], previous: string = auditRoot): number | undefined {
  let expected = previous;
  for (const row of rows) {
    if (row.previous !== expected || row.hash !== auditHash(row)) return row.id;
    expected = row.hash;
  }
  return undefined;
}

function auditHash({ id, atMs, who, what, subject, why, digest, previous }: Omit<AuditRow, 'hash'>): string {
  const written = canonicalBytes({ id, atMs, who, what, subject, why, digest, previous });
  if (!written.ok) throw new TypeError(`an audit row that cannot be written: ${written.reason}`);
  return digestOf(written.bytes);
}
