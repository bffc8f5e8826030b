// Sites: an id for ever, a name that people use, and whether the identity was withdrawn.
// Called by the REST API, enrolment and sync.
import type { Database } from '../../daemon/sqlite.ts';

export interface SiteRow {
  /** UUIDv7. */
  readonly id: string;
  /** DNS label, unique. */
  readonly name: string;
  readonly createdAtMs: number;
  readonly revokedAtMs: number | null;
}

export interface SiteTable {
  add(site: { readonly id: string; readonly name: string; readonly createdAtMs: number }): void;
  /** By id or name. */
  find(idOrName: string): SiteRow | undefined;
  /** By name. */
  list(): readonly SiteRow[];
  revoke(id: string, nowMs: number): void;
}

const columns = 'id, name, created_at_ms AS createdAtMs, revoked_at_ms AS revokedAtMs';

export function siteTable(database: Database): SiteTable {
  const insert = database.prepare('INSERT INTO site (id, name, created_at_ms) VALUES (?, ?, ?)');
  const select = database.prepare<SiteRow>(`SELECT ${columns} FROM site WHERE id = :site OR name = :site`);
  const selectAll = database.prepare<SiteRow>(`SELECT ${columns} FROM site ORDER BY name`);
  const revoke = database.prepare('UPDATE site SET revoked_at_ms = ? WHERE id = ? AND revoked_at_ms IS NULL');
  return {
    add: (site) => void insert.run(site.id, site.name, site.createdAtMs),
    find: (idOrName) => select.get({ site: idOrName }),
    list: () => selectAll.all(),
    revoke: (id, nowMs) => void revoke.run(nowMs, id),
  };
}
