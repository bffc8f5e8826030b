// One look at health against a scripted API server: which requests it takes, what may not be seen, what fails alone and
// what fails the look, and how pods, events, classes and nodes enter into it.
import test from 'ava';
import type { ApiAnswer, ApiErrorCode, ApiRequest } from '../../../agent/cluster/api.ts';
import type { ServedKind } from '../../../agent/cluster/discovery.ts';
import { createHealthLook, type Reconciled } from '../../../agent/observe/health-look.ts';
import type { LiveObject, WantedObject } from '../../../agent/plan/world.ts';
import type { HealthReason } from '../../../proto/health-reasons.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { liveOf, thing, wanted } from '../../support/planner-world.ts';

const ok = (value: unknown): ApiAnswer => ({
  ok: true,
  status: 200,
  contentType: 'application/json',
  etag: null,
  body: new TextEncoder().encode(JSON.stringify(value)),
});
const no = (code: ApiErrorCode, status: number | null): ApiAnswer => ({
  ok: false,
  status,
  code,
  detail: 'because',
  retryAfterMs: null,
});
const list = (...items: readonly object[]): ApiAnswer => ok({ metadata: {}, items });

const served = (group: string, kind: string, plural: string, version = 'v1'): [string, ServedKind] => [
  `${group}/${version}/${kind}`,
  { group, version, kind, plural, namespaced: true, hasStatus: true },
];
const kinds = new Map([
  served('apps', 'Deployment', 'deployments'),
  served('apps', 'StatefulSet', 'statefulsets'),
  served('apps', 'DaemonSet', 'daemonsets'),
  served('batch', 'Job', 'jobs'),
  served('tre.example', 'Study', 'studies'),
  served('behind.example', 'Study', 'studies'),
  served('', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  served('apiextensions.k8s.io', 'CustomResourceDefinition', 'customresourcedefinitions'),
  served('autoscaling', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
  served('autoscaling', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', 'v2'),
]);

const meta = (name: string, more: object = {}) => ({
  metadata: {
    name,
    namespace: 'lab',
    uid: `uid-${name}`,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2025-12-31T23:00:00Z',
    ...more,
  },
});
const owner = (uid: string) => ({ ownerReferences: [{ uid, controller: true }] });
const web = thing('Deployment lab/web');
const deployment = (status: object = {}) => ({
  ...meta('web'),
  spec: { replicas: 1 },
  status: { observedGeneration: 1, ...status },
});
const goodStatus = {
  replicas: 1,
  updatedReplicas: 1,
  availableReplicas: 1,
  readyReplicas: 1,
  conditions: [{ type: 'Available', status: 'True' }],
};
const waitingPod = (name: string, reason: string, ownerUid: string, claimName?: string) => ({
  ...meta(name, owner(ownerUid)),
  spec: { volumes: claimName === undefined ? [] : [{ persistentVolumeClaim: { claimName } }] },
  status: { phase: 'Pending', containerStatuses: [{ name: 'main', state: { waiting: { reason } } }] },
});

const deployments = '/apis/apps/v1/deployments?limit=100';
const podsOfLab = '/api/v1/namespaces/lab/pods?limit=100';
const setsOfLab = '/apis/apps/v1/namespaces/lab/replicasets?limit=500';
const nodes = '/api/v1/nodes?limit=50';
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases?limit=500';

type Answers = Record<string, ApiAnswer>;

function looker(answers: Answers, reasonOf: () => HealthReason | null = () => null) {
  const asked: string[] = [];
  const known = new Set<string>();
  const clock = manualClock();
  const api = {
    request: async ({ path }: ApiRequest) => {
      asked.push(path);
      return answers[path] ?? (path === nodes || path === leases ? list() : no('NOT_FOUND', 404));
    },
  };
  const discovery = { kinds, uncertainGroups: new Set(['behind.example']) };
  const wasCurrent = (id: string) => known.has(id);
  const { look } = createHealthLook({ api, discovery, clock, reasonOf, wasCurrent });
  const at = async (objects: readonly WantedObject[], changes: Partial<Reconciled> = {}) => {
    const reconciled: Reconciled = {
      wanted: wanted(objects),
      observed: seen(),
      notInPlace: new Set(),
      ...changes,
    };
    return look(reconciled, new AbortController().signal);
  };
  const say = async (objects: readonly WantedObject[], changes: Partial<Reconciled> = {}) => {
    const looked = await at(objects, changes);
    if (!looked.ok) return [looked.code];
    return objects.map(({ id }) => looked.verdicts.get(id)?.reason ?? looked.verdicts.get(id)?.status);
  };
  return { asked, clock, known, at, say };
}

function seen(
  live: readonly [string, LiveObject][] = [],
  forbidden: readonly string[] = [],
): Reconciled['observed'] {
  const cluster = { ok: true, uid: 'u', version: 'v1.36.0' } as const;
  return { now: 0, cluster, live: new Map(live), forbidden: new Set(forbidden) };
}

test('what is current costs one list per kind, and no pod is read', async (t) => {
  const { asked, say } = looker({ [deployments]: list(deployment(goodStatus)) });
  t.deepEqual(await say([web]), ['current']);
  t.deepEqual(asked, [deployments, nodes, leases]);
});

test('what has no status is there or not, as the reconciler saw it, without a request', async (t) => {
  const objects = ['one', 'two', 'three'].map((name) => thing(`ConfigMap lab/${name}`));
  const [one, two] = objects as [WantedObject, WantedObject];
  const live: [string, LiveObject][] = [
    [one.id, liveOf(one)],
    [two.id, liveOf(two, { deleting: true })],
  ];
  const { asked, say } = looker({});
  t.deepEqual(await say(objects, { observed: seen(live) }), ['current', 'Deleting', 'NotFound']);
  t.deepEqual(await say(objects, { observed: seen(live, ['/ConfigMap']) }), [
    'MayNotLook',
    'MayNotLook',
    'MayNotLook',
  ]);
  const cluster = { ok: false, code: 'CLUSTER_BUSY', detail: '', retryAfterMs: null } as const;
  t.deepEqual(await say([one], { observed: { ...seen(live), cluster } }), ['NotLookedAt']);
  t.deepEqual([...new Set(asked)], [nodes, leases]);
});

test('what is not there, not served, may not be listed or fails alone hinders no other kind', async (t) => {
  const set = thing('StatefulSet lab/set', { group: 'apps' });
  const job = thing('Job lab/once');
  const odd = thing('Project lab/odd');
  const behind = { ...thing('Project lab/behind'), group: 'behind.example' };
  const { say } = looker({
    [deployments]: list(),
    '/apis/apps/v1/statefulsets?limit=100': no('CLUSTER_FORBIDDEN', 403),
    '/apis/batch/v1/jobs?limit=100': no('CLUSTER_FAILING', 500),
  });
  t.deepEqual(await say([web, set, job, odd, behind]), [
    'NotFound',
    'MayNotLook',
    'NotLookedAt',
    'NotFound',
    'NotLookedAt',
  ]);
});

test('who does not speak as an API server does is not known; of pods and nodes, the look fails', async (t) => {
  const set = { ...thing('StatefulSet lab/set'), group: 'apps', id: 'apps/StatefulSet/lab/set' };
  const sets = '/apis/apps/v1/statefulsets?limit=100';
  const good = { [deployments]: list(deployment(goodStatus)) };
  for (const odd of ['<html>', null, { items: 'none' }, { items: [null] }, { items: [{}] }])
    t.deepEqual(await looker({ ...good, [sets]: ok(odd) }).say([web, set]), ['current', 'NotLookedAt']);
  t.deepEqual(await looker({ ...good, [nodes]: ok({ items: [{}] }) }).say([web]), ['CLUSTER_FAILING']);
});

test('a cluster that does not answer, does not know us or asks for rest fails the look', async (t) => {
  for (const [code, status] of [
    ['CLUSTER_UNREACHABLE', null],
    ['CLUSTER_UNAUTHENTICATED', 401],
    ['CLUSTER_BUSY', 429],
    ['CLUSTER_FAILING', 503],
  ] as const)
    t.deepEqual(await looker({ [deployments]: no(code, status) }).say([web]), [code]);
});

test('a kind of a group that nobody answers for now is unknown, and not asked for, though it was served before', async (t) => {
  const study = { ...thing('Job lab/one'), group: 'behind.example', kind: 'Study', id: 's' };
  const { say } = looker({
    [deployments]: list(deployment(goodStatus)),
    '/apis/behind.example/v1/studies?limit=100': no('CLUSTER_FAILING', 503),
  });
  t.deepEqual(await say([web, study]), ['current', 'NotLookedAt']);
});

test('only the pods of the newest ReplicaSet fail a Deployment', async (t) => {
  const sets = list(
    meta('old', { ...owner('uid-web'), annotations: { 'deployment.kubernetes.io/revision': '9' } }),
    meta('new', { ...owner('uid-web'), annotations: { 'deployment.kubernetes.io/revision': '10' } }),
  );
  const pods = (ownerUid: string) => list(waitingPod('a', 'ErrImagePull', ownerUid));
  const answers = { [deployments]: list(deployment()), [setsOfLab]: sets };
  t.deepEqual(await looker({ ...answers, [podsOfLab]: pods('uid-old') }).say([web]), ['LessReplicas']);
  t.deepEqual(await looker({ ...answers, [podsOfLab]: pods('uid-new') }).say([web]), ['ImageUnavailable']);
  t.deepEqual(await looker({ ...answers, [podsOfLab]: no('CLUSTER_FORBIDDEN', 403) }).say([web]), [
    'LessReplicas',
  ]);
});

test('a StatefulSet without pods: the newest refusal among its events', async (t) => {
  const set = { ...thing('StatefulSet lab/set'), group: 'apps', id: 'apps/StatefulSet/lab/set' };
  const events = `/api/v1/namespaces/lab/events?fieldSelector=${encodeURIComponent('involvedObject.uid=uid-set,reason=FailedCreate')}&limit=50`;
  const event = (message: string, lastTimestamp: string) => ({ message, lastTimestamp });
  const answers = (...all: readonly object[]): Answers => ({
    '/apis/apps/v1/statefulsets?limit=100': list({ ...meta('set'), status: {} }),
    [podsOfLab]: list(),
    [events]: list(...all),
  });
  const old = event('exceeded quota', '2025-12-31T23:50:00Z');
  t.deepEqual(await looker(answers(old)).say([set]), ['QuotaExceeded']);
  const dated = { message: 'denied', lastTimestamp: null, eventTime: '2025-12-31T23:45:00Z' };
  t.deepEqual(await looker(answers(dated)).say([set]), ['AdmissionRefused'], 'as newer programs date them');
  t.deepEqual(await looker(answers(old, dated)).say([set]), ['QuotaExceeded']);
  const series = { ...dated, series: { lastObservedTime: '2025-12-31T23:51:00Z' } };
  t.deepEqual(await looker(answers(old, series)).say([set]), ['AdmissionRefused']);
  t.deepEqual(await looker(answers(old, event('denied', '2025-12-31T23:55:00Z'))).say([set]), [
    'AdmissionRefused',
  ]);
  const made = (creationTimestamp: string): Answers => ({
    ...answers(old),
    [podsOfLab]: list({ ...meta('set-0', { ...owner('uid-set'), creationTimestamp }), status: {} }),
  });
  t.deepEqual(await looker(made('2025-12-31T23:50:00Z')).say([set]), ['QuotaExceeded']);
  t.deepEqual(await looker(made('2025-12-31T23:50:01Z')).say([set]), ['LessReplicas'], 'pods are made again');
  const long = looker(answers(event('denied', '2025-12-31T23:30:00Z')));
  t.deepEqual(await long.say([set]), ['LessReplicas']);
  const looked = await long.at([set]);
  t.is(looked.ok ? looked.untilMs : null, long.clock.now() + 4_000, 'events are not watched');
});

const refusals = test.macro({
  async exec(t, object: WantedObject, path: string, status: object, podCount: number, expected: string) {
    const selector = encodeURIComponent(`involvedObject.uid=uid-${object.name},reason=FailedCreate`);
    const pod = { ...meta('old', { ...owner(`uid-${object.name}`) }), status: { phase: 'Pending' } };
    const { say } = looker({
      [path]: list({ ...meta(object.name), spec: {}, status: { observedGeneration: 1, ...status } }),
      [podsOfLab]: list(...Array.from({ length: podCount }, () => pod)),
      [`/api/v1/namespaces/lab/events?fieldSelector=${selector}&limit=50`]: list({
        message: 'exceeded quota',
        lastTimestamp: '2025-12-31T23:50:00Z',
      }),
    });
    t.deepEqual(await say([object]), [expected]);
  },
  title: (title) => `a refusal among events: ${title}`,
});
const jobs = '/apis/batch/v1/jobs?limit=100';
const started = { startTime: '2025-12-31T23:00:00Z' };
test('of a Job without a pod', refusals, thing('Job lab/once'), jobs, started, 0, 'QuotaExceeded');
test('not of a Job that has one', refusals, thing('Job lab/once'), jobs, started, 1, 'JobInProgress');
const daemon = thing('DaemonSet lab/every', { group: 'apps' });
const daemons = '/apis/apps/v1/daemonsets?limit=100';
const one = { desiredNumberScheduled: 1 };
const scheduled = { ...one, currentNumberScheduled: 1, updatedNumberScheduled: 1 };
test('of a DaemonSet that lacks pods', refusals, daemon, daemons, one, 0, 'QuotaExceeded');
test('not of one that has them', refusals, daemon, daemons, scheduled, 1, 'LessAvailable');

test('a claim that waits for its first pod is judged by its class and by the pods', async (t) => {
  const claim = thing('PersistentVolumeClaim lab/data');
  const answers = (pods: ApiAnswer, volumeBindingMode: string): Answers => ({
    '/api/v1/persistentvolumeclaims?limit=100': list({
      ...meta('data'),
      spec: { storageClassName: 'local' },
      status: { phase: 'Pending' },
    }),
    [podsOfLab]: pods,
    '/apis/storage.k8s.io/v1/storageclasses/local': ok({ volumeBindingMode }),
  });
  const user = waitingPod('user', 'ContainerCreating', 'x', 'data');
  t.deepEqual(await looker(answers(list(), 'WaitForFirstConsumer')).say([claim]), ['current']);
  t.deepEqual(await looker(answers(list(user), 'WaitForFirstConsumer')).say([claim]), [
    'WaitsForFirstConsumer',
  ]);
  t.deepEqual(await looker(answers(list(), 'Immediate')).say([claim]), ['NotBound']);
  const { '/apis/storage.k8s.io/v1/storageclasses/local': _, ...blind } = answers(list(), '');
  t.deepEqual(await looker(blind).say([claim]), ['NotBound'], 'a class that cannot be seen');
  const plain = { ...meta('data'), spec: {}, status: { phase: 'Pending' } };
  const classless = { ...blind, '/api/v1/persistentvolumeclaims?limit=100': list(plain) };
  t.deepEqual(await looker(classless).say([claim]), ['NotBound'], 'none');
  const unread = (code: ApiErrorCode, status: number) =>
    looker(answers(no(code, status), 'WaitForFirstConsumer')).say([claim]);
  t.deepEqual(await unread('CLUSTER_FORBIDDEN', 403), ['WaitsForFirstConsumer'], 'never better than it is');
  t.deepEqual(await unread('CLUSTER_FAILING', 503), ['CLUSTER_FAILING']);
});

test('a definition is read whole once, and again when it has changed', async (t) => {
  const definition = thing('CustomResourceDefinition projects.tre.example');
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const facts = (resourceVersion: string) => ({
    metadata: { name: definition.name, uid: 'd', resourceVersion },
  });
  const answers: Answers = {
    [`${path}?limit=500`]: list(facts('1')),
    [`${path}/${definition.name}`]: ok({
      ...facts('1'),
      status: { conditions: [{ type: 'Established', status: 'True' }] },
    }),
  };
  const { asked, say } = looker(answers);
  const reads = () => asked.filter((one) => one === `${path}/${definition.name}`).length;
  t.deepEqual([await say([definition]), await say([definition]), reads()], [['current'], ['current'], 1]);
  answers[`${path}?limit=500`] = list(facts('2'));
  t.deepEqual([await say([definition]), reads()], [['current'], 2]);
  const rule = {
    group: definition.group,
    kind: definition.kind,
    means: 'failed',
    pointer: '/metadata/uid',
    operator: 'equals',
    value: 'd',
  } as const;
  const next = { ...wanted([definition]), generation: 2, health: [rule] };
  t.deepEqual(await say([definition], { wanted: next }), ['CustomRuleFailed'], 'other rules');
  t.deepEqual([await say([definition], { wanted: next }), reads()], [['CustomRuleFailed'], 3]);
});

test('a definition that goes while it is read is not there; the others stay as they are', async (t) => {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const [stays, goes] = ['stays', 'goes'].map((name) =>
    thing(`CustomResourceDefinition ${name}.tre.example`),
  ) as [WantedObject, WantedObject];
  const metadata = ({ name }: WantedObject) => ({ metadata: { name, uid: name, resourceVersion: '1' } });
  const { say } = looker({
    [`${path}?limit=500`]: list(metadata(goes), metadata(stays)),
    [`${path}/${stays.name}`]: ok({
      ...metadata(stays),
      status: { conditions: [{ type: 'Established', status: 'True' }] },
    }),
  });
  t.deepEqual(await say([goes, stays]), ['NotFound', 'current']);
});

test('definitions that may not be listed or read are unknown; an API server that is about to start fails the look', async (t) => {
  const definition = thing('CustomResourceDefinition projects.tre.example');
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const found = list({ metadata: { name: definition.name, uid: 'd', resourceVersion: '1' } });
  const listed = (answer: ApiAnswer) => looker({ [`${path}?limit=500`]: answer }).say([definition]);
  const read = (answer: ApiAnswer) =>
    looker({ [`${path}?limit=500`]: found, [`${path}/${definition.name}`]: answer }).say([definition]);
  for (const say of [listed, read]) {
    t.deepEqual(await say(no('CLUSTER_FORBIDDEN', 403)), ['MayNotLook']);
    t.deepEqual(await say(no('CLUSTER_FAILING', 500)), ['NotLookedAt']);
    t.deepEqual(await say(no('CLUSTER_FAILING', 503)), ['CLUSTER_FAILING']);
  }
});

test('an autoscaler is read in the version that shows its conditions', async (t) => {
  const scaler = {
    ...thing('Job lab/web'),
    group: 'autoscaling',
    kind: 'HorizontalPodAutoscaler',
    version: 'v1',
    id: 'h',
  };
  const { asked, say } = looker({});
  t.deepEqual(await say([scaler]), ['NotFound']);
  t.is(asked[0], '/apis/autoscaling/v2/horizontalpodautoscalers?limit=100');
});

test('a Job that its TTL removed is done, and as badly as it was seen to end', async (t) => {
  const job = thing('Job lab/once', { ttlAfterFinishedMs: 1_000 });
  const answers = { '/apis/batch/v1/jobs?limit=100': list() };
  t.deepEqual(await looker(answers).say([job]), ['current']);
  for (const reason of ['JobFailed', 'PodFailed', 'PodEvicted'] as const)
    t.deepEqual(await looker(answers, () => reason).say([job]), [reason]);
  for (const reason of [
    'JobInProgress',
    'ContainerCrashLooping',
    'ImageUnavailable',
    'PodUnschedulable',
  ] as const)
    t.deepEqual(await looker(answers, () => reason).say([job]), ['current'], 'what waited waits no more');
  t.deepEqual(await looker(answers).say([job], { notInPlace: new Set([job.id]) }), ['NotFound']);
  const plain = thing('Job lab/once');
  t.deepEqual(await looker(answers).say([plain]), ['NotFound']);
});

const node = (status: string, reason = '', message = '') => ({
  metadata: { name: 'n' },
  status: { conditions: [{ type: 'Ready', status, reason, message }] },
});
const trouble = test.macro({
  async exec(t, answer: object, expected: readonly string[]) {
    const looked = await looker({ [nodes]: list(answer) }).at([]);
    t.deepEqual(looked.ok ? looked.nodes.map(({ code }) => code) : [], [...expected]);
  },
  title: (title) => `a node that ${title}`,
});
test('is ready', trouble, node('True'), []);
test(
  'was not heard of',
  trouble,
  node('Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.'),
  ['NodeSilent'],
);
test(
  'has no container runtime',
  trouble,
  node('False', 'KubeletNotReady', 'container runtime is down, PLEG is not healthy'),
  ['ContainerRuntimeDown'],
);
test(
  'has no network',
  trouble,
  node('False', 'KubeletNotReady', 'container runtime network not ready: cni plugin not initialized'),
  ['NodeNotReady'],
);
test('has never reported', trouble, { metadata: { name: 'n' } }, ['NodeNotReady']);

test('a node whose Lease is not renewed for 40 s by our own clock is silent, whatever its clock says', async (t) => {
  const lease = (renewTime: string) => list({ metadata: { name: 'n' }, spec: { renewTime } });
  const answers: Answers = { [nodes]: list(node('True')), [leases]: lease('1999-01-01T00:00:00Z') };
  const { at, clock } = looker(answers);
  const look = async () => {
    const looked = await at([]);
    return looked.ok
      ? [looked.nodes.map(({ code }) => code), looked.untilMs === null ? null : looked.untilMs - clock.now()]
      : [];
  };
  t.deepEqual(await look(), [[], 40_000]);
  await clock.advance(30_000);
  t.deepEqual(await look(), [[], 10_000]);
  await clock.advance(9_000);
  t.deepEqual(await look(), [[], 1_000]);
  await clock.advance(1_000);
  t.deepEqual(await look(), [['NodeSilent'], null]);
  answers[leases] = lease('1999-01-01T00:00:10Z');
  t.deepEqual(await look(), [[], 40_000]);
});

test('a node is not silent because the API server was: nobody could renew meanwhile', async (t) => {
  const lease = (renewTime: string) => list({ metadata: { name: 'n' }, spec: { renewTime } });
  const answers: Answers = { [nodes]: list(node('True')), [leases]: lease('one') };
  const { say, at, clock } = looker(answers);
  const troubles = async () => {
    const looked = await at([]);
    return looked.ok ? looked.nodes.map(({ code }) => code) : looked.code;
  };
  t.deepEqual(await troubles(), []);
  await clock.advance(30_000);
  t.deepEqual(await say([web]), ['NotFound'], 'answered');
  answers[deployments] = no('CLUSTER_UNREACHABLE', null);
  t.deepEqual(await say([web]), ['CLUSTER_UNREACHABLE']);
  await clock.advance(11_000);
  t.deepEqual(await troubles(), [], 'a short time away');
  await clock.advance(60_000);
  t.deepEqual(await troubles(), [], 'long not looked');
  for (let round = 0; round < 4; round += 1) {
    t.deepEqual(await troubles(), []);
    await clock.advance(10_000);
  }
  t.deepEqual(await troubles(), ['NodeSilent'], 'silent while we listened');
  t.deepEqual(await say([web]), ['CLUSTER_UNREACHABLE']);
  t.deepEqual(await troubles(), ['NodeSilent'], 'and still');
});

test('of a release without a status to read, the nodes tell whether the cluster answers', async (t) => {
  const settings = thing('ConfigMap lab/settings');
  const observed = seen([[settings.id, liveOf(settings)]]);
  for (const path of [nodes, leases]) {
    const away = { [nodes]: list(node('True')), [path]: no('CLUSTER_UNREACHABLE', null) };
    t.deepEqual(await looker(away).say([settings], { observed }), ['CLUSTER_UNREACHABLE']);
    const forbidden = { ...away, [path]: no('CLUSTER_FORBIDDEN', 403) };
    t.deepEqual(await looker(forbidden).say([settings], { observed }), ['current']);
  }
});

test('whoever writes first statuses has a minute for it, from when all the rest is current', async (t) => {
  const study = {
    ...thing('Job lab/one'),
    group: 'tre.example',
    kind: 'Study',
    id: 'tre.example/Study/lab/one',
  };
  const answers: Answers = {
    [deployments]: list(deployment()),
    [podsOfLab]: list(),
    [setsOfLab]: list(),
    '/apis/tre.example/v1/studies?limit=100': list(meta('one')),
  };
  const { say, at, clock, known, asked } = looker(answers);
  const objects = [web, study];
  await clock.advance(3_600_000);
  t.deepEqual(await say(objects), ['LessReplicas', 'NotYetObserved']);
  answers[deployments] = list(deployment(goodStatus));
  t.deepEqual(await say(objects), ['current', 'NotYetObserved']);
  const looked = await at(objects);
  t.is(looked.ok ? looked.untilMs : null, clock.now() + 60_000);
  await clock.advance(59_000);
  t.deepEqual(await say(objects), ['current', 'NotYetObserved']);
  await clock.advance(1_000);
  asked.length = 0;
  t.deepEqual(await say(objects), ['current', 'current']);
  t.false(asked.includes(podsOfLab));
  answers[deployments] = list(deployment());
  t.deepEqual(await say(objects), ['LessReplicas', 'NotYetObserved']);
  known.add(study.id);
  t.deepEqual(await say(objects), ['LessReplicas', 'current'], 'it was current before');
});
