// Which kinds are served, from both forms of discovery, and what is not certain is said so.
import test from 'ava';
import type { ApiAnswer, ApiRequest } from '../../../agent/cluster/api.ts';
import { createDiscovery, findKind } from '../../../agent/cluster/discovery.ts';

const signal = new AbortController().signal;
const json = (value: unknown, contentType = 'application/json', etag: string | null = null): ApiAnswer => ({
  ok: true,
  status: 200,
  contentType,
  etag,
  body: new TextEncoder().encode(JSON.stringify(value)),
});
const missing: ApiAnswer = {
  ok: false,
  status: 503,
  code: 'CLUSTER_FAILING',
  detail: '',
  retryAfterMs: null,
};
const verbs = ['get', 'list', 'patch'];
const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const resource = (kind: string, plural: string, scope: string, more: object = {}) => ({
  resource: plural,
  responseKind: { group: '', version: '', kind },
  scope,
  verbs,
  ...more,
});

test('aggregated: kinds with plural and scope, and nothing is read again while nothing changes', async (t) => {
  const asked: ApiRequest[] = [];
  const core = {
    items: [
      {
        versions: [
          {
            version: 'v1',
            resources: [
              resource('Pod', 'pods', 'Namespaced'),
              resource('Binding', 'bindings', 'Namespaced', { verbs: ['create'] }),
            ],
          },
        ],
      },
    ],
  };
  const groups = {
    items: [
      {
        metadata: { name: 'tre.example' },
        versions: [{ version: 'v1', resources: [resource('Study', 'studies', 'Cluster')] }],
      },
      { metadata: { name: 'metrics.example' }, versions: [{ version: 'v1', freshness: 'Stale' }] },
    ],
  };
  const discovery = createDiscovery({
    request: async (request) => {
      asked.push(request);
      if (request.etag !== undefined)
        return { ok: true, status: 304, contentType: '', etag: request.etag, body: new Uint8Array() };
      return json(request.path === '/api' ? core : groups, v2, `"${request.path}"`);
    },
  });
  t.is(await discovery.read(signal), null);
  t.deepEqual([...discovery.kinds.keys()], ['/v1/Pod', 'tre.example/v1/Study']);
  t.like(discovery.kinds.get('tre.example/v1/Study'), { plural: 'studies', namespaced: false });
  t.deepEqual([...discovery.uncertainGroups], ['metrics.example']);
  const { kinds } = discovery;
  t.is(await discovery.read(signal), null);
  t.is(discovery.kinds, kinds);
  t.deepEqual(
    asked.map(({ path, etag }) => [path, etag]),
    [
      ['/api', undefined],
      ['/apis', undefined],
      ['/api', '"/api"'],
      ['/apis', '"/apis"'],
    ],
  );
});

test('older servers: group by group, and a group that does not answer is uncertain', async (t) => {
  const answers: Record<string, ApiAnswer> = {
    '/api': json({ versions: ['v1'] }),
    '/apis': json({
      groups: [
        { name: 'apps', versions: [{ version: 'v1' }] },
        { name: 'metrics.example', versions: [{ version: 'v1' }] },
      ],
    }),
    '/api/v1': json({
      resources: [
        { name: 'pods', kind: 'Pod', namespaced: true, verbs },
        { name: 'pods/log', kind: 'Pod', namespaced: true, verbs },
      ],
    }),
    '/apis/apps/v1': json({
      resources: [{ name: 'deployments', kind: 'Deployment', namespaced: true, verbs }],
    }),
  };
  const discovery = createDiscovery({ request: async ({ path }) => answers[path] ?? missing });
  t.is(await discovery.read(signal), null);
  t.deepEqual([...discovery.kinds.keys()], ['/v1/Pod', 'apps/v1/Deployment']);
  t.deepEqual([...discovery.uncertainGroups], ['metrics.example']);
});

test('a failing root is told and what was known stays', async (t) => {
  let works = true;
  const discovery = createDiscovery({
    request: async () =>
      works
        ? json(
            {
              items: [{ versions: [{ version: 'v1', resources: [resource('Pod', 'pods', 'Namespaced')] }] }],
            },
            v2,
          )
        : missing,
  });
  await discovery.read(signal);
  works = false;
  t.like(await discovery.read(signal), { code: 'CLUSTER_FAILING' });
  t.true(discovery.kinds.has('/v1/Pod'));
});

test('a kind is found at its own version, else at any', (t) => {
  const at = (version: string) => ({
    group: 'autoscaling',
    version,
    kind: 'HorizontalPodAutoscaler',
    plural: 'h',
    namespaced: true,
    hasStatus: false,
  });
  const kinds = new Map([['autoscaling/v2/HorizontalPodAutoscaler', at('v2')]]);
  t.is(findKind(kinds, at('v2'))?.version, 'v2');
  t.is(findKind(kinds, at('v1'))?.version, 'v2');
  t.is(findKind(kinds, { ...at('v1'), group: 'other' }), undefined);
});

test('a kind has a status when a subresource says so', async (t) => {
  const resources = [
    {
      resource: 'projects',
      responseKind: { kind: 'Project' },
      scope: 'Namespaced',
      verbs: ['list'],
      subresources: [{ subresource: 'status' }],
    },
    { resource: 'notes', responseKind: { kind: 'Note' }, scope: 'Namespaced', verbs: ['list'] },
  ];
  const items = [{ metadata: { name: 'tre.example' }, versions: [{ version: 'v1', resources }] }];
  const body = new TextEncoder().encode(JSON.stringify({ items }));
  const contentType = 'application/json;as=APIGroupDiscoveryList';
  const discovery = createDiscovery({
    request: async () => ({ ok: true, status: 200, contentType, etag: null, body }),
  });
  await discovery.read(new AbortController().signal);
  t.true(discovery.kinds.get('tre.example/v1/Project')?.hasStatus);
  t.false(discovery.kinds.get('tre.example/v1/Note')?.hasStatus);
});
