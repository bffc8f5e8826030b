// What the last events said of each site, so that the same is not said twice, also over restarts.
// Written in the transaction of those events, by news/stock.ts; read with the fleet's rows.
import type { Database } from '../../daemon/sqlite.ts';
import type { Standing } from '../fleet/news.ts';

export interface StandingTable {
  put(siteId: string, standing: Standing): void;
}

export function standingTable(database: Database): StandingTable {
  const upsert = database.prepare(
    `INSERT INTO site_standing (site_id, contact, word) VALUES (?, ?, ?)
     ON CONFLICT (site_id) DO UPDATE SET contact = excluded.contact, word = excluded.word`,
  );
  return { put: (siteId, { contact, word }) => void upsert.run(siteId, contact, word) };
}
