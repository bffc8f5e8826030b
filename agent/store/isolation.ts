// What is known of isolation, kept over restarts: a trial costs pods and its result is good for a day, and a condition
// that still holds must not begin anew because the agent did. One row, replaced as a whole. Written and read by
// agent/probe. `why` and the names quote the cluster and stay on site.
import type { Database } from '../../daemon/sqlite.ts';
import type { ConditionCode } from '../../proto/conditions.ts';

export type Verdict = 'enforced' | 'not-enforced' | 'unproven';

/** Objects of the site that weaken its isolation. */
export interface Finding {
  readonly code: ConditionCode;
  readonly count: number;
  /** The first ones, as `Kind namespace/name`. */
  readonly names: readonly string[];
}

export interface IsolationRecord {
  readonly networkPolicy: Verdict;
  /** Whether the label of a namespace keeps privileged pods out. */
  readonly podSecurity: Verdict;
  /** When `networkPolicy` was found, ms UTC; null for never. */
  readonly checkedAtMs: number | null;
  /** Stands for the nodes that there were then. */
  readonly nodes: string;
  /** What came through, or why the last trial showed nothing; empty otherwise. */
  readonly why: string;
  readonly findings: readonly Finding[];
}

export interface IsolationStore {
  /** Undefined before the first look. */
  readonly read: () => IsolationRecord | undefined;
  /** Writes nothing when nothing is new. */
  readonly write: (record: IsolationRecord) => void;
}

type Row = Omit<IsolationRecord, 'findings'> & { readonly findings: string };

/** The record in an open database. */
export function isolationOver(database: Database): IsolationStore {
  const read = database.prepare<Row>(
    `SELECT network_policy AS networkPolicy, pod_security AS podSecurity, checked_at_ms AS checkedAtMs, nodes, why, findings
     FROM isolation`,
  );
  const write = database.prepare(
    `INSERT OR REPLACE INTO isolation (only, network_policy, pod_security, checked_at_ms, nodes, why, findings)
     VALUES (1, :networkPolicy, :podSecurity, :checkedAtMs, :nodes, :why, :findings)`,
  );
  return {
    read: () => {
      const row = read.get();
      // Only ever written below.
      return row === undefined ? undefined : { ...row, findings: JSON.parse(row.findings) as Finding[] };
    },
    write: (record) => {
      const row: Row = { ...record, findings: JSON.stringify(record.findings) };
      const before = read.get();
      const isSame = before !== undefined && keys.every((key) => before[key] === row[key]);
      if (!isSame) database.transaction(() => void write.run({ ...row }));
    },
  };
}

const keys = ['networkPolicy', 'podSecurity', 'checkedAtMs', 'nodes', 'why', 'findings'] as const;
