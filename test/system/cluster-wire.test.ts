// What really goes over the wire, seen by a TLS proxy between agent and API server: the release's bytes and nothing
// else; and what happens when the API server answers with every kind of trouble.
import test, { type ExecutionContext } from 'ava';
import { accessOf, type ClusterSite, clusterSite, type Manifest } from '../support/cluster-site.ts';
import { faults, inject } from '../support/fault-proxy.ts';
import { sharedKubernetes } from '../support/kubernetes.ts';
import { type Interference, type RecordingProxy, recordingProxy } from '../support/recording-proxy.ts';
import { scratch } from '../support/scratch.ts';

const kubernetes = sharedKubernetes({ agentGroups: ['tre.example'] });

async function proxied(
  t: ExecutionContext,
): Promise<{ readonly core: ClusterSite; readonly proxy: RecordingProxy }> {
  const proxy = await recordingProxy(await accessOf(kubernetes().agentKubeconfig));
  const core = await clusterSite({ folder: scratch(t), access: proxy.access });
  t.teardown(async () => {
    await core[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });
  return { core, proxy };
}

const namespace = (name: string): Manifest => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const settings = (home: string, name = 'settings', data: Record<string, string> = { a: '1' }): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: home },
  data,
});

const sample = (kind: string, apiVersion: string, name: string, rest: object): Manifest => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'wire' },
  ...rest,
});
const definition: Manifest = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'counters.tre.example' },
  spec: {
    group: 'tre.example',
    names: { kind: 'Counter', plural: 'counters', singular: 'counter', listKind: 'CounterList' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  ports: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['port'],
                    items: { type: 'object', required: ['port'], properties: { port: { type: 'integer' } } },
                  },
                  mode: { type: 'string', default: 'open', enum: ['open', 'closed'] },
                  anything: { 'x-kubernetes-int-or-string': true },
                  most: { type: 'integer', format: 'int64' },
                  least: { type: 'integer', format: 'int64' },
                  rest: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                },
                'x-kubernetes-validations': [{ rule: 'self.mode != "closed" || true' }],
              },
            },
          },
        },
      },
    ],
  },
};
/** Each of them was seen to lose something in a client that re-writes objects through generated models. */
const delicate: readonly Manifest[] = [
  namespace('wire'),
  definition,
  sample('NetworkPolicy', 'networking.k8s.io/v1', 'from', {
    spec: {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'portal' } } }] }],
    },
  }),
  sample('LimitRange', 'v1', 'limits', {
    spec: { limits: [{ type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '100m' } }] },
  }),
  sample('Role', 'rbac.authorization.k8s.io/v1', 'MyTeam:Admin', {
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  }),
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'tre:Wire:Reader' },
    rules: [],
  },
  sample('Counter', 'tre.example/v1', 'numbers', {
    spec: {
      most: 9223372036854775807n,
      least: -9223372036854775808n,
      anything: '80',
      rest: { beyond: 9007199254740993n, half: 0.5 },
      ports: [{ port: 80 }],
    },
  }),
  sample('ConfigMap', 'v1', 'texts', {
    data: {
      'multi.txt': 'a\n\tb\r\n "quoted" \\ ${X} $(Y)\n',
      unicode: 'Ærø 東京 🏥',
      space: '  ',
      yaml: 'yes: no\n- 012',
    },
  }),
];

test.serial('what is sent is byte for byte the object of the release', async (t) => {
  const { core, proxy } = await proxied(t);
  core.want(delicate);
  t.true((await core.settle()).plan.applied);
  const sent = new Map(
    proxy.requests
      .filter(({ method }) => method === 'PATCH')
      .map(({ path, body }) => [path.replace(/\?.*/, ''), body]),
  );
  t.is(sent.size, delicate.length);
  for (const object of delicate) {
    const expected = Buffer.from(core.bytesOf(object));
    t.true(
      [...sent.values()].some((body) => body.equals(expected)),
      `${object.kind} ${object.metadata.name}`,
    );
  }
  t.true(sent.has('/apis/rbac.authorization.k8s.io/v1/namespaces/wire/roles/MyTeam%3AAdmin'));
  const mutating = proxy.requests.filter(({ method }) => method !== 'GET');
  t.is(mutating.length, delicate.length);
});

test.serial('and what is stored means the same', async (t) => {
  const { core } = await proxied(t);
  core.want(delicate.map((object) => ({ ...object, metadata: { ...object.metadata } })));
  const { body } = await core.api
    .request(
      { method: 'GET', path: '/apis/tre.example/v1/namespaces/wire/counters/numbers' },
      new AbortController().signal,
    )
    .then((answer) => (answer.ok ? answer : t.fail()));
  const text = Buffer.from(body).toString();
  for (const number of [
    '"most":9223372036854775807',
    '"least":-9223372036854775808',
    '"beyond":9007199254740993',
    '"half":0.5',
    '"anything":"80"',
  ])
    t.true(text.includes(number), number);
  const texts = await kubernetes().admin.request({ path: '/api/v1/namespaces/wire/configmaps/texts' });
  t.deepEqual((texts.body as { data: unknown }).data, delicate.at(-1)?.['data']);
});

test.serial('characters that a YAML reader would eat arrive', async (t) => {
  const { core } = await proxied(t);
  const eaten = settings('default', 'separators', {
    x: 'a\u2028b\u2029c\u0085d\ufeffe\u007ff\u0000g\u001bh\u009fi\uffffj',
  });
  core.want([eaten]);
  t.true((await core.settle()).plan.applied);
  const { body } = await kubernetes().admin.request({
    path: '/api/v1/namespaces/default/configmaps/separators',
  });
  t.deepEqual((body as { data: unknown }).data, eaten['data']);
});

test.serial(
  'looking at a settled cluster sends nothing that changes it, and one request per kind',
  async (t) => {
    const { core, proxy } = await proxied(t);
    core.want([namespace('quiet'), settings('quiet'), settings('quiet', 'more')]);
    await core.settle();
    const before = proxy.requests.length;
    await core.run();
    const asked = proxy.requests.slice(before).map(({ method, path }) => `${method} ${path}`);
    t.deepEqual(asked.toSorted(), [
      'GET /api',
      'GET /api/v1/configmaps?limit=500',
      'GET /api/v1/namespaces/kube-system',
      'GET /api/v1/namespaces?limit=500',
      'GET /apis',
      'GET /version',
    ]);
  },
);

const troubles = test.macro({
  async exec(t, home: string, fault: Interference, expected: string) {
    const { core, proxy } = await proxied(t);
    core.want([namespace(home), settings(home)]);
    await core.settle();
    core.want([namespace(home), settings(home, 'settings', { a: '2' })]);
    const heal = inject(proxy, fault);
    const broken = await core.run();
    t.deepEqual(
      broken.plan.conditions.map(({ code }) => code),
      [expected],
    );
    t.deepEqual([broken.plan.applied, broken.results.length], [false, 0]);
    t.true(broken.nextLookMs > 0 && broken.nextLookMs <= 10_000);
    heal();
    t.true((await core.settle()).plan.applied);
  },
  title: (title = '') => `trouble while looking: ${title}`,
});
test.serial('401', troubles, 'look-401', faults.unauthenticated, 'ClusterUnauthenticated');
test.serial('403', troubles, 'look-403', faults.forbidden, 'ClusterForbidden');
test.serial('429', troubles, 'look-429', faults.busy, 'ClusterBusy');
test.serial('500', troubles, 'look-500', faults.failing, 'ClusterFailing');
test.serial('500 in plain text', troubles, 'look-text', faults.failingInText, 'ClusterFailing');
test.serial('503', troubles, 'look-503', faults.unavailable, 'ClusterFailing');

const doing = test.macro({
  async exec(t, home: string, fault: Interference, expected: RegExp) {
    const { core, proxy } = await proxied(t);
    await kubernetes().admin.request({ method: 'POST', path: '/api/v1/namespaces', body: namespace(home) });
    core.want([settings(home), settings(home, 'more')]);
    const heal = inject(proxy, fault, ({ method }) => method === 'PATCH');
    const broken = await core.run();
    t.regex(broken.plan.conditions.map(({ code }) => code).join(' '), expected);
    t.false(broken.plan.applied);
    heal();
    const healed = await core.settle();
    t.true(healed.plan.applied);
    const uids = [...core.store.inventory.inventory().values()].map(({ uid }) => uid);
    t.is(new Set(uids).size, 2);
    t.false(uids.includes(null));
  },
  title: (title = '') => `trouble while applying: ${title}`,
});
test.serial('401 on a write', doing, 'do-401', faults.unauthenticated, /^ClusterUnauthenticated$/);
test.serial('403 on a write', doing, 'do-403', faults.forbidden, /^ClusterForbidden$/);
test.serial('429 on a write', doing, 'do-429', faults.busy, /^ClusterBusy$/);
test.serial('500 on a write', doing, 'do-500', faults.failing, /^ClusterFailing$/);
test.serial('a connection cut after the server has acted', doing, 'do-cut', 'cut', /^ClusterUnreachable$/);

test.serial(
  'a busy cluster is left in peace for as long as it asked, however often somebody asks',
  async (t) => {
    const { core, proxy } = await proxied(t);
    core.want([namespace('busy')]);
    inject(proxy, faults.busy);
    await core.run();
    const before = proxy.requests.length;
    const run = await core.run();
    t.is(proxy.requests.length, before);
    t.deepEqual(
      run.plan.conditions.map(({ code }) => code),
      ['ClusterBusy'],
    );
    t.true(run.nextLookMs > 0 && run.nextLookMs <= 1_000);
  },
);

test.serial('nobody there: unreachable, and back again', async (t) => {
  const { core } = await proxied(t);
  core.want([namespace('outage'), settings('outage')]);
  await core.settle();
  await kubernetes().apiServer.kill();
  const away = await core.run();
  t.deepEqual(
    away.plan.conditions.map(({ code }) => code),
    ['ClusterUnreachable'],
  );
  await kubernetes().apiServer.start(new AbortController().signal);
});
