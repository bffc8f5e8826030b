// Since when each condition holds, also over restarts: a person wants to know whether it is new.
// Invariant: a condition that went away and comes back begins anew. Written by agent/report after each run.
import type { Database } from '../../daemon/sqlite.ts';
import { type ConditionCode, isConditionCode } from '../../proto/conditions.ts';

export interface ConditionStore {
  /** What held when it was last looked at, and since when, ms UTC. */
  readonly held: () => ReadonlyMap<ConditionCode, number>;
  /**
   * These hold now, and no others but for those of `unseen`, for which nobody has looked yet: of them it stays known since
   * when they held. Returns since when each does, ms UTC.
   */
  readonly hold: (
    codes: ReadonlySet<ConditionCode>,
    nowMs: number,
    unseen?: ReadonlySet<ConditionCode>,
  ) => ReadonlyMap<ConditionCode, number>;
}

/** The conditions in an open database. */
export function conditionsOver(database: Database): ConditionStore {
  const all = database.prepare<{ code: string; since_ms: number }>(
    'SELECT code, since_ms FROM condition ORDER BY code',
  );
  const add = database.prepare('INSERT INTO condition (code, since_ms) VALUES (?, ?)');
  const remove = database.prepare('DELETE FROM condition WHERE code = ?');
  const held = () =>
    new Map(
      all.all().flatMap(({ code, since_ms }) => (isConditionCode(code) ? [[code, since_ms] as const] : [])),
    );
  return {
    held,
    hold: (codes, nowMs, unseen = new Set()) => {
      const before = held();
      const gone = [...before.keys()].filter((code) => !codes.has(code) && !unseen.has(code));
      const fresh = [...codes].filter((code) => !before.has(code));
      if (gone.length === 0 && fresh.length === 0) return before;
      database.transaction(() => {
        for (const code of gone) remove.run(code);
        for (const code of fresh) add.run(code, nowMs);
      });
      return held();
    },
  };
}
