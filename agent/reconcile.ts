// One run: look, plan, do, and look again until nothing more is possible now. Owns no knowledge of the cluster, only the
// pace (pace.ts). Invariants: a run that makes progress ends within seconds and asks to be called again at once, so that
// reports never stand still; its last plan knows of all that it did; a cluster that asked for rest is left in peace
// however often a run is triggered. Built by run.ts, called by the loop, one run at a time.
import type { Clock } from '../daemon/clock.ts';
import type { Random } from '../daemon/random.ts';
import type { Actor } from './act/act.ts';
import type { InventoryStore } from './act/ports.ts';
import { isOutage } from './act/retry.ts';
import type { Observer } from './observe/cluster.ts';
import { createPace, type Outcome } from './pace.ts';
import { plan } from './plan/plan.ts';
import type { Plan, Step, StepResult } from './plan/step.ts';
import type { Observed, Wanted } from './plan/world.ts';

export interface ReconcilerOptions {
  readonly observer: Observer;
  readonly actor: Actor;
  readonly store: Pick<InventoryStore, 'inventory' | 'attempts'>;
  readonly clock: Clock;
  readonly random: Random;
}

/** What one run saw last, planned last and did. Times ms UTC. */
export interface Run {
  readonly plan: Plan;
  readonly observed: Observed;
  readonly results: readonly StepResult[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** When to run again if nothing triggers a run before. */
  readonly nextLookMs: number;
}

export interface Reconciler {
  /** Throws what the store throws, and the signal's reason when it is aborted. */
  readonly run: (wanted: Wanted | null, signal: AbortSignal) => Promise<Run>;
}

/** A run that still makes progress after this ends, to be continued at once. */
const runBudgetMs = 5_000;

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { observer, clock, random } = options;
  const pace = createPace(random);
  let rest: { readonly endMs: number; readonly observed: Observed } | undefined;
  return {
    run: async (wanted, signal) => {
      const [startedAtMs, startedMs] = [clock.now(), clock.monotonic()];
      const restMs = rest === undefined ? 0 : Math.ceil(rest.endMs - startedMs);
      const resting = restMs > 0 ? rest : undefined;
      const first =
        resting !== undefined
          ? { ...resting.observed, now: startedAtMs }
          : await observer.observe(wanted, signal);
      const outcome = await rounds(options, { wanted, first, deadlineMs: startedMs + runBudgetMs }, signal);
      const nextLookMs = resting !== undefined ? restMs : pace.next(outcome);
      const { cluster } = outcome.observed;
      if (!cluster.ok && cluster.retryAfterMs !== null && resting === undefined)
        rest = { endMs: clock.monotonic() + cluster.retryAfterMs, observed: outcome.observed };
      const { observed, results } = outcome;
      return { plan: outcome.plan, observed, results, startedAtMs, endedAtMs: clock.now(), nextLookMs };
    },
  };
}

interface Start {
  readonly wanted: Wanted | null;
  readonly first: Observed;
  readonly deadlineMs: number;
}

async function rounds(
  options: ReconcilerOptions,
  { wanted, first, deadlineMs }: Start,
  signal: AbortSignal,
): Promise<Outcome> {
  const { observer, actor, clock } = options;
  const results: StepResult[] = [];
  let observed = first;
  let made = plan(wanted, observed);
  while (wanted !== null && made.steps.length > 0) {
    const done = await actor.act(made.steps, wanted.release.digest, signal);
    results.push(...done);
    const known = withBooks(observed, options);
    const outage = done.find((result) => !result.ok && isOutage(result.code));
    if (outage !== undefined && !outage.ok) observed = { ...known, cluster: outage };
    // Steps in the books alone change nothing out there: the same look serves once more.
    else
      observed = made.steps.some((step) => 'object' in step) ? await observer.observe(wanted, signal) : known;
    const before = made.steps;
    made = plan(wanted, observed);
    // Done and yet to be done again: somebody undoes it. Not to be fought at full speed.
    if (sameSteps(before, made.steps)) break;
    if (made.steps.length > 0 && clock.monotonic() >= deadlineMs)
      return { observed, plan: made, results, unfinished: true };
  }
  return { observed, plan: made, results, unfinished: false };
}

function withBooks(observed: Observed, { store, clock }: ReconcilerOptions): Observed {
  return { ...observed, inventory: store.inventory(), attempts: store.attempts(), now: clock.now() };
}

function sameSteps(before: readonly Step[], after: readonly Step[]): boolean {
  return (
    before.length === after.length && before.every((step, index) => nameOf(step) === nameOf(after[index]))
  );
}

function nameOf(step: Step | undefined): string {
  if (step === undefined || step.kind === 'intend') return step?.kind ?? '';
  return 'object' in step ? `${step.kind} ${step.object.id}` : `${step.kind} ${step.id}`;
}
