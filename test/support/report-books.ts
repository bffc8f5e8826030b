// What a site and its control plane wrote down about the site's runs, read from their own databases: every run that
// the site has in its journal must stand once in the books of the control plane, in the same order.
// Invariant: reads only, also beside the processes that write. Called by the system tests.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Layout } from '../../dev/start/layout.ts';

/** One run that changed something or failed. Times ms UTC by the site's clock, the rest counts. */
export interface RunRow {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly generation: number;
  readonly applied: number;
  readonly repaired: number;
  readonly deleted: number;
  readonly failed: number;
}

/** A report as the control plane counted it. */
export interface ReceivedRow {
  readonly bootId: string;
  readonly sequence: number;
  readonly run: RunRow;
}

/** What the site did, oldest first. */
export function journalOf({ agent }: Layout): readonly RunRow[] {
  return read<RunRow>(
    join(agent, 'state.db'),
    `SELECT started_at_ms AS startedAtMs, ended_at_ms AS endedAtMs, generation, applied, repaired, deleted, failed
     FROM run ORDER BY number`,
  );
}

/** Reports that the site still keeps for the control plane. */
export function waitingReports({ agent }: Layout): number {
  return (
    read<{ count: number }>(join(agent, 'state.db'), 'SELECT COUNT(*) AS count FROM outbox')[0]?.count ?? 0
  );
}

/** What the control plane received, oldest first. */
export function receivedBy({ controlPlane }: Layout): readonly ReceivedRow[] {
  const rows = read<{ bootId: string; sequence: number; event: string }>(
    join(controlPlane, 'control-plane.db'),
    `SELECT boot_id AS bootId, sequence, event FROM event WHERE kind = 'run' ORDER BY id`,
  );
  return rows.map(({ bootId, sequence, event }) => ({ bootId, sequence, run: runOf(event) }));
}

/** Ids of the sites that the control plane has. */
export function sitesKnownTo({ controlPlane }: Layout): readonly string[] {
  return read<{ id: string }>(join(controlPlane, 'control-plane.db'), 'SELECT id FROM site ORDER BY id').map(
    ({ id }) => id,
  );
}

function runOf(event: string): RunRow {
  const { startedAtMs, endedAtMs, generation, applied, repaired, deleted, failed } = JSON.parse(
    event,
  ) as RunRow;
  return { startedAtMs, endedAtMs, generation, applied, repaired, deleted, failed };
}

function read<Row>(path: string, sql: string): readonly Row[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    // SQLite gives objects without a prototype.
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }) as Row);
  } finally {
    database.close();
  }
}
