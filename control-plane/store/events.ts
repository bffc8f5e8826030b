// Reads the refusals and run results that sites reported; reports.ts writes them. Called by the REST API.
// Ids rise by arrival, also across sites.
import type { Database } from '../../daemon/sqlite.ts';
import type { Refusal, RunResult } from './site-report.ts';

interface EventKey {
  /** Rises with every event of any site; a reader goes on after the last one it saw. */
  readonly id: number;
  readonly siteId: string;
  readonly bootId: string;
  readonly sequence: number;
  readonly receivedAtMs: number;
}

export type SiteEvent = EventKey &
  (({ readonly kind: 'refusal' } & Refusal) | ({ readonly kind: 'run' } & RunResult));

export interface EventTable {
  /** Of one site, oldest first. */
  after(siteId: string, id: number, limit: number): readonly SiteEvent[];
  /** The last ones of a site and kind, newest first. */
  latest(siteId: string, kind: SiteEvent['kind'], limit: number): readonly SiteEvent[];
}

interface StoredEvent extends EventKey {
  readonly kind: SiteEvent['kind'];
  readonly event: string;
}

const columns =
  'id, site_id AS siteId, boot_id AS bootId, sequence, received_at_ms AS receivedAtMs, kind, event';

export function eventTable(database: Database): EventTable {
  const after = database.prepare<StoredEvent>(
    `SELECT ${columns} FROM site_event WHERE site_id = ? AND id > ? ORDER BY id LIMIT ?`,
  );
  const latest = database.prepare<StoredEvent>(
    `SELECT ${columns} FROM site_event WHERE site_id = ? AND kind = ? ORDER BY id DESC LIMIT ?`,
  );
  return {
    after: (siteId, id, limit) => after.all(siteId, id, limit).map(eventOf),
    latest: (siteId, kind, limit) => latest.all(siteId, kind, limit).map(eventOf),
  };
}

function eventOf({ kind, event, ...key }: StoredEvent): SiteEvent {
  return kind === 'refusal'
    ? { ...key, kind, ...(JSON.parse(event) as Refusal) }
    : { ...key, kind, ...(JSON.parse(event) as RunResult) };
}
