// What is remembered of Jobs while this process runs: how early each can have ended. A Job that is gone later than its
// TTL after that was removed by it; one that went earlier was deleted by somebody. Called by cluster.ts.
import type { ObjectId } from '../plan/world.ts';
import type { LiveFacts } from './live.ts';

export interface JobMemory {
  /** The finish, or the last moment at which the Job was seen unfinished, ms UTC. */
  readonly endedAfter: ReadonlyMap<ObjectId, number>;
  readonly remember: (live: ReadonlyMap<ObjectId, LiveFacts>, now: number) => void;
}

export function jobMemory(): JobMemory {
  const endedAfter = new Map<ObjectId, number>();
  return {
    endedAfter,
    remember: (live, now) => {
      for (const [id, { finishedAtMs }] of live)
        if (id.startsWith(jobs)) endedAfter.set(id, finishedAtMs ?? now);
    },
  };
}

const jobs = 'batch/Job/';
