// One look at a scripted API server: pages, what may not be listed, what is not served, and that half a look is none.
import test from 'ava';
import type { ApiAnswer, ApiErrorCode, ApiRequest } from '../../../agent/cluster/api.ts';
import { createDiscovery } from '../../../agent/cluster/discovery.ts';
import { createObserver } from '../../../agent/observe/cluster.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { memoryInventory } from '../../support/memory-inventory.ts';
import { thing, wanted } from '../../support/planner-world.ts';

const ok = (value: unknown, contentType = 'application/json'): ApiAnswer => ({
  ok: true,
  status: 200,
  contentType,
  etag: null,
  body: new TextEncoder().encode(JSON.stringify(value)),
});
const no = (code: ApiErrorCode, status: number): ApiAnswer => ({
  ok: false,
  status,
  code,
  detail: '',
  retryAfterMs: null,
});
const item = (name: string, namespace?: string, more: object = {}) => ({
  metadata: {
    name,
    uid: `uid-${name}`,
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...(namespace && { namespace }),
    ...more,
  },
});
const list = (items: readonly object[], next = ''): ApiAnswer => ok({ metadata: { continue: next }, items });

const verbs = ['list'];
const resource = (kind: string, plural: string, scope = 'Namespaced'): object => ({
  resource: plural,
  responseKind: { kind },
  scope,
  verbs,
});
const core = [
  resource('Namespace', 'namespaces', 'Cluster'),
  resource('ConfigMap', 'configmaps'),
  resource('Secret', 'secrets'),
];
const group = (name: string, ...resources: object[]): object => ({
  metadata: { name },
  versions: [{ version: 'v1', resources }],
});
const v2 = 'as=APIGroupDiscoveryList';
const groups = [
  group('batch', resource('Job', 'jobs')),
  group('apiextensions.k8s.io', resource('CustomResourceDefinition', 'customresourcedefinitions', 'Cluster')),
  group('tre.example', resource('Project', 'projects')),
];
const base: Readonly<Record<string, ApiAnswer>> = {
  '/api/v1/namespaces/kube-system': ok(item('kube-system')),
  '/version': ok({ gitVersion: 'v1.36.3' }),
  '/api': ok({ items: [{ versions: [{ version: 'v1', resources: core }] }] }, v2),
  '/apis': ok({ items: groups }, v2),
  '/api/v1/namespaces?limit=500': list([item('lab'), item('other')]),
  '/api/v1/configmaps?limit=500': list([item('settings', 'lab'), item('somebodys', 'lab')]),
};

function observer(answers: Readonly<Record<string, ApiAnswer | ((count: number) => ApiAnswer)>>) {
  const asked: string[] = [];
  const api = {
    request: async ({ path }: ApiRequest) => {
      asked.push(path);
      const answer = answers[path] ?? base[path] ?? no('NOT_FOUND', 404);
      return typeof answer === 'function' ? answer(asked.filter((one) => one === path).length) : answer;
    },
  };
  const clock = manualClock();
  const { observe } = createObserver({
    api,
    discovery: createDiscovery(api),
    store: memoryInventory(),
    clock,
  });
  return {
    asked,
    clock,
    look: (...things: ReturnType<typeof thing>[]) => observe(wanted(things), new AbortController().signal),
  };
}
const settings = thing('ConfigMap lab/settings');

test('sees the cluster, all namespaces, and of other kinds only what is asked for', async (t) => {
  const observed = await observer({}).look(settings);
  t.deepEqual(observed.cluster, { ok: true, uid: 'uid-kube-system', version: 'v1.36.3' });
  t.deepEqual([...observed.live.keys()].toSorted(), [
    '/ConfigMap/lab/settings',
    '/Namespace//lab',
    '/Namespace//other',
  ]);
  t.deepEqual([...observed.served], [['/v1/ConfigMap', 'Namespaced']]);
});

test('reads page by page', async (t) => {
  const { look } = observer({
    '/api/v1/configmaps?limit=500': list([item('settings', 'lab')], 'p2'),
    '/api/v1/configmaps?limit=500&continue=p2': list([item('more', 'lab')]),
  });
  const { live } = await look(settings, thing('ConfigMap lab/more'));
  t.true(live.has('/ConfigMap/lab/settings') && live.has('/ConfigMap/lab/more'));
});

test('a page that has expired begins the list again, a few times', async (t) => {
  const expired = no('OBJECT_CONFLICT', 410);
  const once = observer({
    '/api/v1/configmaps?limit=500': (count) => list(count === 1 ? [item('settings', 'lab')] : [], 'p2'),
    '/api/v1/configmaps?limit=500&continue=p2': (count) => (count === 1 ? expired : list([])),
  });
  t.false((await once.look(settings)).live.has(settings.id), 'what the first try saw is gone since');
  const always = observer({
    '/api/v1/configmaps?limit=500': list([], 'p2'),
    '/api/v1/configmaps?limit=500&continue=p2': expired,
  });
  t.like((await always.look(settings)).cluster, { ok: false, code: 'CLUSTER_FAILING' });
});

test('secrets are read one by one and never listed', async (t) => {
  const { asked, look } = observer({ '/api/v1/namespaces/lab/secrets/key': ok(item('key', 'lab')) });
  const { live } = await look(thing('Secret lab/key'), thing('Secret lab/none'));
  t.true(live.has('/Secret/lab/key'));
  t.false(live.has('/Secret/lab/none'));
  t.false(asked.some((path) => path.startsWith('/api/v1/secrets')));
});

test('a kind that may not be listed is named, the rest is seen', async (t) => {
  const observed = await observer({ '/apis/batch/v1/jobs?limit=500': no('CLUSTER_FORBIDDEN', 403) }).look(
    settings,
    thing('Job lab/setup'),
  );
  t.deepEqual([...observed.forbidden], ['batch/Job']);
  t.true(observed.live.has(settings.id));
});

test('a kind that vanished since discovery is not served', async (t) => {
  const observed = await observer({ '/apis/batch/v1/jobs?limit=500': no('NOT_FOUND', 404) }).look(
    thing('Job lab/setup'),
  );
  t.deepEqual([...observed.served.keys()], []);
  t.true(observed.cluster.ok);
});

const half: readonly (readonly [string, Readonly<Record<string, ApiAnswer>>, string, number])[] = [
  [
    'the first question',
    { '/api/v1/namespaces/kube-system': no('CLUSTER_UNAUTHENTICATED', 401) },
    'CLUSTER_UNAUTHENTICATED',
    1,
  ],
  ['one list', { '/api/v1/configmaps?limit=500': no('CLUSTER_BUSY', 429) }, 'CLUSTER_BUSY', 6],
  ['discovery', { '/apis': no('CLUSTER_FAILING', 500) }, 'CLUSTER_FAILING', 4],
  [
    'the namespaces',
    { '/api/v1/namespaces?limit=500': no('CLUSTER_FORBIDDEN', 403) },
    'CLUSTER_FORBIDDEN',
    6,
  ],
  ['what every cluster has', { '/version': no('NOT_FOUND', 404) }, 'CLUSTER_FAILING', 4],
];
for (const [name, answers, code, requests] of half)
  test(`half a look is none: ${name}`, async (t) => {
    const { asked, look } = observer(answers);
    const observed = await look(settings);
    t.like(observed.cluster, { ok: false, code });
    t.is(observed.live.size, 0);
    t.is(asked.length, requests);
  });

test('a group that nobody answers for is not served, and the rest is seen', async (t) => {
  const unsure = { metadata: { name: 'tre.example' }, versions: [{ version: 'v1', freshness: 'Stale' }] };
  const { asked, look } = observer({ '/apis': ok({ items: [...groups, unsure] }, v2) });
  const observed = await look(settings, thing('Project lab/alpha'));
  t.true(observed.cluster.ok);
  t.deepEqual([...observed.served.keys()], ['/v1/ConfigMap']);
  t.true(observed.live.has(settings.id));
  t.false(asked.some((path) => path.includes('projects')));
});

test('when nobody answers for the core group, half a look is none', async (t) => {
  const unsure = { versions: [{ version: 'v1', freshness: 'Stale', resources: core }] };
  const observed = await observer({ '/api': ok({ items: [unsure] }, v2) }).look(settings);
  t.like(observed.cluster, { ok: false, code: 'CLUSTER_FAILING' });
});

test('a kind that is served at another version than the object names is known to be served there', async (t) => {
  const observed = await observer({ '/apis/batch/v1/jobs?limit=500': list([]) }).look(
    thing('Job lab/setup', { version: 'v1beta1' }),
  );
  t.deepEqual([...observed.served.keys()], ['batch/v1/Job']);
});

test('the kinds of a wanted definition are served once it is established, which is asked until it is', async (t) => {
  const definition = thing('CustomResourceDefinition projects.tre.example');
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/projects.tre.example';
  const state = (established: string): ApiAnswer =>
    ok({
      ...item('projects.tre.example'),
      status: { conditions: [{ type: 'Established', status: established }] },
    });
  const { asked, look } = observer({
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?limit=500': list([item('projects.tre.example')]),
    '/apis/tre.example/v1/projects?limit=500': list([]),
    [path]: (count) => state(count === 1 ? 'False' : 'True'),
  });
  const served = async (): Promise<boolean> =>
    (await look(definition, thing('Project lab/alpha'))).served.has('tre.example/v1/Project');
  t.deepEqual([await served(), await served(), await served()], [false, true, true]);
  t.is(asked.filter((one) => one === path).length, 2);
});

const finished = (time: string): object => ({
  managedFields: [
    {
      manager: 'kube-controller-manager',
      subresource: 'status',
      time,
      fieldsV1: { 'f:status': { 'f:conditions': { 'k:{"type":"Complete"}': {} } } },
    },
  ],
});

test('a Job has ended no earlier than it was last seen unfinished, whatever the clock of the cluster says', async (t) => {
  const job = thing('Job lab/setup');
  const { clock, look } = observer({
    '/apis/batch/v1/jobs?limit=500': (count) =>
      list(count > 2 ? [] : [item('setup', 'lab', count === 2 ? finished('2026-01-01T00:59:00Z') : {})]),
  });
  const lastSeen = clock.now();
  for (const _look of ['unfinished', 'finished', 'gone']) {
    t.is((await look(job)).jobEndedAfter.get(job.id), lastSeen);
    await clock.advance(60_000);
  }
});

test('a Job that had finished when it was first seen ended when the cluster says, but not in our future', async (t) => {
  const job = thing('Job lab/setup');
  const endedAfter = async (time: string): Promise<number | undefined> => {
    const { look } = observer({
      '/apis/batch/v1/jobs?limit=500': list([item('setup', 'lab', finished(time))]),
    });
    return (await look(job)).jobEndedAfter.get(job.id);
  };
  t.is(await endedAfter('2025-12-31T23:00:00Z'), Date.parse('2025-12-31T23:00:00Z'));
  t.is(await endedAfter('2026-01-01T00:59:00Z'), Date.parse('2026-01-01T00:00:00Z'));
});
