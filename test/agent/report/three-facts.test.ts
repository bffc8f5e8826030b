// Applied, healthy and drifted are three facts, of the site and of each component: all eight combinations can be reported,
// and none of the three follows from another.
import { fromBinary } from '@bufbuild/protobuf';
import test from 'ava';
import type { HealthSnapshot, NodeTrouble } from '../../../agent/health/snapshot.ts';
import type { Plan } from '../../../agent/plan/step.ts';
import type { Wanted } from '../../../agent/plan/world.ts';
import { Reporter } from '../../../agent/report/reporter.ts';
import type { SeenRun } from '../../../agent/report/seen.ts';
import type { SideFacts } from '../../../agent/report/side-facts.ts';
import { openStore } from '../../../agent/store/store.ts';
import { ReportBodySchema } from '../../../proto/gen/tre/v1/sync_pb.ts';
import { emptyWorld, thing, wanted } from '../../support/planner-world.ts';
import { scratch } from '../../support/scratch.ts';

const portal = thing('Deployment lab/portal', { component: 'portal' });
const storage = thing('Deployment lab/storage', { component: 'storage' });
const site: Wanted = { ...wanted([portal, storage]), components: ['portal', 'storage', 'empty'] };

interface Facts {
  readonly applied: boolean;
  readonly healthy: boolean;
  readonly drifted: boolean;
}

/** The portal is so, and the storage is as it should be. */
function runOf({ applied, drifted }: Facts): SeenRun {
  const plan: Plan = {
    steps: [],
    waiting: [],
    conditions: [],
    appliedCount: applied ? 2 : 1,
    notInPlace: applied ? [] : [portal.id],
    repairing: drifted ? [portal.id] : [],
    applied,
    drifted,
  };
  return { plan, observed: emptyWorld(), results: [], startedAtMs: 900, endedAtMs: 1_000 };
}

function healthOf({ healthy }: Facts): HealthSnapshot {
  const current = { status: 'current', reason: null, sinceMs: 1, detail: '' } as const;
  const failed = { status: 'failed', reason: 'ContainerCrashLooping', sinceMs: 1, detail: 'words' } as const;
  const objects = [
    { id: portal.id, index: 0, ...(healthy ? current : failed) },
    { id: storage.id, index: 1, ...current },
  ];
  return { observedAtMs: 2_000, generation: site.generation, healthy, objects, nodes: [] };
}

const bools = [true, false];
const combinations = bools.flatMap((applied) =>
  bools.flatMap((healthy) => bools.map((drifted): Facts => ({ applied, healthy, drifted }))),
);

test('what is not healthy becomes conditions, each with how many objects or nodes it concerns', async (t) => {
  const store = await openStore(scratch(t), 'boot', 0);
  t.teardown(() => store[Symbol.asyncDispose]());
  const health = (
    status: 'failed' | 'in-progress' | 'terminating' | 'unknown',
    code: NodeTrouble['code'],
  ) => {
    const reason = {
      failed: 'JobFailed',
      'in-progress': 'LessReady',
      terminating: 'Deleting',
      unknown: 'MayNotLook',
    } as const;
    const object = { status, reason: reason[status], sinceMs: 1, detail: '' };
    const objects = site.objects.map(({ id, index }) => ({ id, index, ...object }));
    return {
      ...healthOf(combinations[0] as Facts),
      healthy: false,
      objects,
      nodes: [{ code, node: 'n', detail: '' }],
    };
  };
  let side: SideFacts = {};
  const reporter = new Reporter(
    store,
    () => undefined,
    () => side,
  );
  reporter.report(runOf({ applied: true, healthy: false, drifted: false }), site);
  for (const [status, node, condition] of [
    ['failed', 'NodeNotReady', 'NotHealthy'],
    ['in-progress', 'NodeSilent', 'HealthInProgress'],
    ['terminating', 'NodeSilent', 'HealthInProgress'],
    ['unknown', 'ContainerRuntimeDown', 'HealthUnknown'],
  ] as const) {
    side = { health: health(status, node) };
    reporter.refresh(2_000);
    const held = reporter.last?.conditions.map(({ code, count }) => [code, count]);
    t.deepEqual(held, [
      [condition, 2],
      [node, 1],
    ]);
  }
});

test('since when a site is not healthy outlasts a start of the agent, during which nobody looks', async (t) => {
  const store = await openStore(scratch(t), 'boot', 0);
  t.teardown(() => store[Symbol.asyncDispose]());
  const run = (atMs: number): SeenRun => {
    const one = runOf({ applied: true, healthy: false, drifted: false });
    return { ...one, observed: { ...one.observed, now: atMs } };
  };
  let side: SideFacts = {};
  const started = (atMs: number): Reporter => {
    const reporter = new Reporter(
      store,
      () => undefined,
      () => side,
    );
    reporter.report(run(atMs), site);
    return reporter;
  };
  const said = ({ last }: Reporter) => last?.conditions.map(({ code, sinceMs }) => [code, sinceMs]);
  side = { health: healthOf({ applied: true, healthy: false, drifted: false }) };
  t.deepEqual(said(started(1_000)), [['NotHealthy', 1_000]]);
  side = {};
  const second = started(5_000);
  t.deepEqual(said(second), [], 'not said before it was looked at');
  side = { health: healthOf({ applied: true, healthy: false, drifted: false }) };
  second.refresh(6_000);
  t.deepEqual(said(second), [['NotHealthy', 1_000]]);
  side = { health: healthOf({ applied: true, healthy: true, drifted: false }) };
  second.refresh(7_000);
  side = { health: healthOf({ applied: true, healthy: false, drifted: false }) };
  second.refresh(8_000);
  t.deepEqual(said(second), [['NotHealthy', 8_000]], 'what went away begins anew');
});

for (const facts of combinations)
  test(`reported as it is: ${JSON.stringify(facts)}`, async (t) => {
    const store = await openStore(scratch(t), 'boot', 0);
    t.teardown(() => store[Symbol.asyncDispose]());
    let side: SideFacts = {};
    const reporter = new Reporter(
      store,
      () => undefined,
      () => side,
    );
    reporter.report(runOf(facts), site);
    const state = () => {
      const rows = store.outbox
        .after(0, 1_000_000)
        .map(({ body }) => fromBinary(ReportBodySchema, body).body);
      const last = rows.findLast(({ case: kind }) => kind === 'state');
      return last?.case === 'state' ? last.value : undefined;
    };
    t.false(state()?.healthy, 'nobody has looked at its health yet');
    t.like(state()?.components[1], { applied: true, healthy: false, drifted: false });

    side = { health: healthOf(facts) };
    reporter.refresh(2_000);
    t.like(state(), { ...facts });
    t.like(state()?.components[0], { index: 0, objects: 1, ...facts });
    t.like(state()?.components[1], { index: 1, objects: 1, applied: true, healthy: true, drifted: false });
    t.like(state()?.components[2], { index: 2, objects: 0, applied: true, healthy: true, drifted: false });
    const reasons = state()?.health.map(({ index, reason }) => [index, reason]);
    t.deepEqual(reasons, facts.healthy ? [] : [[0, 'ContainerCrashLooping']]);

    side = { health: { ...healthOf(facts), generation: site.generation + 1 } };
    reporter.refresh(3_000);
    t.false(state()?.healthy, 'the health of another document says nothing of this one');
    t.like(state(), { applied: facts.applied, drifted: facts.drifted });
  });
