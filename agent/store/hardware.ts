// What was read of the machine last, so that a start of the agent need not ask again. Invariants: one row; only facts
// that name nobody are kept; what cannot be read back counts as never read. Used by agent/host.
import type { Database } from '../../daemon/sqlite.ts';

export interface HardwareRecord {
  /** The kernel's boot id of the machine when this was read. */
  readonly machineBoot: string;
  /** Ms UTC. */
  readonly readAtMs: number;
  readonly facts: readonly HardwareRow[];
}

export interface HardwareRow {
  readonly name: string;
  readonly value: string;
  readonly source: string;
}

export interface HardwareStore {
  readonly read: () => HardwareRecord | undefined;
  readonly write: (record: HardwareRecord) => void;
}

/** The hardware in an open database. */
export function hardwareOver(database: Database): HardwareStore {
  const read = database.prepare<{ machineBoot: string; readAtMs: number; facts: string }>(
    'SELECT machine_boot AS machineBoot, read_at_ms AS readAtMs, facts FROM hardware',
  );
  const write = database.prepare(
    'INSERT OR REPLACE INTO hardware VALUES (1, :machineBoot, :readAtMs, :facts)',
  );
  return {
    read: () => {
      const row = read.get();
      const facts = row === undefined ? undefined : rowsOf(row.facts);
      return row === undefined || facts === undefined ? undefined : { ...row, facts };
    },
    write: ({ machineBoot, readAtMs, facts }) =>
      database.transaction(() => void write.run({ machineBoot, readAtMs, facts: JSON.stringify(facts) })),
  };
}

function rowsOf(text: string): readonly HardwareRow[] | undefined {
  try {
    const rows: unknown = JSON.parse(text);
    return Array.isArray(rows) && rows.every(isRow) ? rows : undefined;
  } catch {
    return undefined;
  }
}

function isRow(value: unknown): value is HardwareRow {
  if (typeof value !== 'object' || value === null) return false;
  const { name, value: text, source } = value as Partial<Record<keyof HardwareRow, unknown>>;
  return [name, text, source].every((field) => typeof field === 'string');
}
