// The operator's own words about sites, to choose them by. Called by the REST API; read with the fleet's rows.
// Keys and values are checked before (fleet/labels.ts).
import type { Database } from '../../daemon/sqlite.ts';

export interface LabelTable {
  /** By key. */
  of(siteId: string): Readonly<Record<string, string>>;
  set(siteId: string, key: string, value: string): void;
  /** Nothing happens when there is none. */
  remove(siteId: string, key: string): void;
}

export function labelTable(database: Database): LabelTable {
  const select = database.prepare<{ key: string; value: string }>(
    'SELECT key, value FROM site_label WHERE site_id = ? ORDER BY key',
  );
  const upsert = database.prepare(
    `INSERT INTO site_label (site_id, key, value) VALUES (?, ?, ?)
     ON CONFLICT (site_id, key) DO UPDATE SET value = excluded.value`,
  );
  const remove = database.prepare('DELETE FROM site_label WHERE site_id = ? AND key = ?');
  return {
    of: (siteId) => Object.fromEntries(select.all(siteId).map(({ key, value }) => [key, value])),
    set: (siteId, key, value) => void upsert.run(siteId, key, value),
    remove: (siteId, key) => void remove.run(siteId, key),
  };
}
