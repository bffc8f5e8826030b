// Takes in what sites report. Laws: a row counts once, however often it comes; rows of one start of an agent come in
// order, so the last sequence number received says which are known; the latest state, measures and hardware win;
// refusals and results are kept as events. Called by news/take-in.ts; read by the REST API.
import type { Database } from '../../daemon/sqlite.ts';
import { type HardwareFacts, type HostFacts, type ReportRow, readState } from '../fleet/site-report.ts';
import { heldUntil, type KnownState } from '../fleet/verdict.ts';
import type { EventTable } from './events.ts';

/** When something came, by our clock, and how much that is ahead of the site's: null while no heartbeat said so. */
export interface Arrival {
  readonly receivedAtMs: number;
  readonly aheadMs: number | null;
}

/** Facts of which only the newest are kept; `observedAtMs` in them is the site's own clock. */
export interface Received<Facts> {
  readonly receivedAtMs: number;
  readonly facts: Facts;
}

export interface ReportTable {
  /** Stores the rows that are new, all or none; returns those. Everything given is durable when it returns. */
  accept(siteId: string, rows: readonly ReportRow[], arrival: Arrival): readonly ReportRow[];
  state(siteId: string): KnownState | undefined;
  /** The state is known to hold until then, by our clock; what is null or earlier than known changes nothing. */
  confirm(
    siteId: string,
    known: { readonly knownMs: number | null; readonly healthKnownMs: number | null },
  ): void;
  /** The highest sequence number received of any start of the agent on the machine that counts now; 0 for none. */
  position(siteId: string): number;
  /** Forgets of one site the starts of its agent that were last heard of before a moment, but for the last one. How many. */
  forgetStarts(siteId: string, beforeMs: number): number;
  host(siteId: string): Received<HostFacts> | undefined;
  hardware(siteId: string): Received<HardwareFacts> | undefined;
}

export function reportTable(database: Database, events: EventTable): ReportTable {
  const position = database.prepare<{ sequence: number }>(
    'SELECT sequence FROM report_position WHERE site_id = ? AND boot_id = ?',
  );
  const advance = database.prepare(
    `INSERT INTO report_position (site_id, boot_id, sequence, received_at_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (site_id, boot_id) DO UPDATE SET sequence = excluded.sequence, received_at_ms = excluded.received_at_ms`,
  );
  const highest = database.prepare<{ sequence: number | null }>(
    `SELECT max(sequence) AS sequence FROM report_position WHERE site_id = :siteId AND received_at_ms >=
       coalesce((SELECT approved_at_ms FROM device WHERE site_id = :siteId AND replaced_at_ms IS NULL), 0)`,
  );
  // What a site queued leaves in order: all of a start has come before anything of a later one.
  const forget = database.prepare(
    `DELETE FROM report_position WHERE site_id = :siteId AND received_at_ms < min(:beforeMs,
       (SELECT max(received_at_ms) FROM report_position WHERE site_id = :siteId))`,
  );
  const put = latestFacts(database);
  const store = (siteId: string, row: ReportRow, arrival: Arrival): void => {
    const { bootId, sequence, content } = row;
    const atMs = arrival.receivedAtMs;
    if (content.kind === 'state') put.state(siteId, row, arrival);
    if (content.kind === 'host') put.facts(siteId, 'host', atMs, content.host);
    if (content.kind === 'hardware') put.facts(siteId, 'hardware', atMs, content.hardware);
    if (content.kind === 'refusal')
      events.add({ siteId, atMs, bootId, sequence, news: { kind: 'refusal', ...content.refusal } });
    if (content.kind === 'run')
      events.add({ siteId, atMs, bootId, sequence, news: { kind: 'run', ...content.run } });
    advance.run(siteId, bootId, sequence, atMs);
  };
  return {
    accept: (siteId, rows, arrival) =>
      database.transaction(() =>
        rows.filter((row) => {
          if (row.sequence <= (position.get(siteId, row.bootId)?.sequence ?? 0)) return false;
          store(siteId, row, arrival);
          return true;
        }),
      ),
    position: (siteId) => highest.get({ siteId })?.sequence ?? 0,
    forgetStarts: (siteId, beforeMs) => forget.run({ siteId, beforeMs }).changes,
    ...readers(database),
  };
}

function latestFacts(database: Database) {
  const putState = database.prepare(
    `INSERT INTO site_state (site_id, boot_id, sequence, received_at_ms, state, known_ms, health_known_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (site_id) DO UPDATE SET boot_id = excluded.boot_id, sequence = excluded.sequence,
       received_at_ms = excluded.received_at_ms, state = excluded.state, known_ms = excluded.known_ms,
       health_known_ms = excluded.health_known_ms`,
  );
  const putFacts = database.prepare(
    `INSERT INTO site_facts (site_id, kind, received_at_ms, facts) VALUES (?, ?, ?, ?)
     ON CONFLICT (site_id, kind) DO UPDATE SET received_at_ms = excluded.received_at_ms, facts = excluded.facts`,
  );
  return {
    state(
      siteId: string,
      { bootId, sequence, content }: ReportRow,
      { receivedAtMs, aheadMs }: Arrival,
    ): void {
      if (content.kind !== 'state') return;
      const { state } = content;
      const until = (siteMs: number) => (aheadMs === null ? null : heldUntil(siteMs, aheadMs, receivedAtMs));
      const known = [until(state.observedAtMs), until(state.healthObservedAtMs)] as const;
      putState.run(siteId, bootId, sequence, receivedAtMs, JSON.stringify(state), ...known);
    },
    facts(siteId: string, kind: 'host' | 'hardware', receivedAtMs: number, facts: HostFacts | HardwareFacts) {
      putFacts.run(siteId, kind, receivedAtMs, JSON.stringify(facts));
    },
  };
}

function readers(database: Database): Pick<ReportTable, 'state' | 'confirm' | 'host' | 'hardware'> {
  const getState = database.prepare<Omit<KnownState, 'state'> & { readonly state: string }>(
    `SELECT received_at_ms AS receivedAtMs, known_ms AS knownMs, health_known_ms AS healthKnownMs, state
     FROM site_state WHERE site_id = ?`,
  );
  const confirm = database.prepare(
    `UPDATE site_state SET known_ms = max(coalesce(known_ms, 0), :knownMs) WHERE site_id = :siteId`,
  );
  const confirmHealth = database.prepare(
    `UPDATE site_state SET health_known_ms = max(coalesce(health_known_ms, 0), :knownMs) WHERE site_id = :siteId`,
  );
  const getFacts = database.prepare<{ receivedAtMs: number; facts: string }>(
    'SELECT received_at_ms AS receivedAtMs, facts FROM site_facts WHERE site_id = ? AND kind = ?',
  );
  const newest = <Facts>(siteId: string, kind: 'host' | 'hardware'): Received<Facts> | undefined => {
    const row = getFacts.get(siteId, kind);
    return row && { receivedAtMs: row.receivedAtMs, facts: JSON.parse(row.facts) as Facts };
  };
  return {
    state: (siteId) => {
      const row = getState.get(siteId);
      return row && { ...row, state: readState(row.state) };
    },
    confirm: (siteId, { knownMs, healthKnownMs }) => {
      if (knownMs !== null) confirm.run({ siteId, knownMs });
      if (healthKnownMs !== null) confirmHealth.run({ siteId, knownMs: healthKnownMs });
    },
    host: (siteId) => newest<HostFacts>(siteId, 'host'),
    hardware: (siteId) => newest<HardwareFacts>(siteId, 'hardware'),
  };
}
