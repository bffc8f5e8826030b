// The reconcile core on a real API server: who owns what, drift, Jobs, pruning. Each test has a namespace of its own.
import test, { type ExecutionContext } from 'ava';
import type { ApiAnswer, ApiRequest, ClusterApi } from '../../agent/cluster/api.ts';
import type { Run } from '../../agent/reconcile.ts';
import { accessOf, type ClusterSite, clusterSite, type Manifest } from '../support/cluster-site.ts';
import { sharedKubernetes } from '../support/kubernetes.ts';
import { scratch } from '../support/scratch.ts';

const kubernetes = sharedKubernetes({ node: 'simulated', agentGroups: ['tre.example', 'cilium.example'] });

async function site(t: ExecutionContext, around?: (api: ClusterApi) => ClusterApi): Promise<ClusterSite> {
  const access = await accessOf(kubernetes().agentKubeconfig);
  const opened = await clusterSite({ folder: scratch(t), access, ...(around && { around }) });
  t.teardown(() => opened[Symbol.asyncDispose]());
  return opened;
}

const namespace = (name: string): Manifest => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const settings = (home: string, data: Record<string, string>, name = 'settings'): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: home },
  data,
});
const settingsPath = (home: string): string => `/api/v1/namespaces/${home}/configmaps/settings`;

interface Live {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly managedFields?: readonly { readonly manager: string }[];
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

async function live(path: string): Promise<Live | undefined> {
  const { status, body } = await kubernetes().admin.request({ path });
  return status === 200 ? (body as Live) : undefined;
}

test.serial(
  'a namespace without fields and what lies in it are applied, and a second look changes nothing',
  async (t) => {
    const core = await site(t);
    core.want([settings('first', { a: '1' }), namespace('first')]);
    const run = await core.settle();
    t.true(run.plan.applied);
    t.is(run.plan.appliedCount, 2);
    const before = await live(settingsPath('first'));
    t.deepEqual(before?.data, { a: '1' });
    const again = await core.run();
    t.deepEqual([again.plan.applied, again.results.length], [true, 0]);
    t.is((await live(settingsPath('first')))?.metadata.resourceVersion, before?.metadata.resourceVersion);
  },
);

/** What the runs of a site say, shortly. */
function summary({ plan, results }: Run): string {
  const done = results.map((result) => {
    const { step } = result;
    const what = step.kind === 'apply' ? step.reason : step.kind;
    return `${what}${result.ok ? '' : ` ${result.code}`}`;
  });
  return [...done, ...plan.conditions.map(({ code, count }) => `${code} ${count}`)].join(', ');
}

const admin = (method: 'POST' | 'PUT' | 'DELETE' | 'PATCH', path: string, body?: unknown) =>
  kubernetes().admin.request({ method, path, ...(body !== undefined && { body }) });

async function home(t: ExecutionContext, name: string): Promise<void> {
  const { status } = await admin('POST', '/api/v1/namespaces', namespace(name));
  t.is(status, 201);
}

async function eventually(check: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 150; tries += 1) {
    if (await check()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

test.serial('a hand edit under another manager is repaired, what others added stays', async (t) => {
  const core = await site(t);
  await home(t, 'drift');
  core.want([settings('drift', { a: '1' })]);
  await core.settle();
  const before = await live(settingsPath('drift'));
  const edited = { ...before, data: { a: 'edited', b: 'added' } };
  t.is((await admin('PUT', `${settingsPath('drift')}?fieldManager=hand`, edited)).status, 200);
  const run = await core.run();
  t.is(summary(run), 'repair');
  t.deepEqual((await live(settingsPath('drift')))?.data, { a: '1', b: 'added' });
  t.is(summary(await core.run()), '');
});

test.serial('an object deleted by hand comes back', async (t) => {
  const core = await site(t);
  await home(t, 'deleted');
  core.want([settings('deleted', { a: '1' })]);
  await core.settle();
  await admin('DELETE', settingsPath('deleted'));
  t.is(summary(await core.run()), 'repair');
  t.deepEqual((await live(settingsPath('deleted')))?.data, { a: '1' });
});

test.serial('an object whose ownership was wiped is repaired', async (t) => {
  const core = await site(t);
  await home(t, 'wiped');
  core.want([settings('wiped', { a: '1' })]);
  await core.settle();
  const before = await live(settingsPath('wiped'));
  await admin('PUT', settingsPath('wiped'), {
    ...before,
    metadata: { ...before?.metadata, managedFields: [{}] },
  });
  t.is(summary(await core.run()), 'repair');
  t.is(summary(await core.run()), '');
});

const strangers = test.macro({
  async exec(t, name: string, make: (path: string, object: Manifest) => Promise<{ status: number }>) {
    const core = await site(t);
    await home(t, name);
    const object = settings(name, { a: '1' });
    t.is((await make(settingsPath(name), object)).status, 201);
    const before = await live(settingsPath(name));
    core.want([object]);
    t.is(summary(await core.run()), 'intend, ObjectNotOurs 1');
    t.is(summary(await core.run()), 'ObjectNotOurs 1');
    t.deepEqual(await live(settingsPath(name)), before);

    core.want([]);
    t.is(summary(await core.run()), 'forget');
    t.deepEqual(await live(settingsPath(name)), before);

    core.want([object]);
    await core.run();
    await admin('DELETE', settingsPath(name));
    t.is(summary(await core.run()), 'create');
  },
  title: (title = '') => `not ours, left alone, taken when it is gone: ${title}`,
});
const collection = (path: string): string => path.slice(0, path.lastIndexOf('/'));
test.serial('created by somebody with the same values', strangers, 'same-values', (path, object) =>
  admin('POST', collection(path), object),
);
test.serial('created by somebody with other values', strangers, 'other-values', (path, object) =>
  admin('POST', collection(path), { ...object, data: { a: 'theirs' } }),
);
test.serial('applied by another manager with the same values', strangers, 'same-applied', (path, object) =>
  admin('PATCH', `${path}?fieldManager=other`, object),
);
test.serial('created empty by somebody', strangers, 'empty', (path, object) =>
  admin('POST', collection(path), { ...object, data: {} }),
);

/** Lets a test act between the agent and the cluster, once, at the first request that `when` picks. */
function once(
  when: (request: ApiRequest) => boolean,
  act: (send: () => Promise<ApiAnswer>) => Promise<ApiAnswer>,
) {
  let used = false;
  return (api: ClusterApi): ClusterApi => ({
    request: (request, signal) => {
      const send = (): Promise<ApiAnswer> => api.request(request, signal);
      if (used || !when(request)) return send();
      used = true;
      return act(send);
    },
  });
}
const unreachable: ApiAnswer = {
  ok: false,
  status: null,
  code: 'CLUSTER_UNREACHABLE',
  detail: 'cut',
  retryAfterMs: null,
};
const isApply = ({ method, path }: ApiRequest): boolean =>
  method === 'PATCH' && path.includes('/configmaps/');

test.serial('an object that somebody makes between look and create is given back untouched', async (t) => {
  await home(t, 'race');
  const theirs = { ...settings('race', { a: '1', b: 'theirs' }) };
  const core = await site(
    t,
    once(isApply, async (send) => {
      await admin('POST', '/api/v1/namespaces/race/configmaps', theirs);
      return send();
    }),
  );
  core.want([settings('race', { a: '1', c: 'ours' })]);
  t.is(summary(await core.run()), 'intend, create OBJECT_NOT_OURS, intend, ObjectNotOurs 1');
  const after = await live(settingsPath('race'));
  t.deepEqual(after?.data, { a: '1', b: 'theirs' });
  t.false(after?.metadata.managedFields?.some(({ manager }) => manager === 'tre-agent'));
});

test.serial('a create whose answer was lost is resumed', async (t) => {
  await home(t, 'lost');
  const core = await site(
    t,
    once(isApply, async (send) => {
      await send();
      return unreachable;
    }),
  );
  core.want([settings('lost', { a: '1' })]);
  t.is(summary(await core.run()), 'intend, create CLUSTER_UNREACHABLE, ClusterUnreachable 0');
  t.is(summary(await core.run()), 'resume');
  t.is(
    core.store.inventory.inventory().get('/ConfigMap/lost/settings')?.uid,
    (await live(settingsPath('lost')))?.metadata.uid,
  );
});

test.serial('a lost create of a bare object is resumed too', async (t) => {
  const core = await site(
    t,
    once(
      ({ method }) => method === 'PATCH',
      async (send) => {
        await send();
        return unreachable;
      },
    ),
  );
  core.want([namespace('bare')]);
  await core.run();
  t.is(summary(await core.run()), 'resume');
  t.is(summary(await core.run()), '');
});

test.serial('a refused object is named and does not stop the others', async (t) => {
  const core = await site(t);
  await home(t, 'refused');
  const unknownField = { ...settings('refused', { a: '1' }, 'unknown'), spec: { nonsense: true } };
  const invalid = { ...settings('refused', { a: '1' }, 'invalid'), data: { 'not a key!': '1' } };
  core.want([unknownField, invalid, settings('refused', { a: '1' })]);
  const run = await core.run();
  t.regex(summary(run), /ObjectRefused 2$/);
  const codes = run.results.flatMap((result) => (result.ok ? [] : result.code));
  t.deepEqual(codes, ['OBJECT_REFUSED', 'OBJECT_REFUSED']);
  t.deepEqual((await live(settingsPath('refused')))?.data, { a: '1' });
});

test.serial('an object moves to another version of its API', async (t) => {
  const core = await site(t);
  await home(t, 'versions');
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'portal' };
  const scaler = (version: string): Manifest => ({
    apiVersion: `autoscaling/${version}`,
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'portal', namespace: 'versions' },
    spec: { maxReplicas: 3, minReplicas: 2, scaleTargetRef: target },
  });
  core.want([scaler('v1')]);
  await core.settle();
  const before = await live('/apis/autoscaling/v2/namespaces/versions/horizontalpodautoscalers/portal');
  core.want([scaler('v2')]);
  t.is(summary(await core.run()), 'intend, update');
  const after = await live('/apis/autoscaling/v2/namespaces/versions/horizontalpodautoscalers/portal');
  t.is(after?.metadata.uid, before?.metadata.uid);
  t.is(summary(await core.run()), '');
  core.want([]);
  t.is(summary(await core.settle()), 'delete, forget');
  t.is(await live('/apis/autoscaling/v2/namespaces/versions/horizontalpodautoscalers/portal'), undefined);
});

test.serial('a namespace deleted by hand comes back with what was in it', async (t) => {
  const core = await site(t);
  const secret: Manifest = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'key', namespace: 'gone' },
    data: { k: 'djE=' },
  };
  core.want([namespace('gone'), settings('gone', { a: '1' }), secret]);
  await core.settle();
  await admin('DELETE', '/api/v1/namespaces/gone');
  t.true(
    await eventually(
      async () => (await core.run()).plan.applied && (await live(settingsPath('gone'))) !== undefined,
    ),
  );
  t.not(await live('/api/v1/namespaces/gone/secrets/key'), undefined);
});

const volume = (home_: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data', namespace: home_ },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
});

test.serial(
  'what is no longer wanted goes, what may hold data is kept, taken up again, and deleted when allowed',
  async (t) => {
    const core = await site(t);
    const volumePath = '/api/v1/namespaces/pruned/persistentvolumeclaims/data';
    core.want([namespace('pruned'), settings('pruned', { a: '1' }), volume('pruned')]);
    await core.settle();
    const claim = await live(volumePath);

    core.want([namespace('pruned')]);
    const pruned = await core.settle();
    t.deepEqual(pruned.plan.conditions, [{ code: 'ObjectKept', count: 1 }]);
    t.is(await live(settingsPath('pruned')), undefined);
    t.is((await live(volumePath))?.metadata.uid, claim?.metadata.uid);

    core.want([namespace('pruned'), volume('pruned')]);
    t.is(summary(await core.settle()), 'intend');
    t.is((await live(volumePath))?.metadata.resourceVersion, claim?.metadata.resourceVersion);

    core.want([namespace('pruned')], {
      prune: [{ group: '', kind: 'PersistentVolumeClaim', namespace: 'pruned', name: 'data' }],
    });
    t.true((await core.settle()).plan.applied);
    t.is(await live(volumePath), undefined);
    t.is(core.store.inventory.inventory().size, 1);
  },
);
