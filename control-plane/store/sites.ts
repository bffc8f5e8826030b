// Sites: an id for ever, a name that people use, and whether the identity was withdrawn or the site deleted.
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
  /** By id or name; a deleted one is not found. */
  find(idOrName: string): SiteRow | undefined;
  /** By id or name; a deleted one by its id, with the name that it had. */
  findEvenDeleted(idOrName: string): SiteRow | undefined;
  /** Of all that ever were, deleted ones too. */
  idsEvenDeleted(): readonly string[];
  rename(id: string, name: string): void;
  revoke(id: string, nowMs: number): void;
  /** Its name is free from now on; the id is never used again. */
  remove(id: string, nowMs: number): void;
}

const columns = 'id, name, created_at_ms AS createdAtMs, revoked_at_ms AS revokedAtMs';

export function siteTable(database: Database): SiteTable {
  const insert = database.prepare('INSERT INTO site (id, name, created_at_ms) VALUES (?, ?, ?)');
  const select = database.prepare<SiteRow>(
    `SELECT ${columns} FROM site WHERE (id = :site OR name = :site) AND deleted_at_ms IS NULL`,
  );
  const selectAny = database.prepare<SiteRow>(
    `SELECT id, coalesce(former_name, name) AS name, created_at_ms AS createdAtMs, revoked_at_ms AS revokedAtMs
     FROM site WHERE id = :site OR name = :site`,
  );
  const ids = database.prepare<{ id: string }>('SELECT id FROM site ORDER BY id');
  const rename = database.prepare('UPDATE site SET name = ? WHERE id = ?');
  const remove = database.prepare(
    `UPDATE site SET former_name = name, name = id, deleted_at_ms = :nowMs,
       revoked_at_ms = coalesce(revoked_at_ms, :nowMs) WHERE id = :id AND deleted_at_ms IS NULL`,
  );
  const revoke = database.prepare('UPDATE site SET revoked_at_ms = ? WHERE id = ? AND revoked_at_ms IS NULL');
  return {
    add: (site) => void insert.run(site.id, site.name, site.createdAtMs),
    find: (idOrName) => select.get({ site: idOrName }),
    findEvenDeleted: (idOrName) => selectAny.get({ site: idOrName }),
    idsEvenDeleted: () => ids.all().map(({ id }) => id),
    rename: (id, name) => void rename.run(name, id),
    revoke: (id, nowMs) => void revoke.run(nowMs, id),
    remove: (id, nowMs) => void remove.run({ id, nowMs }),
  };
}
