// Machines that asked to become a site, and what was decided about them. Called by enrolment and the REST API.
// A decision is made once; a row is never deleted.
import type { Database } from '../../daemon/sqlite.ts';

export type EnrolmentState = 'pending' | 'approved' | 'refused';

export interface EnrolmentRow {
  /** UUIDv7. */
  readonly id: string;
  readonly siteId: string;
  /** Hash of the join token that it spent. */
  readonly tokenHash: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly deviceKey: Uint8Array;
  /** PKCS #10, DER. */
  readonly csr: Uint8Array;
  readonly fingerprint: string;
  readonly state: EnrolmentState;
  readonly createdAtMs: number;
  readonly decidedAtMs: number | null;
}

export interface EnrolmentTable {
  /** Adds a pending one. */
  add(enrolment: Omit<EnrolmentRow, 'state' | 'decidedAtMs'>): void;
  find(id: string): EnrolmentRow | undefined;
  findByToken(tokenHash: string): EnrolmentRow | undefined;
  /** Of one site, oldest first. */
  pending(siteId: string): readonly EnrolmentRow[];
  decide(id: string, state: 'approved' | 'refused', nowMs: number): void;
}

const columns = `id, site_id AS siteId, token_hash AS tokenHash, device_key AS deviceKey, csr, fingerprint, state,
  created_at_ms AS createdAtMs, decided_at_ms AS decidedAtMs`;

export function enrolmentTable(database: Database): EnrolmentTable {
  const insert = database.prepare(
    `INSERT INTO enrolment (id, site_id, token_hash, device_key, csr, fingerprint, state, created_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, 'pending', ?)`,
  );
  const select = database.prepare<EnrolmentRow>(`SELECT ${columns} FROM enrolment WHERE id = ?`);
  const selectByToken = database.prepare<EnrolmentRow>(
    `SELECT ${columns} FROM enrolment WHERE token_hash = ?`,
  );
  const selectPending = database.prepare<EnrolmentRow>(
    `SELECT ${columns} FROM enrolment WHERE site_id = ? AND state = 'pending' ORDER BY created_at_ms, id`,
  );
  const decide = database.prepare(
    `UPDATE enrolment SET state = ?, decided_at_ms = ? WHERE id = ? AND state = 'pending'`,
  );
  return {
    add: (row) =>
      void insert.run(
        row.id,
        row.siteId,
        row.tokenHash,
        row.deviceKey,
        row.csr,
        row.fingerprint,
        row.createdAtMs,
      ),
    find: (id) => select.get(id),
    findByToken: (tokenHash) => selectByToken.get(tokenHash),
    pending: (siteId) => selectPending.all(siteId),
    decide: (id, state, nowMs) => void decide.run(state, nowMs, id),
  };
}
