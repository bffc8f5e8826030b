// What leaves a site after a run: a state only when something but the time changed, results only of runs that did
// something, objects by their place in the release, and never a word of the API server.
import { fromBinary } from '@bufbuild/protobuf';
import test, { type ExecutionContext } from 'ava';
import type { Plan, Step, StepResult } from '../../../agent/plan/step.ts';
import type { Observed, Wanted } from '../../../agent/plan/world.ts';
import { Reporter } from '../../../agent/report/reporter.ts';
import type { SeenRun } from '../../../agent/report/seen.ts';
import { type AgentStore, openStore } from '../../../agent/store/store.ts';
import { type ReportBody, ReportBodySchema } from '../../../proto/gen/tre/v1/sync_pb.ts';
import { configMap } from '../../conformance/store.ts';
import { keysetOf, newSigner, siteId } from '../../support/documents.ts';
import { scratch } from '../../support/scratch.ts';

const bootId = '019aaf00-0000-7000-8000-0000000000b0';
const [a, b] = [configMap('a', 0), configMap('b', 1)];
const release = { name: 'demo', version: '1.0.0', digest: `sha256:${'d'.repeat(64)}` };
const wanted: Wanted = {
  epoch: 1,
  generation: 3,
  release,
  clusterUid: null,
  objects: [a, b],
  prune: [],
  components: [],
  health: [],
};

const site = {
  id: siteId,
  name: 'north',
  address: 'tre.example.org:7443',
  caDigest: `sha256:${'a'.repeat(64)}`,
  director: newSigner('d').publicKey,
  keyset: keysetOf(1, newSigner('k')),
};

const applied: Plan = {
  steps: [],
  waiting: [],
  conditions: [],
  appliedCount: 2,
  notInPlace: [],
  repairing: [],
  applied: true,
  drifted: false,
};
const held: Plan = {
  ...applied,
  applied: false,
  appliedCount: 1,
  waiting: [{ id: b.id, code: 'ObjectRefused', until: null }],
  conditions: [{ code: 'ObjectRefused', count: 1 }],
};

interface Stage {
  readonly store: AgentStore;
  readonly reporter: Reporter;
  readonly queued: () => number;
  readonly bodies: () => ReportBody['body'][];
}

async function stage(t: ExecutionContext, folder = scratch(t)): Promise<Stage> {
  const store = await openStore(folder, bootId, 0);
  t.teardown(() => store[Symbol.asyncDispose]());
  let queued = 0;
  const reporter = new Reporter(store, () => (queued += 1));
  const bodies = () =>
    store.outbox.after(0, 1_000_000).map(({ body }) => fromBinary(ReportBodySchema, body).body);
  return { store, reporter, queued: () => queued, bodies };
}

function run(plan: Plan, results: readonly StepResult[], changes: Partial<Observed> = {}): SeenRun {
  const observed: Observed = {
    now: 1_000,
    cluster: { ok: true, uid: 'uid', version: 'v1.36.0' },
    served: new Map(),
    live: new Map(),
    inventory: new Map(),
    attempts: new Map(),
    forbidden: new Set(),
    jobEndedAfter: new Map(),
    ...changes,
  };
  return { plan, observed, results, startedAtMs: 900, endedAtMs: observed.now + 50 };
}

const apply = (object: typeof a, reason: 'create' | 'repair'): Step => ({
  kind: 'apply',
  object,
  reason,
  uid: null,
  previousDigest: null,
});
const done = (step: Step): StepResult => ({ step, ok: true });
const failed = (step: Step): StepResult => ({
  step,
  ok: false,
  code: 'OBJECT_REFUSED',
  detail: 'spec.secretName: not allowed',
  retryAfterMs: null,
});

test('the state says what is wanted, what is applied and what stands in the way, without a name', async (t) => {
  const { reporter, bodies } = await stage(t);
  reporter.report(run(held, []), wanted);
  const [body] = bodies();
  t.is(body?.case, 'state');
  t.like(body?.value, {
    observedAtMs: 1_000n,
    epoch: 1,
    generation: 3,
    applied: false,
    drifted: false,
    objectsWanted: 2,
    objectsApplied: 1,
    kubernetesVersion: 'v1.36.0',
  });
  t.like(body?.value, { conditions: [{ code: 'ObjectRefused', count: 1, sinceMs: 1_000n }] });
  t.like(body?.value, { objects: [{ index: 1, code: 'ObjectRefused', releaseDigest: '' }] });
});

test('the same state an hour later is no news, also after a restart; another one is', async (t) => {
  const folder = scratch(t);
  const first = await stage(t, folder);
  first.reporter.report(run(held, []), wanted);
  first.reporter.report(run(held, [], { now: 3_600_000 }), wanted);
  t.is(first.queued(), 1);
  await first.store[Symbol.asyncDispose]();
  const second = await stage(t, folder);
  second.reporter.report(run(held, [], { now: 7_200_000 }), wanted);
  t.is(second.queued(), 0);
  second.reporter.report(run(applied, [], { now: 7_200_001 }), wanted);
  t.is(second.queued(), 1);
  t.is(second.bodies().length, 1, 'the latest state only');
  t.like(second.bodies()[0]?.value, { applied: true, conditions: [] });
});

test('a condition keeps its time while it holds and begins anew when it comes back', async (t) => {
  const { reporter } = await stage(t);
  const since = () => reporter.last?.conditions[0]?.sinceMs;
  reporter.report(run(held, [], { now: 10 }), wanted);
  reporter.report(run(held, [], { now: 20 }), wanted);
  t.is(since(), 10);
  reporter.report(run(applied, [], { now: 30 }), wanted);
  reporter.report(run(held, [], { now: 40 }), wanted);
  t.is(since(), 40);
});

test('a run that did something is journalled and reported with counts and places of failures', async (t) => {
  const { store, reporter, bodies } = await stage(t);
  const object = a;
  const remove: Step = { kind: 'delete', object, uid: 'u', reason: 'prune', digest: '' };
  reporter.report(
    run(held, [done(apply(a, 'create')), done(apply(a, 'repair')), done(remove), failed(apply(b, 'create'))]),
    wanted,
  );
  const result = bodies().find((body) => body.case === 'run');
  t.like(result?.value, { applied: 1, repaired: 1, deleted: 1, failed: 1, generation: 3, startedAtMs: 900n });
  t.like(result?.value, { failures: [{ index: 1, code: 'OBJECT_REFUSED', releaseDigest: '' }] });
  t.like(store.journal.runs(1)[0], { applied: 1, repaired: 1, deleted: 1, failed: 1 });
});

test('a run that did nothing is no news', async (t) => {
  const { store, reporter, bodies } = await stage(t);
  reporter.report(run(applied, [done({ kind: 'intend', objects: [a] })]), wanted);
  t.deepEqual(
    bodies().map((body) => body.case),
    ['state'],
  );
  t.deepEqual(store.journal.runs(1), []);
});

test('the words of the API server stay on site, as long as they are true', async (t) => {
  const { store, reporter } = await stage(t);
  store.inventory.intend([a, b], release.digest);
  const inventory = store.inventory.inventory();
  reporter.report(run(held, [failed(apply(b, 'create'))], { inventory }), wanted);
  t.deepEqual(reporter.last?.problems, [
    { id: b.id, code: 'OBJECT_REFUSED', detail: 'spec.secretName: not allowed' },
  ]);
  const sent = store.outbox
    .after(0, 1_000_000)
    .map(({ body }) => Buffer.from(body).toString('latin1'))
    .join('');
  t.false(sent.includes('secretName'));
  t.false(sent.includes('demo'), 'no name of a namespace or release either');
  reporter.report(run(applied, [done(apply(b, 'create'))], { inventory }), wanted);
  t.deepEqual(reporter.last?.problems, []);
});

test('what a cluster said last is still said while it does not answer', async (t) => {
  const { reporter, bodies } = await stage(t);
  const away: Plan = {
    ...applied,
    applied: false,
    appliedCount: 0,
    conditions: [{ code: 'ClusterUnreachable', count: 0 }],
  };
  const cluster = { ok: false, code: 'CLUSTER_UNREACHABLE', detail: 'no', retryAfterMs: null } as const;
  reporter.report(run(applied, []), wanted);
  reporter.report(run(away, [], { cluster }), wanted);
  t.like(bodies().at(-1)?.value, { applied: false, objectsApplied: 2, kubernetesVersion: 'v1.36.0' });
  reporter.report(run(away, [], { cluster }), { ...wanted, release: { ...release, digest: 'sha256:other' } });
  t.like(bodies().at(-1)?.value, { objectsApplied: 0 });
});

test('a release is running once everything is applied', async (t) => {
  const { store, reporter, bodies } = await stage(t);
  reporter.report(run(held, []), wanted);
  t.is(store.desired.releases().get('running'), undefined);
  reporter.report(run(applied, []), wanted);
  t.like(store.desired.releases().get('running'), release);
  t.like(bodies().at(-1)?.value, { releases: { running: release.digest } });
});

test('kept objects are named by the release that listed them last', async (t) => {
  const { store, reporter, bodies } = await stage(t);
  store.inventory.intend([configMap('data', 7)], 'sha256:older');
  store.inventory.keep([configMap('data', 7).id]);
  reporter.report(run(applied, [], { inventory: store.inventory.inventory() }), wanted);
  t.like(bodies().at(-1)?.value, {
    objects: [{ releaseDigest: 'sha256:older', index: 7, code: 'ObjectKept' }],
  });
});

test('what the site itself knows joins in: a refusal, a withdrawn identity, content on its way', async (t) => {
  const { store, reporter } = await stage(t);
  const codes = () => reporter.last?.conditions.map(({ code }) => code);
  store.desired.setRelease('offered', release, 1);
  reporter.report(run({ ...applied, conditions: [{ code: 'NothingDesired', count: 0 }] }, []), null);
  t.deepEqual(codes(), ['NothingDesired', 'ContentIncomplete']);
  store.journal.addRefusal({
    atMs: 1,
    epoch: 1,
    generation: 4,
    code: 'CONTENT_MISSING',
    documentDigest: 'x',
  });
  reporter.report(run(applied, []), wanted);
  t.deepEqual(codes(), ['OfferRefused']);
  store.site.join(site, 'token', 1);
  store.site.setRevoked(2);
  reporter.report(run(applied, []), wanted);
  t.deepEqual(codes(), ['OfferRefused', 'SiteRevoked']);
  const onFullDisk = new Reporter({ ...store, isFull: () => true }, () => {});
  onFullDisk.report(run(applied, []), wanted);
  t.deepEqual(
    onFullDisk.last?.conditions.map(({ code }) => code),
    ['OfferRefused', 'SiteRevoked', 'StoreFull'],
  );
});

test('ten thousand waiting objects still fit a message', async (t) => {
  const { store, reporter } = await stage(t);
  const objects = Array.from({ length: 10_000 }, (_, index) => configMap(`c${index}`, index));
  const waiting = objects.map(({ id }) => ({ id, code: 'WaitingForNamespace' as const, until: null }));
  reporter.report(
    run(
      { ...held, waiting },
      objects.map((object) => failed(apply(object, 'create'))),
    ),
    { ...wanted, objects },
  );
  for (const { body } of store.outbox.after(0, 10_000_000))
    t.true(body.byteLength < 64 * 1024, String(body.byteLength));
});
