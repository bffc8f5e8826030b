// How soon to look at the cluster again: at once while there is more to do, soon while something there settles, rarely
// when all is quiet, and with growing, scattered pauses while it is away. Called by reconcile.ts.
import type { Random } from '../daemon/random.ts';
import type { ConditionCode } from '../proto/conditions.ts';
import type { Plan, StepResult } from './plan/step.ts';
import type { Observed } from './plan/world.ts';

/** Where the rounds of a run ended. `unfinished`: more could be done now. */
export interface Outcome {
  readonly observed: Observed;
  readonly plan: Plan;
  readonly results: readonly StepResult[];
  readonly unfinished: boolean;
}

export interface Pace {
  /** Milliseconds from the end of this run to the next. Remembers how often in a row there was nothing new. */
  readonly next: (outcome: Outcome) => number;
}

const quietMs = 30_000;
const shortestWaitMs = 500;
const longestWaitMs = 5_000;
const longestOutageMs = 10_000;
/** No sooner than somebody does something about it. */
const needsPeople: ReadonlySet<ConditionCode> = new Set(['ObjectNotOurs', 'ClusterForbidden']);

export function createPace(random: Random): Pace {
  let outages = 0;
  let settling = 0;
  return {
    next: ({ observed, plan, results, unfinished }) => {
      outages = observed.cluster.ok ? 0 : outages + 1;
      if (!observed.cluster.ok) {
        const boundMs = Math.min(longestOutageMs, shortestWaitMs * 2 ** outages);
        return Math.max(observed.cluster.retryAfterMs ?? 0, Math.round((boundMs * (1 + random.next())) / 2));
      }
      if (unfinished) return 0;
      settling = results.length > 0 ? 0 : settling + 1;
      const waitMs = Math.min(longestWaitMs, shortestWaitMs * 2 ** Math.min(settling, 10));
      const waits = plan.waiting.map(({ until, code }) => {
        if (until !== null) return Math.max(0, until - observed.now);
        return needsPeople.has(code) ? quietMs : waitMs;
      });
      if (plan.steps.length > 0) waits.push(waitMs);
      return Math.min(quietMs, ...waits);
    },
  };
}
