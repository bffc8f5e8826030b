// The pace of the reconcile loop: when to look again, and that a cluster which asked for rest gets it.
import test from 'ava';
import type { Actor } from '../../agent/act/act.ts';
import type { Observer } from '../../agent/observe/cluster.ts';
import { simulate } from '../../agent/plan/simulate.ts';
import type { Observed } from '../../agent/plan/world.ts';
import { createReconciler } from '../../agent/reconcile.ts';
import { manualClock } from '../support/manual-clock.ts';
import { emptyWorld, thing, wanted, withLive } from '../support/planner-world.ts';
import { seededRandom } from '../support/seeded-random.ts';

const lab = thing('Namespace lab');
const settings = thing('ConfigMap lab/settings');
const portal = thing('Deployment lab/portal');
const goal = wanted([lab, settings, portal]);
const signal = new AbortController().signal;

/** A cluster that does what it is told; `stepMs` passes with every batch of steps. */
function world({
  start = emptyWorld(),
  stepMs = 0,
}: {
  readonly start?: Observed;
  readonly stepMs?: number;
} = {}) {
  const clock = manualClock(start.now);
  const state = { observed: start, looks: 0 };
  const observer: Observer = {
    observe: async () => {
      state.looks += 1;
      return { ...state.observed, now: clock.now() };
    },
  };
  const actor: Actor = {
    act: async (steps) => {
      for (const step of steps) state.observed = simulate(state.observed, step);
      await clock.advance(stepMs);
      return steps.map((step) => ({ step, ok: true }) as const);
    },
  };
  const store = { inventory: () => state.observed.inventory, attempts: () => state.observed.attempts };
  return {
    state,
    clock,
    reconciler: createReconciler({ observer, actor, store, clock, random: seededRandom(1) }),
  };
}

test('one run goes from nothing to applied, then all is quiet for half a minute', async (t) => {
  const { state, reconciler } = world();
  const run = await reconciler.run(goal, signal);
  t.deepEqual([run.plan.applied, run.results.length, run.nextLookMs], [true, 4, 30_000]);
  // The first look serves the books too: one look more per rank.
  t.is(state.looks, 4);
});

test('nothing wanted: a look, and no more', async (t) => {
  const { state, reconciler } = world();
  const run = await reconciler.run(null, signal);
  t.deepEqual([state.looks, run.plan.conditions[0]?.code, run.nextLookMs], [1, 'NothingDesired', 30_000]);
});

test('a run that still makes progress after five seconds ends, to be continued at once', async (t) => {
  const { reconciler } = world({ stepMs: 3_000 });
  const first = await reconciler.run(goal, signal);
  t.deepEqual([first.plan.applied, first.nextLookMs, first.endedAtMs - first.startedAtMs], [false, 0, 6_000]);
  const second = await reconciler.run(goal, signal);
  t.true(second.plan.applied);
});

test('what settles is looked at soon, then less and less often, and soon again after progress', async (t) => {
  const { state, reconciler } = world();
  await reconciler.run(goal, signal);
  state.observed = withLive(state.observed, settings, {
    deleting: true,
    uid: state.observed.live.get(settings.id)?.uid ?? '',
  });
  const waits: number[] = [];
  for (let runs = 0; runs < 5; runs += 1) waits.push((await reconciler.run(goal, signal)).nextLookMs);
  t.deepEqual(waits, [1_000, 2_000, 4_000, 5_000, 5_000]);
});

test('a failed step is tried again when its time has come', async (t) => {
  const { state, clock, reconciler } = world();
  await reconciler.run(goal, signal);
  state.observed = withLive(state.observed, portal, null);
  const attempt = { digest: '1', count: 1, code: 'OBJECT_REFUSED', notBefore: clock.now() + 7_000 } as const;
  state.observed = { ...state.observed, attempts: new Map([[portal.id, attempt]]) };
  t.is((await reconciler.run(goal, signal)).nextLookMs, 7_000);
});

test("somebody else's object is no reason to hurry", async (t) => {
  const { reconciler } = world({ start: withLive(emptyWorld(), lab, { uid: 'theirs' }) });
  const run = await reconciler.run(wanted([lab]), signal);
  t.deepEqual([run.plan.conditions[0]?.code, run.nextLookMs], ['ObjectNotOurs', 30_000]);
});

test('a cluster that is away is asked again after growing pauses of at most ten seconds', async (t) => {
  const { state, reconciler } = world();
  state.observed = {
    ...state.observed,
    cluster: { ok: false, code: 'CLUSTER_UNREACHABLE', detail: '', retryAfterMs: null },
  };
  const waits: number[] = [];
  for (let runs = 0; runs < 8; runs += 1) waits.push((await reconciler.run(goal, signal)).nextLookMs);
  t.true((waits[0] ?? 0) <= 1_000 && (waits[0] ?? 0) >= 500);
  t.true(waits.every((ms) => ms <= 10_000));
  t.true((waits.at(-1) ?? 0) >= 5_000);
});

test('a cluster that asked for rest is not looked at before, however often a run is triggered', async (t) => {
  const { state, clock, reconciler } = world();
  const up = state.observed.cluster;
  state.observed = {
    ...state.observed,
    cluster: { ok: false, code: 'CLUSTER_BUSY', detail: '', retryAfterMs: 20_000 },
  };
  const run = await reconciler.run(goal, signal);
  t.true(run.nextLookMs >= 20_000);
  state.observed = { ...state.observed, cluster: up };
  await clock.advance(5_000);
  const early = await reconciler.run(goal, signal);
  t.deepEqual([state.looks, early.nextLookMs, early.plan.conditions[0]?.code], [1, 15_000, 'ClusterBusy']);
  await clock.advance(15_000);
  t.true((await reconciler.run(goal, signal)).plan.applied);
});

test('an outage while acting is what the run ends with', async (t) => {
  const { state, clock } = world();
  const observer: Observer = { observe: async () => ({ ...state.observed, now: clock.now() }) };
  const store = { inventory: () => state.observed.inventory, attempts: () => state.observed.attempts };
  const actor: Actor = {
    act: async (steps) =>
      steps.map((step) => {
        if (step.kind !== 'intend')
          return { step, ok: false, code: 'CLUSTER_UNREACHABLE', detail: 'cut', retryAfterMs: null } as const;
        state.observed = simulate(state.observed, step);
        return { step, ok: true } as const;
      }),
  };
  const run = await createReconciler({ observer, actor, store, clock, random: seededRandom(1) }).run(
    goal,
    signal,
  );
  t.deepEqual([run.plan.conditions[0]?.code, run.results.length], ['ClusterUnreachable', 2]);
  t.true(run.nextLookMs <= 1_000);
});

test('steps that are undone as fast as they are done do not keep a run busy', async (t) => {
  const { state, clock } = world();
  let looks = 0;
  const observer: Observer = {
    observe: async () => {
      looks += 1;
      const live = new Map(
        [...state.observed.live].map(([id, one]) => [
          id,
          id === settings.id ? { ...one, ownHash: 'theirs' } : one,
        ]),
      );
      return { ...state.observed, live, now: clock.now() };
    },
  };
  const actor: Actor = {
    act: async (steps) => {
      for (const step of steps) state.observed = simulate(state.observed, step);
      return steps.map((step) => ({ step, ok: true }) as const);
    },
  };
  const store = { inventory: () => state.observed.inventory, attempts: () => state.observed.attempts };
  const run = await createReconciler({ observer, actor, store, clock, random: seededRandom(1) }).run(
    goal,
    signal,
  );
  t.true(looks < 10);
  t.true(run.plan.drifted);
  t.true(run.nextLookMs >= 500);
});
