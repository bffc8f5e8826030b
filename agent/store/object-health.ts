// The health of every wanted object as it was seen last, and since when it has been so, also over restarts: a person wants
// to know whether it is new. Invariant: only what changed is written. Read once at the start and written after each look
// that found something new, by agent/observe.
import type { Database } from '../../daemon/sqlite.ts';
import { type HealthReason, type HealthStatus, isHealthReason } from '../../proto/health-reasons.ts';
import type { ObjectId } from '../plan/world.ts';

/** Times ms UTC; `reason` is null when current. */
export interface KnownHealth {
  readonly status: 'current' | HealthStatus;
  readonly reason: HealthReason | null;
  readonly sinceMs: number;
}

export interface ObjectHealthStore {
  readonly all: () => ReadonlyMap<ObjectId, KnownHealth>;
  readonly write: (changed: ReadonlyMap<ObjectId, KnownHealth>, gone: readonly ObjectId[]) => void;
}

/** The health in an open database. */
export function objectHealthOver(database: Database): ObjectHealthStore {
  const all = database.prepare<HealthRow>(
    'SELECT id, status, reason, since_ms AS sinceMs FROM object_health',
  );
  const put = database.prepare(
    'INSERT OR REPLACE INTO object_health VALUES (:id, :status, :reason, :sinceMs)',
  );
  const remove = database.prepare('DELETE FROM object_health WHERE id = ?');
  return {
    all: () => new Map(all.all().flatMap((row) => knownHealth(row))),
    write: (changed, gone) => {
      if (changed.size === 0 && gone.length === 0) return;
      database.transaction(() => {
        for (const [id, { status, reason, sinceMs }] of changed) put.run({ id, status, reason, sinceMs });
        for (const id of gone) remove.run(id);
      });
    },
  };
}

interface HealthRow {
  readonly id: ObjectId;
  readonly status: string;
  readonly reason: string | null;
  readonly sinceMs: number;
}

const statuses: ReadonlySet<string> = new Set<KnownHealth['status']>([
  'current',
  'in-progress',
  'failed',
  'terminating',
  'unknown',
]);

/** What an other version of the agent wrote and this one does not know is found out anew. */
function knownHealth({ id, status, reason, sinceMs }: HealthRow): [] | [[ObjectId, KnownHealth]] {
  if (!statuses.has(status) || (reason !== null && !isHealthReason(reason))) return [];
  return [[id, { status: status as KnownHealth['status'], reason, sinceMs }]];
}
