// Join tokens: single use, bound to one site, at most 24 h, kept as hashes. Called by enrolment and the REST API.
// A spent one stays, so that a second machine that shows it is told so.
import type { Database } from '../../daemon/sqlite.ts';

export interface JoinTokenRow {
  readonly hash: string;
  readonly siteId: string;
  readonly expiresAtMs: number;
  readonly usedAtMs: number | null;
}

export interface JoinTokenTable {
  add(token: {
    readonly hash: string;
    readonly siteId: string;
    readonly createdAtMs: number;
    readonly expiresAtMs: number;
  }): void;
  find(hash: string): JoinTokenRow | undefined;
  use(hash: string, nowMs: number): void;
  /** Forgets the unused ones that expired before a moment; returns how many. */
  forget(expiredBeforeMs: number): number;
}

export function joinTokenTable(database: Database): JoinTokenTable {
  const insert = database.prepare(
    'INSERT INTO join_token (hash, site_id, created_at_ms, expires_at_ms) VALUES (?, ?, ?, ?)',
  );
  const select = database.prepare<JoinTokenRow>(
    'SELECT hash, site_id AS siteId, expires_at_ms AS expiresAtMs, used_at_ms AS usedAtMs FROM join_token WHERE hash = ?',
  );
  const use = database.prepare('UPDATE join_token SET used_at_ms = ? WHERE hash = ?');
  const forget = database.prepare('DELETE FROM join_token WHERE used_at_ms IS NULL AND expires_at_ms < ?');
  return {
    add: (token) => void insert.run(token.hash, token.siteId, token.createdAtMs, token.expiresAtMs),
    find: (hash) => select.get(hash),
    use: (hash, nowMs) => void use.run(nowMs, hash),
    forget: (expiredBeforeMs) => forget.run(expiredBeforeMs).changes,
  };
}
