// Tokens of people and programs that use the REST API, kept as hashes. Called by init, `token new` and the API.
// A name is in use once; it is what the audit says.
import type { Database } from '../../daemon/sqlite.ts';

/** viewer: may look; operator: may change. */
export type Role = 'viewer' | 'operator';

export interface OperatorTokenRow {
  readonly hash: string;
  /** Who it is, in the audit. */
  readonly name: string;
  readonly role: Role;
  readonly createdAtMs: number;
}

export interface OperatorTokenTable {
  add(token: OperatorTokenRow): void;
  findByHash(hash: string): OperatorTokenRow | undefined;
  findByName(name: string): OperatorTokenRow | undefined;
  /** Nothing happens when there is none. */
  remove(name: string): void;
}

const columns = 'hash, name, role, created_at_ms AS createdAtMs';

export function operatorTokenTable(database: Database): OperatorTokenTable {
  const insert = database.prepare(
    'INSERT INTO operator_token (hash, name, role, created_at_ms) VALUES (?, ?, ?, ?)',
  );
  const byHash = database.prepare<OperatorTokenRow>(`SELECT ${columns} FROM operator_token WHERE hash = ?`);
  const remove = database.prepare('DELETE FROM operator_token WHERE name = ?');
  const byName = database.prepare<OperatorTokenRow>(`SELECT ${columns} FROM operator_token WHERE name = ?`);
  return {
    add: (token) => void insert.run(token.hash, token.name, token.role, token.createdAtMs),
    findByHash: (hash) => byHash.get(hash),
    findByName: (name) => byName.get(name),
    remove: (name) => void remove.run(name),
  };
}
