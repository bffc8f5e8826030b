// What weakens the isolation of a site, in the objects of a scripted cluster: what counts, what is somebody else's, and
// what is said when a list cannot be had. On a real API server the trials look at the same.
import test from 'ava';
import type { ApiAnswer, ApiRequest } from '../../../agent/cluster/api.ts';
import { type CheckOptions, checkSite } from '../../../agent/probe/site-checks.ts';
import { thing, wanted } from '../../support/planner-world.ts';
import { failure, noAnswer, success } from '../../support/played-cluster.ts';

interface Answers {
  readonly namespaces?: ApiAnswer;
  readonly pods?: ApiAnswer;
  readonly services?: ApiAnswer;
  /** Namespaces in which a pod runs. */
  readonly busy?: readonly string[];
}

const list = (...items: readonly object[]): ApiAnswer => success({ metadata: {}, items });
const enforce = 'pod-security.kubernetes.io/enforce';
const namespace = (name: string, level?: string) => ({
  metadata: { name, ...(level !== undefined && { labels: { [enforce]: level } }) },
});
const token = { projected: { sources: [{ configMap: {} }, { serviceAccountToken: {} }] } };
const pod = (namespaceName: string, name: string, ...volumes: readonly object[]) => ({
  metadata: { namespace: namespaceName, name },
  spec: { volumes },
});
const service = (namespaceName: string, name: string, ip: string) => ({
  metadata: { namespace: namespaceName, name },
  status: { loadBalancer: { ingress: [{ ip }] } },
});

const site = wanted([
  thing('Namespace empty'),
  thing('ConfigMap lab/a'),
  thing('ConfigMap portal/a'),
  thing('ConfigMap kube-system/a'),
]);

function checking({ namespaces = list(), pods = list(), services = list(), busy = [] }: Answers) {
  const asked: string[] = [];
  const api = {
    request: async ({ path }: ApiRequest) => {
      asked.push(decodeURIComponent(path));
      if (path.startsWith('/api/v1/namespaces?')) return namespaces;
      if (path.startsWith('/api/v1/pods?')) return pods;
      if (path.startsWith('/api/v1/services?')) return services;
      const name = /^\/api\/v1\/namespaces\/([^/]+)\/pods\?/.exec(path)?.[1] ?? '';
      return busy.includes(name) ? list({}) : list();
    },
  };
  const check = async (changes: Partial<CheckOptions> = {}) => {
    const options = { api, wanted: site, labelIsVoid: false, before: [], nodesFailure: null, ...changes };
    const found = await checkSite(options, new AbortController().signal);
    return found.map(({ code, count, names }) => [code, count, ...names]);
  };
  return { asked, check };
}

const all = list(
  namespace('empty'),
  namespace('lab', 'restricted'),
  namespace('portal', 'privileged'),
  namespace('kube-system'),
  namespace('elsewhere'),
);
const busy = ['lab', 'portal', 'kube-system', 'elsewhere'];

test('namespaces of the release in which pods run and that refuse nothing', async (t) => {
  const { check } = checking({ namespaces: all, busy });
  t.deepEqual(await check(), [['PodSecurityNotEnforced', 1, 'Namespace portal']]);
  t.deepEqual(
    await check({ labelIsVoid: true }),
    [['PodSecurityNotEnforced', 2, 'Namespace lab', 'Namespace portal']],
    'where the label has no effect, it does not help',
  );
  t.deepEqual(await checking({ namespaces: all, busy: ['lab'] }).check(), [], 'an empty one lets nothing in');
  for (const level of ['baseline', 'restricted'])
    t.deepEqual(await checking({ namespaces: list(namespace('lab', level)), busy }).check(), [], level);
  for (const level of [undefined, 'privileged', 'Restricted', ''])
    t.is((await checking({ namespaces: list(namespace('lab', level)), busy }).check()).length, 1, level);
});

test('pods of the release with a token of the default service account, of those that run', async (t) => {
  const pods = list(
    pod('lab', 'mounted', token),
    pod('lab', 'other', { configMap: {} }, { projected: { sources: [{ secret: {} }] } }),
    pod('lab', 'none'),
    pod('kube-system', 'its-own', token),
    pod('elsewhere', 'mounted', token),
  );
  const { asked, check } = checking({ pods });
  t.deepEqual(await check(), [['ServiceAccountTokenMounted', 1, 'Pod lab/mounted']]);
  t.true(
    asked.some((path) =>
      path.includes('spec.serviceAccountName=default,status.phase!=Succeeded,status.phase!=Failed'),
    ),
  );
});

test('services of the release that are open to a public network, those of Kubernetes too', async (t) => {
  const services = list(
    service('portal', 'open', '20.0.0.1'),
    service('portal', 'inside', '10.0.0.1'),
    service('kube-system', 'open', '20.0.0.2'),
    service('elsewhere', 'open', '20.0.0.3'),
  );
  const { asked, check } = checking({ services });
  t.deepEqual(await check(), [['PublicLoadBalancer', 2, 'Service kube-system/open', 'Service portal/open']]);
  t.true(asked.some((path) => path.includes('fieldSelector=spec.type=LoadBalancer')));
});

test('of very many, all are counted and the first are named', async (t) => {
  const services = list(
    ...Array.from({ length: 70 }, (_, at) => service('lab', `s${String(at).padStart(2, '0')}`, '20.0.0.1')),
  );
  const [[code, count, ...names] = []] = await checking({ services }).check();
  t.deepEqual([code, count, names.length, names[0]], ['PublicLoadBalancer', 70, 50, 'Service lab/s00']);
});

test('a list that cannot be had keeps what it showed before, is named, and silences no other', async (t) => {
  const before = [
    { code: 'PodSecurityNotEnforced', count: 1, names: ['Namespace lab'] },
    { code: 'ServiceAccountTokenMounted', count: 1, names: ['Pod lab/a'] },
    { code: 'PublicLoadBalancer', count: 1, names: ['Service lab/a'] },
  ] as const;
  for (const [at, listName] of (['namespaces', 'pods', 'services'] as const).entries()) {
    const { check } = checking({ [listName]: failure(403, 'no right') });
    const [code, count, names] = [before[at]?.code, before[at]?.count, before[at]?.names ?? []];
    t.deepEqual(await check({ before }), [
      [code, count, ...names],
      ['IsolationNotChecked', 0, `${listName}: no right`],
    ]);
  }
  const nodesFailure = noAnswer;
  t.deepEqual(await checking({}).check({ nodesFailure }), [['IsolationNotChecked', 0, 'nodes: no answer']]);
  const silent = { namespaces: noAnswer, pods: noAnswer, services: noAnswer };
  const kept = before.map(({ code, count, names }) => [code, count, ...names]);
  t.deepEqual(await checking(silent).check({ before, nodesFailure }), kept, 'said elsewhere');
  const refused = { ...silent, services: failure(403, 'no right') };
  t.is((await checking(refused).check({ before, nodesFailure })).at(-1)?.[0], 'IsolationNotChecked');
});
