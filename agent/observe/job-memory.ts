// What is remembered of Jobs while this process runs: how early each can have ended. A Job that is gone later than its
// TTL after that was removed by it; one that went earlier was deleted by somebody. Invariant: no later than the truth by
// our own clock, though the cluster's may be ahead: a Job that had finished must not run again. Called by cluster.ts.
import type { ObjectId } from '../plan/world.ts';
import type { LiveFacts } from './live.ts';

export interface JobMemory {
  /** When it was last seen unfinished or, finished when first seen, what the cluster says but not after that; ms UTC. */
  readonly endedAfter: ReadonlyMap<ObjectId, number>;
  readonly remember: (live: ReadonlyMap<ObjectId, LiveFacts>, now: number) => void;
}

export function jobMemory(): JobMemory {
  const endedAfter = new Map<ObjectId, number>();
  const uids = new Map<ObjectId, string>();
  return {
    endedAfter,
    remember: (live, now) => {
      for (const [id, { finishedAtMs, uid }] of live) {
        if (!id.startsWith(jobs)) continue;
        if (finishedAtMs === null) endedAfter.set(id, now);
        else if (uids.get(id) !== uid) endedAfter.set(id, Math.min(finishedAtMs, now));
        uids.set(id, uid);
      }
    },
  };
}

const jobs = 'batch/Job/';
