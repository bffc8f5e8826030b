// When the health of a site is looked at, and which looks count: scripted API server, a clock moved by hand.
import test, { type ExecutionContext } from 'ava';
import type {
  ApiAnswer,
  ApiErrorCode,
  ApiRequest,
  WatchEnd,
  WatchEvent,
  WatchRequest,
} from '../../../agent/cluster/api.ts';
import { type EndedRun, startHealth } from '../../../agent/observe/health-loop.ts';
import type { Wanted } from '../../../agent/plan/world.ts';
import { openStore } from '../../../agent/store/store.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { emptyWorld, liveOf, thing, wanted } from '../../support/planner-world.ts';
import { scratch } from '../../support/scratch.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const web = thing('Deployment lab/web');
const site = wanted([web]);
const kind = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
  hasStatus: true,
};
const podKind = { ...kind, group: '', kind: 'Pod', plural: 'pods' };
const kinds = new Map([
  ['apps/v1/Deployment', kind],
  ['/v1/Pod', podKind],
]);
const discovery = { kinds, uncertainGroups: new Set<string>() };
const deployments = '/apis/apps/v1/deployments';

const no = (code: ApiErrorCode, status: number | null, retryAfterMs: number | null = null) =>
  ({ ok: false, status, code, detail: 'because', retryAfterMs }) as const;
const list = (...items: readonly object[]): ApiAnswer => ({
  ok: true,
  status: 200,
  contentType: 'application/json',
  etag: null,
  body: new TextEncoder().encode(JSON.stringify({ metadata: { resourceVersion: '1' }, items })),
});
const found = (readyReplicas: number): ApiAnswer =>
  list({
    metadata: { name: 'web', namespace: 'lab', uid: 'u', generation: 1 },
    spec: { replicas: 1 },
    status: {
      observedGeneration: 1,
      replicas: 1,
      updatedReplicas: 1,
      availableReplicas: 1,
      readyReplicas,
      conditions: [{ type: 'Available', status: 'True' }],
    },
  });
const empty: readonly EndedRun['results'][number][] = [];
const ended = (results = empty, changes: Partial<EndedRun['observed']> = {}): EndedRun => ({
  observed: { ...emptyWorld(), ...changes },
  plan: { notInPlace: [] },
  results,
});
const failed = ended([
  {
    ok: false,
    step: { kind: 'apply', object: web, reason: 'repair', uid: null, previousDigest: null },
    code: 'OBJECT_REFUSED',
    detail: '',
    retryAfterMs: null,
  },
]);
const applied = ended([
  { ok: true, step: { kind: 'apply', object: web, reason: 'repair', uid: null, previousDigest: null } },
]);

async function stage(t: ExecutionContext, watchEnd?: WatchEnd) {
  const store = await openStore(scratch(t), 'boot', 0);
  const clock = manualClock();
  const script = { deployments: found(1), pods: list(), before: async (): Promise<void> => undefined };
  const looks: number[] = [];
  const watches = new Map<string, (event: WatchEvent) => void>();
  const api = {
    request: async ({ path }: ApiRequest): Promise<ApiAnswer> => {
      if (path.startsWith('/api/v1/namespaces/lab/pods?limit=100')) return script.pods;
      if (!path.startsWith(`${deployments}?limit=100`)) return list();
      looks.push(clock.monotonic());
      const answer = script.deployments;
      await script.before();
      return answer;
    },
    watch: (
      { path }: WatchRequest,
      onEvent: (event: WatchEvent) => void,
      signal: AbortSignal,
    ): Promise<WatchEnd> => {
      if (watchEnd !== undefined) return Promise.resolve(watchEnd);
      watches.set(path.slice(0, path.indexOf('?')), onEvent);
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    },
  };
  let news = 0;
  const health = startHealth({
    api,
    discovery,
    store: store.objectHealth,
    // Wall clocks show whole milliseconds, the other one does not.
    clock: { ...clock, now: () => Math.floor(clock.now()) },
    random: seededRandom(1),
    onNews: () => (news += 1),
    onError: (error) => t.fail(String(error)),
  });
  t.teardown(async () => {
    await health[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });
  const say = () => health.snapshot()?.objects.map(({ status, reason }) => reason ?? status);
  const change = (path: string, name: string, namespace = 'lab') =>
    watches.get(path)?.({ isBookmark: false, namespace, name, resourceVersion: '2' });
  const begin = async (release: Wanted = site) => {
    health.afterRun(ended(), release);
    await clock.advance(1_000);
  };
  return { health, clock, script, looks, watches, change, say, begin, news: () => news };
}

test('looks half a second after the first run, and every half minute when nothing happens', async (t) => {
  const { clock, looks, say, begin, health } = await stage(t);
  await clock.advance(5_000);
  t.deepEqual(looks, [], 'nothing to look at');
  await begin();
  t.deepEqual([looks[0], say(), health.snapshot()?.healthy], [5_500, ['current'], true]);
  const before = looks.length;
  await clock.advance(61_000);
  t.true(looks.length - before >= 2 && looks.length - before <= 3, String(looks));
});

test('a change is seen within a second, one of something else is not looked at', async (t) => {
  const { clock, looks, say, change, script, begin, watches, news } = await stage(t);
  await begin();
  await clock.advance(10_000);
  t.deepEqual([...watches.keys()].toSorted(), ['/api/v1/namespaces/lab/pods', '/api/v1/nodes', deployments]);
  const before = looks.length;
  change(deployments, 'other');
  await clock.advance(5_000);
  t.is(looks.length, before);
  script.deployments = found(0);
  const told = news();
  change('/api/v1/namespaces/lab/pods', 'web-1');
  change(deployments, 'web');
  await clock.advance(500);
  t.deepEqual([looks.length, say(), news()], [before + 1, ['LessReady'], told + 1], 'both in one look');
  await clock.advance(5_000);
  const then = looks.length;
  change('/api/v1/namespaces/lab/pods', 'web-1');
  await clock.advance(2_500);
  t.is(looks.length, then + 1, 'a pod alone');
  change('/api/v1/nodes', 'n', '');
  await clock.advance(2_500);
  t.is(looks.length, then + 2, 'a node');
});

test('what changes all the time is looked at less and less often, and at least every 2.5 s', async (t) => {
  const { clock, looks, change, begin } = await stage(t);
  await begin();
  const before = looks.length;
  for (let ms = 0; ms < 60_000; ms += 100) {
    change(deployments, 'web');
    await clock.advance(100);
  }
  const count = looks.length - before;
  t.true(count >= 60_000 / 2_600 && count <= 30, `${count} looks in a minute`);
});

test('what we changed is not healthy before a look that began after it', async (t) => {
  const { clock, health, say, script, begin } = await stage(t);
  await begin();
  t.true(health.snapshot()?.healthy);
  health.afterRun(applied, site);
  t.deepEqual([health.snapshot()?.healthy, say()], [false, ['NotYetObserved']]);
  // The next look is under way when something is changed again.
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  script.before = () => {
    asked.resolve();
    return answer.promise;
  };
  await clock.advance(1_000);
  await asked.promise;
  health.afterRun(applied, site);
  script.before = async () => undefined;
  script.deployments = found(0);
  answer.resolve();
  await clock.advance(0);
  t.deepEqual(say(), ['NotYetObserved'], 'what it saw does not count');
  await clock.advance(2_000);
  t.deepEqual(say(), ['LessReady']);
});

test('a look comes when a rule says that time has made a difference, though nothing changes', async (t) => {
  const { clock, looks, say, script, begin } = await stage(t);
  const creationTimestamp = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
  script.deployments = found(0);
  script.pods = list({
    metadata: { name: 'web-1', creationTimestamp, ownerReferences: [{ uid: 'u', controller: true }] },
    status: {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }],
    },
  });
  await begin();
  await clock.advance(5_000);
  const before = looks.length;
  await clock.advance(8_000);
  t.deepEqual([looks.length, say()], [before, ['LessReady']]);
  await clock.advance(2_000);
  t.deepEqual([looks.length, say()], [before + 1, ['PodUnschedulable']]);
});

test('a run that changed nothing asks for no look, and voids none that is under way', async (t) => {
  const { clock, health, looks, say, script, change, begin } = await stage(t);
  await begin();
  await clock.advance(5_000);
  const before = looks.length;
  for (let run = 0; run < 5; run += 1) {
    health.afterRun(ended(), site);
    await clock.advance(2_000);
  }
  t.is(looks.length, before);
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  script.deployments = found(0);
  script.before = () => {
    asked.resolve();
    return answer.promise;
  };
  change(deployments, 'web');
  await clock.advance(1_000);
  await asked.promise;
  health.afterRun(failed, site);
  t.deepEqual(say(), ['current'], 'what could not be changed is as it was');
  answer.resolve();
  await clock.advance(0);
  t.deepEqual(say(), ['LessReady']);
});

test('a look of the reconciler that failed takes nothing away from the one before, for a while', async (t) => {
  const { clock, health, say, begin } = await stage(t);
  const settings = thing('ConfigMap lab/settings');
  const release = wanted([settings]);
  const live = new Map([[settings.id, liveOf(settings)]]);
  const { now } = emptyWorld();
  const run = (ms: number, cluster?: ReturnType<typeof no>) =>
    ended([], { live, now: now + ms, ...(cluster !== undefined && { cluster }) });
  await begin(release);
  const sayAfter = async (...[ms, cluster]: Parameters<typeof run>) => {
    health.afterRun(run(ms, cluster), release);
    await clock.advance(40_000);
    return say();
  };
  const away = no('CLUSTER_UNREACHABLE', null);
  t.deepEqual(await sayAfter(0), ['current']);
  t.deepEqual(await sayAfter(44_000, away), ['current']);
  t.deepEqual(await sayAfter(46_000, away), ['NotLookedAt']);
  t.deepEqual(await sayAfter(50_000), ['current']);
  health.afterRun(run(51_000, away), { ...release, generation: 2 });
  await clock.advance(2_000);
  t.deepEqual(say(), ['NotLookedAt'], 'of another document it says nothing');
});

test('a cluster that answers the reconciler again is looked at soon', async (t) => {
  const { clock, health, looks, begin } = await stage(t);
  await begin();
  await clock.advance(5_000);
  const now = emptyWorld().now + 60_000;
  health.afterRun(ended([], { now, cluster: no('CLUSTER_UNREACHABLE', null) }), site);
  await clock.advance(5_000);
  const before = looks.length;
  health.afterRun(ended([], { now: now + 10_000 }), site);
  await clock.advance(2_500);
  t.is(looks.length, before + 1);
});

test('a cluster that does not answer is unknown after ten seconds, with the time of its last answer', async (t) => {
  const { clock, health, say, script, begin } = await stage(t);
  await begin();
  const observedAtMs = health.snapshot()?.observedAtMs;
  script.deployments = no('CLUSTER_UNREACHABLE', null);
  health.afterRun(ended([], { cluster: no('CLUSTER_UNREACHABLE', null) }), site);
  await clock.advance(8_000);
  t.true(health.snapshot()?.healthy, 'a hiccup');
  await clock.advance(9_000);
  t.deepEqual([health.snapshot()?.healthy, say()], [false, ['NotLookedAt']]);
  t.is(health.snapshot()?.observedAtMs, observedAtMs);
  script.deployments = found(1);
  await clock.advance(10_000);
  t.deepEqual([health.snapshot()?.healthy, say()], [true, ['current']]);
});

test('a cluster that keeps us waiting for an answer is away since we asked', async (t) => {
  const { clock, health, say, script, change, begin } = await stage(t);
  await begin();
  await clock.advance(5_000);
  script.deployments = no('CLUSTER_UNREACHABLE', null);
  script.before = () => clock.sleep(15_000);
  const askedMs = clock.now() + 500;
  change(deployments, 'web');
  await clock.advance(15_000);
  t.true(health.snapshot()?.healthy, 'it may still answer');
  await clock.advance(500);
  t.deepEqual(say(), ['NotLookedAt']);
  t.is(health.snapshot()?.objects[0]?.sinceMs, Math.floor(askedMs));
});

test('a cluster that asks for rest is left in peace, whatever is heard meanwhile', async (t) => {
  const { clock, health, looks, change, script, begin } = await stage(t);
  await begin();
  script.deployments = no('CLUSTER_BUSY', 429, 20_000);
  change(deployments, 'web');
  await clock.advance(2_000);
  const before = looks.length;
  for (let ms = 0; ms < 17_000; ms += 500) {
    change(deployments, 'web');
    health.afterRun(applied, site);
    await clock.advance(500);
  }
  t.is(looks.length, before);
  script.deployments = found(1);
  await clock.advance(10_000);
  t.true(looks.length > before);
});

test('a look that was due before the cluster asked for rest waits, too', async (t) => {
  const { clock, looks, change, script, begin } = await stage(t);
  await begin();
  await clock.advance(5_000);
  script.deployments = no('CLUSTER_BUSY', 429, 20_000);
  script.before = async () => change(deployments, 'web');
  change(deployments, 'web');
  await clock.advance(1_000);
  const before = looks.length;
  await clock.advance(19_000);
  t.is(looks.length, before);
  await clock.advance(10_000);
  t.true(looks.length > before);
});

test('a cluster that is away is news once, however long that takes', async (t) => {
  const { clock, script, begin, news, say } = await stage(t);
  await begin();
  script.deployments = no('CLUSTER_UNREACHABLE', null);
  script.before = () => clock.sleep(0.3);
  await clock.advance(60_000);
  t.deepEqual(say(), ['NotLookedAt']);
  const told = news();
  await clock.advance(60_000);
  t.is(news(), told);
});

test('where nothing may be watched, a look comes every five seconds while something is not current', async (t) => {
  const { clock, looks, script, begin } = await stage(t, no('CLUSTER_FORBIDDEN', 403));
  script.deployments = found(0);
  await begin();
  const before = looks.length;
  await clock.advance(30_000);
  t.true(looks.length - before >= 5, `${looks.length - before} looks`);
  script.deployments = found(1);
  await clock.advance(6_000);
  const after = looks.length;
  await clock.advance(29_000);
  t.true(looks.length - after <= 2, `${looks.length - after} looks`);
});

test('where everything is watched, what is not current is looked at every half minute, too', async (t) => {
  const { clock, looks, script, begin, say } = await stage(t);
  script.deployments = found(0);
  await begin();
  await clock.advance(5_000);
  const before = looks.length;
  await clock.advance(29_000);
  t.deepEqual(say(), ['LessReady']);
  t.true(looks.length - before <= 1, `${looks.length - before} looks`);
});

test('of many namespaces, and where pods are wanted, all pods are watched, and those of others not looked at', async (t) => {
  const many = Array.from({ length: 21 }, (_, index) => thing(`Deployment lab${index}/web`));
  for (const release of [wanted(many), wanted([thing('Pod lab0/web'), ...many.slice(0, 2)])]) {
    const { clock, looks, change, begin, watches } = await stage(t);
    await begin(release);
    await clock.advance(10_000);
    t.deepEqual([...watches.keys()].toSorted(), ['/api/v1/nodes', '/api/v1/pods', deployments]);
    const before = looks.length;
    change('/api/v1/pods', 'some-pod', 'elsewhere');
    await clock.advance(2_000);
    t.is(looks.length, before);
    change('/api/v1/pods', 'some-pod', 'lab0');
    await clock.advance(2_000);
    t.true(looks.length > before);
  }
});

test('nothing wanted: nothing known', async (t) => {
  const { health, begin } = await stage(t);
  await begin();
  health.afterRun(ended(), null);
  t.is(health.snapshot(), undefined);
});
