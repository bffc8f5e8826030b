// Takes in what sites report. Laws: a row counts once, however often it comes; rows of one start of an agent come in
// order, so the last sequence number received says which are known; the latest state wins; refusals and results are
// kept, every one. Called by the sync sessions; read by the REST API.
import type { Database } from '../../daemon/sqlite.ts';
import type { ReportRow, SiteState } from './site-report.ts';

/** The state of a site and when it came; `observedAtMs` in it is the site's own clock. */
export interface StateRow {
  readonly receivedAtMs: number;
  readonly state: SiteState;
}

export interface ReportTable {
  /** Stores the rows that are new, all or none; returns those. Everything given is durable when it returns. */
  accept(siteId: string, rows: readonly ReportRow[], nowMs: number): readonly ReportRow[];
  state(siteId: string): StateRow | undefined;
}

export function reportTable(database: Database): ReportTable {
  const position = database.prepare<{ sequence: number }>(
    'SELECT sequence FROM report_position WHERE site_id = ? AND boot_id = ?',
  );
  const advance = database.prepare(
    `INSERT INTO report_position (site_id, boot_id, sequence, received_at_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (site_id, boot_id) DO UPDATE SET sequence = excluded.sequence, received_at_ms = excluded.received_at_ms`,
  );
  const putState = database.prepare(
    `INSERT INTO site_state (site_id, boot_id, sequence, received_at_ms, state) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (site_id) DO UPDATE SET boot_id = excluded.boot_id, sequence = excluded.sequence,
       received_at_ms = excluded.received_at_ms, state = excluded.state`,
  );
  const addEvent = database.prepare(
    'INSERT INTO site_event (site_id, boot_id, sequence, received_at_ms, kind, event) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const getState = database.prepare<{ receivedAtMs: number; state: string }>(
    'SELECT received_at_ms AS receivedAtMs, state FROM site_state WHERE site_id = ?',
  );
  const store = (siteId: string, { bootId, sequence, content }: ReportRow, nowMs: number): void => {
    const key = [siteId, bootId, sequence, nowMs] as const;
    if (content.kind === 'state') putState.run(...key, JSON.stringify(content.state));
    if (content.kind === 'refusal') addEvent.run(...key, content.kind, JSON.stringify(content.refusal));
    if (content.kind === 'run') addEvent.run(...key, content.kind, JSON.stringify(content.run));
    advance.run(...key);
  };
  return {
    accept: (siteId, rows, nowMs) =>
      database.transaction(() =>
        rows.filter((row) => {
          if (row.sequence <= (position.get(siteId, row.bootId)?.sequence ?? 0)) return false;
          store(siteId, row, nowMs);
          return true;
        }),
      ),
    state: (siteId) => {
      const row = getState.get(siteId);
      return row && { receivedAtMs: row.receivedAtMs, state: JSON.parse(row.state) as SiteState };
    },
  };
}
