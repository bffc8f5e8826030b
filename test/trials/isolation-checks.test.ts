// Isolation on a real API server whose node is simulated: a trial says that nothing can be shown and leaves nothing, and
// what weakens isolation is found in the objects that are there.
import test from 'ava';
import { openHttp2Api } from '../../agent/cluster/http2-api.ts';
import { longestTrialMs, tryIsolation } from '../../agent/probe/network-trial.ts';
import { checkSite } from '../../agent/probe/site-checks.ts';
import { systemClock } from '../../daemon/clock.ts';
import type { Api } from '../../dev/kubernetes/api.ts';
import { accessOf } from '../support/cluster-site.ts';
import { eventually } from '../support/eventually.ts';
import { sharedKubernetes } from '../support/kubernetes.ts';

const kubernetes = sharedKubernetes({ node: 'simulated' });
const { signal } = new AbortController();
const image = 'tre.local/probe:1';

async function agentApi() {
  const access = await accessOf(kubernetes().agentKubeconfig);
  return openHttp2Api({ access, userAgent: 'tre-agent/test' });
}

test.serial('on a simulated node nothing is proven, it says why at once, and nothing stays', async (t) => {
  await using api = await agentApi();
  const startedMs = systemClock.monotonic();
  for (const round of ['in a new namespace', 'in the one that is there']) {
    const { networkPolicy, podSecurity, why } = await tryIsolation(
      { api, clock: systemClock, image },
      signal,
    );
    t.deepEqual(
      [networkPolicy, podSecurity, why],
      ['unproven', 'enforced', 'no container really runs on the node: it is simulated'],
      round,
    );
  }
  const tookMs = systemClock.monotonic() - startedMs;
  t.log(`two trials: ${Math.round(tookMs)} ms`);
  t.true(tookMs < longestTrialMs);
  const { admin } = kubernetes();
  const left = await Promise.all(
    ['/api/v1/namespaces/tre-fleet-probe/pods', '/apis/networking.k8s.io/v1/networkpolicies'].map((path) =>
      admin.request({ path }),
    ),
  );
  t.deepEqual(
    left.map(({ body }) => (body as { items: unknown[] }).items),
    [[], []],
  );
});

test.serial('what weakens the isolation of a site is found, and nothing else', async (t) => {
  const { admin } = kubernetes();
  await namespace(admin, 'open');
  await namespace(admin, 'lax', 'privileged');
  await namespace(admin, 'empty');
  await namespace(admin, 'closed', 'restricted');
  await namespace(admin, 'elsewhere');
  for (const place of ['open', 'lax', 'elsewhere', 'kube-system']) await pod(admin, place, 'plain');
  await pod(admin, 'closed', 'named', { serviceAccountName: 'own' });
  await pod(admin, 'open', 'tokenless', { automountServiceAccountToken: false });
  await service(admin, 'open/inside', '10.0.0.9');
  await service(admin, 'closed/outside', '20.0.0.9');
  await service(admin, 'elsewhere/outside', '20.0.0.9');
  await eventually(() => runs(admin, 'open/plain'), { what: 'the pods run', timeoutMs: 30_000 });

  await using api = await agentApi();
  const options = { api, wanted: wantedIn('closed'), before: [], nodesFailure: null };
  const check = (labelIsVoid: boolean) => checkSite({ ...options, labelIsVoid }, signal);
  const token = { code: 'ServiceAccountTokenMounted', count: 2, names: ['Pod lax/plain', 'Pod open/plain'] };
  const load = { code: 'PublicLoadBalancer', count: 1, names: ['Service closed/outside'] };
  const open = { code: 'PodSecurityNotEnforced', count: 2, names: ['Namespace lax', 'Namespace open'] };
  t.deepEqual(await check(false), [open, token, load]);
  const all = { ...open, count: 3, names: ['Namespace closed', ...open.names] };
  t.deepEqual(await check(true), [all, token, load], 'where the label has no effect, it does not help');

  await label(admin, 'open', 'baseline');
  for (const name of ['open/plain', 'lax/plain']) await gone(admin, 'pods', name);
  await gone(admin, 'services', 'closed/outside');
  await eventually(async () => !(await runs(admin, 'lax/plain')), { what: 'it is gone', timeoutMs: 30_000 });
  t.deepEqual(await check(false), []);
});

test.serial(
  'a right that is missing is said, keeps what was found, and silences no other check',
  async (t) => {
    await using api = await agentApi();
    const blind: typeof api = {
      ...api,
      request: (request, aborted) =>
        api.request({ ...request, path: request.path.replace('/services', '/secrets') }, aborted),
    };
    const found = { code: 'PublicLoadBalancer', count: 1, names: ['Service closed/outside'] } as const;
    const options = { api: blind, wanted: wantedIn('closed'), labelIsVoid: true, nodesFailure: null };
    const findings = await checkSite({ ...options, before: [found] }, signal);
    t.deepEqual(
      findings.map(({ code }) => code),
      ['PodSecurityNotEnforced', 'PublicLoadBalancer', 'IsolationNotChecked'],
    );
    t.deepEqual(findings[1], found);
    t.regex(findings[2]?.names[0] ?? '', /^services: .*secrets/);
  },
);

/** A release with a namespace of its own, and something in three others and in Kubernetes' own. */
function wantedIn(own: string) {
  const object = (kind: string, namespace: string | null, name: string, index: number) => {
    const place = { group: '', version: 'v1', kind, namespace, name, index, component: 'all' };
    const content = { digest: '', immutableDigest: null, ttlAfterFinishedMs: null, defines: [] };
    return { id: `/${kind}/${namespace ?? ''}/${name}`, ...place, ...content };
  };
  const places = ['open', 'lax', 'empty', 'kube-system'];
  return {
    epoch: 1,
    generation: 1,
    release: { name: 'demo', version: '1.0.0', digest: '' },
    clusterUid: null,
    objects: [
      object('Namespace', null, own, 0),
      ...places.map((place, at) => object('ConfigMap', place, 'settings', at + 1)),
    ],
    prune: [],
    components: ['all'],
    health: [],
  };
}

async function namespace(admin: Api, name: string, level?: string): Promise<void> {
  await apply(admin, `/api/v1/namespaces/${name}`, { kind: 'Namespace', metadata: { name } });
  if (level !== undefined) await label(admin, name, level);
  await apply(admin, `/api/v1/namespaces/${name}/serviceaccounts/own`, {
    kind: 'ServiceAccount',
    metadata: { name: 'own' },
  });
  const account = `/api/v1/namespaces/${name}/serviceaccounts/default`;
  await eventually(async () => (await admin.request({ path: account })).status === 200, {
    what: `the service account of ${name}`,
    timeoutMs: 30_000,
  });
}

async function label(admin: Api, name: string, level: string): Promise<void> {
  const metadata = { name, labels: { 'pod-security.kubernetes.io/enforce': level } };
  await apply(admin, `/api/v1/namespaces/${name}`, { kind: 'Namespace', metadata });
}

async function pod(admin: Api, place: string, name: string, more: object = {}): Promise<void> {
  const securityContext = {
    runAsNonRoot: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  };
  const spec = { containers: [{ name: 'a', image, securityContext }], ...more };
  await apply(admin, `/api/v1/namespaces/${place}/pods/${name}`, { kind: 'Pod', metadata: { name }, spec });
}

async function service(admin: Api, at: string, ip: string): Promise<void> {
  const [place = '', name = ''] = at.split('/');
  const path = `/api/v1/namespaces/${place}/services/${name}`;
  const body = { kind: 'Service', metadata: { name } };
  await apply(admin, path, { ...body, spec: { type: 'LoadBalancer', ports: [{ port: 443 }] } });
  const status = { loadBalancer: { ingress: [{ ip }] } };
  const contentType = 'application/merge-patch+json';
  const answer = await admin.request({
    method: 'PATCH',
    path: `${path}/status`,
    body: { status },
    contentType,
  });
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
}

async function apply(admin: Api, path: string, object: object): Promise<void> {
  const body = { apiVersion: 'v1', ...object };
  const answer = await admin.request({ method: 'PATCH', path: `${path}?fieldManager=test&force=true`, body });
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
}

async function gone(admin: Api, plural: string, at: string): Promise<void> {
  const [place, name] = at.split('/');
  await admin.request({ method: 'DELETE', path: `/api/v1/namespaces/${place}/${plural}/${name}` });
}

async function runs(admin: Api, at: string): Promise<boolean> {
  const [place, name] = at.split('/');
  const { body } = await admin.request({ path: `/api/v1/namespaces/${place}/pods/${name}` });
  return (body as { status?: { phase?: string } }).status?.phase === 'Running';
}
