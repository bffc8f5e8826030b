// A hold: somebody on site does not want new generations for a while. What runs goes on and is repaired.
// Invariant: a hold ends by itself at its time, also over restarts. Set by the local commands, asked by intake for every
// offer. `why` is the words of the person and stays on site.
import type { Database } from '../../daemon/sqlite.ts';

/** Times ms UTC. */
export interface Hold {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly why: string;
}

export interface HoldStore {
  /** The hold that is in force at that time. */
  readonly current: (nowMs: number) => Hold | undefined;
  /** Replaces any hold before it. */
  readonly set: (hold: Hold) => void;
  /** Returns whether there was one in force. */
  readonly release: (nowMs: number) => boolean;
  /** Forgets what is there, in force or not; returns whether anything was. */
  readonly clear: () => boolean;
}

/** The hold in an open database. */
export function holdsOver(database: Database): HoldStore {
  const read = database.prepare<Hold>(
    'SELECT since_ms AS sinceMs, until_ms AS untilMs, why FROM hold WHERE until_ms > ?',
  );
  const write = database.prepare('INSERT OR REPLACE INTO hold VALUES (1, :sinceMs, :untilMs, :why)');
  const remove = database.prepare('DELETE FROM hold');
  const clear = () => database.transaction(() => remove.run().changes > 0);
  return {
    current: (nowMs) => read.get(nowMs),
    set: (hold) => database.transaction(() => void write.run({ ...hold })),
    release: (nowMs) => {
      const isHeld = read.get(nowMs) !== undefined;
      clear();
      return isHeld;
    },
    clear,
  };
}
