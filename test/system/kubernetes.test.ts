// The real Kubernetes of dev/: one control plane for the whole file, from nothing to nothing left. The tests run in
// order and each stands on the one before it. Programs of the machine are not touched; every pid is one of ours.
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import anyTest, { type TestFn } from 'ava';
import { systemExec } from '../../daemon/exec.ts';
import { type Answer, type Api, type ApiRequest, apiOf } from '../../dev/kubernetes/api.ts';
import { credentialsOf } from '../../dev/kubernetes/credentials.ts';
import type { LocalKubernetes } from '../../dev/kubernetes/kubernetes-handle.ts';
import { layoutOf } from '../../dev/kubernetes/layout.ts';
import { openKubernetes } from '../../dev/kubernetes/open-kubernetes.ts';
import { isFree } from '../../dev/kubernetes/ports.ts';
import { startKubernetes } from '../../dev/kubernetes/start-kubernetes.ts';
import { TreError } from '../../proto/errors.ts';

interface Context {
  readonly folder: string;
  readonly kubernetes: LocalKubernetes;
  readonly agent: Api;
}
const test = anyTest as TestFn<Context>;

const signal = AbortSignal.timeout(280_000);
const environment = process.env;
const exec = systemExec(environment);
const silent = (): void => undefined;

test.before(async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tre-kubernetes-'));
  const dataDir = join(folder, 'data');
  const startedAt = performance.now();
  const log = (line: string): void => t.log(line);
  const kubernetes = await startKubernetes({
    dataDir,
    node: 'simulated',
    agentGroups: ['example.dev'],
    signal,
    log,
  });
  t.log(`ready after ${Math.round(performance.now() - startedAt)} ms`);
  const agent = apiOf(kubernetes.serverUrl, await credentialsOf(layoutOf(dataDir), 'agent'));
  t.context = { folder, kubernetes, agent };
});

test.after.always(async (t) => {
  await t.context.kubernetes?.stop();
  await rm(t.context.folder, { recursive: true, force: true });
});

const inDefault = '/api/v1/namespaces/default';
const ask = (api: Api, method: ApiRequest['method'], path: string, body?: object): Promise<Answer> =>
  api.request({ method: method ?? 'GET', path, signal, ...(body === undefined ? {} : { body }) });
const apply = (api: Api, path: string, body: object): Promise<Answer> =>
  ask(api, 'PATCH', `${path}?fieldManager=test`, body);

const configMap = (name: string): object => {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { key: 'value' } };
};
const pod = { containers: [{ name: 'main', image: 'example.dev/none:1' }] };

async function eventually(isTrue: () => Promise<boolean> | boolean): Promise<boolean> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (await isTrue()) return true;
    await delay(50);
  }
  return false;
}

async function statusOf(api: Api, path: string): Promise<Record<string, unknown>> {
  const { body } = await ask(api, 'GET', path);
  return (body as { status?: Record<string, unknown> }).status ?? {};
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test.serial('the server answers the version that was built', async (t) => {
  const { body } = await ask(t.context.kubernetes.admin, 'GET', '/version');
  t.like(body, { gitVersion: 'v1.36.3', major: '1', minor: '36' });
});

test.serial('kubectl of the same build knows the agent as its own user, without any group', async (t) => {
  const { kubectl, agentKubeconfig } = t.context.kubernetes;
  const { stdout } = await exec.run(kubectl, [
    '--kubeconfig',
    agentKubeconfig,
    'auth',
    'whoami',
    '-o',
    'json',
  ]);
  const { status } = JSON.parse(stdout) as { status: { userInfo: object } };
  t.like(status.userInfo, { username: 'tre-agent', groups: ['system:authenticated'] });
});

test.serial('the agent applies an object, missing or there', async (t) => {
  const path = `${inDefault}/configmaps/one`;
  t.is((await apply(t.context.agent, path, configMap('one'))).status, 201);
  t.is((await apply(t.context.agent, path, configMap('one'))).status, 200);
});

test.serial('the agent applies a Secret by name and can neither list nor watch Secrets', async (t) => {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'one' },
    stringData: { key: 'value' },
  };
  t.is((await apply(t.context.agent, `${inDefault}/secrets/one`, secret)).status, 201);
  t.is((await ask(t.context.agent, 'GET', `${inDefault}/secrets/one`)).status, 200);
  t.is((await ask(t.context.agent, 'GET', `${inDefault}/secrets`)).status, 403);
  t.is((await ask(t.context.agent, 'GET', `${inDefault}/secrets?watch=true`)).status, 403);
});

test.serial('the agent writes a role with rights that it does not hold, as a release may ask', async (t) => {
  const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['list'] }];
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'operator' },
    rules,
  };
  t.is(
    (await apply(t.context.agent, '/apis/rbac.authorization.k8s.io/v1/clusterroles/operator', role)).status,
    201,
  );
});

const refused = test.macro({
  async exec(t, method: ApiRequest['method'], path: string, body?: object) {
    const { agent } = t.context as Context;
    t.is((await ask(agent, method, path, body)).status, 403);
  },
  title: (_, method, path: string) => `the agent is refused: ${String(method)} ${path}`,
});
test.serial(refused, 'DELETE', `${inDefault}/configmaps`);
test.serial(refused, 'PUT', `${inDefault}/configmaps/one`, configMap('one'));
test.serial(refused, 'POST', `${inDefault}/serviceaccounts/default/token`, {
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenRequest',
  spec: {},
});
test.serial(refused, 'GET', '/apis/certificates.k8s.io/v1/certificatesigningrequests');
test.serial(refused, 'DELETE', '/api/v1/nodes/simulated-node');
test.serial(refused, 'GET', '/apis/stranger.dev/v1/things');
test.serial(refused, 'GET', '/metrics');

function definition(group: string): object {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const versions = [{ name: 'v1', served: true, storage: true, schema }];
  const names = { plural: 'things', singular: 'thing', kind: 'Thing' };
  const spec = { group, scope: 'Namespaced', names, versions };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `things.${group}` },
    spec,
  };
}

test.serial(
  'custom resources are within the rights when their group was announced, at the start or later',
  async (t) => {
    const { agent, kubernetes } = t.context;
    const thing = (group: string): Promise<Answer> => {
      const object = { apiVersion: `${group}/v1`, kind: 'Thing', metadata: { name: 'one' } };
      return apply(agent, `/apis/${group}/v1/namespaces/default/things/one`, object);
    };
    for (const group of ['example.dev', 'stranger.dev']) {
      const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.${group}`;
      t.is((await apply(agent, path, definition(group))).status, 201);
    }
    t.true(await eventually(async () => (await thing('example.dev')).status < 300));
    t.is((await thing('stranger.dev')).status, 403);
    await kubernetes.grantAgent([], signal);
    t.true(await eventually(async () => (await thing('stranger.dev')).status < 300));
  },
);

test.serial('on the simulated node a Deployment becomes available', async (t) => {
  const { agent, kubernetes } = t.context;
  const labels = { app: 'web' };
  const spec = {
    replicas: 2,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: pod },
  };
  const path = '/apis/apps/v1/namespaces/default/deployments/web';
  await apply(agent, path, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec });
  t.true(await eventually(async () => (await statusOf(agent, path))['availableReplicas'] === 2));
  const { body } = await ask(kubernetes.admin, 'GET', `${inDefault}/pods?labelSelector=app%3Dweb`);
  for (const { status } of (body as { items: { status: object }[] }).items)
    t.like(status, { phase: 'Running' });
  const node = await ask(kubernetes.admin, 'GET', '/api/v1/nodes/simulated-node');
  t.like(node.body, { status: { nodeInfo: { containerRuntimeVersion: 'simulated' } } });
});

test.serial(
  'on the simulated node a Job completes, and a deleted Deployment takes its pods with it',
  async (t) => {
    const { agent, kubernetes } = t.context;
    const path = '/apis/batch/v1/namespaces/default/jobs/once';
    const spec = { template: { spec: { ...pod, restartPolicy: 'Never' } } };
    await apply(agent, path, { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'once' }, spec });
    t.true(await eventually(async () => (await statusOf(agent, path))['succeeded'] === 1));
    await ask(agent, 'DELETE', '/apis/apps/v1/namespaces/default/deployments/web', {
      propagationPolicy: 'Background',
    });
    const pods = `${inDefault}/pods?labelSelector=app%3Dweb`;
    const count = async (): Promise<number> => {
      const { body } = await ask(kubernetes.admin, 'GET', pods);
      return (body as { items: unknown[] }).items.length;
    };
    t.true(await eventually(async () => (await count()) === 0));
  },
);

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource: string; readonly name?: string };
  readonly responseStatus?: { readonly code: number };
  readonly requestObject?: unknown;
}

test.serial(
  'the audit log names the agent, what it did and what it was refused, and holds no object',
  (t) => {
    const lines = readFileSync(t.context.kubernetes.auditLogFile, 'utf8').trimEnd().split('\n');
    const events = lines
      .map((line) => JSON.parse(line) as AuditEvent)
      .filter(({ user }) => user.username === 'tre-agent');
    const codes = (verb: string, resource: string): (number | undefined)[] =>
      events
        .filter(
          (event) =>
            event.verb === verb && event.objectRef?.resource === resource && event.objectRef.name === 'one',
        )
        .map(({ responseStatus }) => responseStatus?.code);
    t.deepEqual(codes('patch', 'configmaps'), [201, 200]);
    t.deepEqual(codes('update', 'configmaps'), [403]);
    t.deepEqual(codes('patch', 'secrets'), [201]);
    t.true(events.every(({ requestObject }) => requestObject === undefined));
  },
);

test.serial('a data folder has one Kubernetes', async (t) => {
  const { dataDir } = t.context.kubernetes;
  const error = await t.throwsAsync(startKubernetes({ dataDir, signal, log: silent }), {
    instanceOf: TreError,
  });
  t.is(error.code, 'DATA_LOCKED');
});

test.serial('an API server that was killed comes back on the same port with the same objects', async (t) => {
  const { kubernetes, agent } = t.context;
  const before = kubernetes.pids()['kube-apiserver'];
  await kubernetes.apiServer.kill();
  t.is(kubernetes.pids()['kube-apiserver'], undefined);
  await t.throwsAsync(ask(agent, 'GET', `${inDefault}/configmaps/one`), { code: 'ECONNREFUSED' });
  await kubernetes.apiServer.start(signal);
  t.not(kubernetes.pids()['kube-apiserver'], before);
  t.like(await ask(agent, 'GET', `${inDefault}/configmaps/one`), {
    status: 200,
    body: { data: { key: 'value' } },
  });
  const path = '/apis/batch/v1/namespaces/default/jobs/again';
  const spec = { template: { spec: { ...pod, restartPolicy: 'Never' } } };
  await apply(agent, path, { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'again' }, spec });
  t.true(
    await eventually(async () => (await statusOf(agent, path))['succeeded'] === 1),
    'controllers go on too',
  );
});

test.serial('the cluster that TRE_KUBECONFIG names is used with a service account as agent', async (t) => {
  const { kubernetes, folder } = t.context;
  const PATH = [dirname(kubernetes.kubectl), environment['PATH']].join(delimiter);
  const named = { ...environment, PATH, TRE_KUBECONFIG: kubernetes.adminKubeconfig };
  const options = { dataDir: join(folder, 'existing'), signal, log: silent, environment: named };
  await using existing = await openKubernetes(options);
  t.is(existing.serverUrl, kubernetes.serverUrl);
  const can = async (...what: string[]): Promise<string> => {
    const { stdout } = await exec.run(kubernetes.kubectl, [
      '--kubeconfig',
      existing.agentKubeconfig,
      'auth',
      ...what,
    ]);
    return stdout.trim();
  };
  t.is(
    await can('whoami', '-o', 'jsonpath={.status.userInfo.username}'),
    'system:serviceaccount:tre-fleet:tre-agent',
  );
  t.is(await can('can-i', 'patch', 'deployments.apps'), 'yes');
  t.is(await can('can-i', 'list', 'secrets'), 'no');
});

test.serial('a TRE_KUBECONFIG that is no kubeconfig is refused by name', async (t) => {
  const { kubernetes, folder } = t.context;
  const PATH = [dirname(kubernetes.kubectl), environment['PATH']].join(delimiter);
  const named = { ...environment, PATH, TRE_KUBECONFIG: join(folder, 'nowhere') };
  const opening = openKubernetes({
    dataDir: join(folder, 'existing'),
    signal,
    log: silent,
    environment: named,
  });
  t.is((await t.throwsAsync(opening, { instanceOf: TreError })).code, 'KUBECONFIG_INVALID');
});

test.serial('stopping leaves no process and no port', async (t) => {
  const { kubernetes } = t.context;
  const pids = Object.values(kubernetes.pids());
  t.is(pids.length, 5);
  const startedAt = performance.now();
  await kubernetes.stop();
  t.log(`stopped after ${Math.round(performance.now() - startedAt)} ms`);
  t.deepEqual(pids.filter(isRunning), []);
  t.true(await isFree(kubernetes.ports.apiServer));
  t.deepEqual(kubernetes.pids(), {});
});

test.serial('a second start has the same port and the same objects', async (t) => {
  const { kubernetes } = t.context;
  const startedAt = performance.now();
  await using again = await startKubernetes({ dataDir: kubernetes.dataDir, signal, log: silent });
  t.log(`ready after ${Math.round(performance.now() - startedAt)} ms`);
  t.is(again.serverUrl, kubernetes.serverUrl);
  t.is((await ask(again.admin, 'GET', `${inDefault}/configmaps/one`)).status, 200);
});

function command(...args: string[]): ReturnType<typeof exec.run> {
  const file = join(import.meta.dirname, '../../dev/kubernetes/kubernetes.ts');
  return exec.run(process.execPath, [file, ...args, '-o', 'json'], { signal });
}

interface Printed {
  readonly state: string;
  readonly running: {
    readonly pid: number;
    readonly parts: Record<string, number>;
    readonly adminKubeconfig: string;
  };
}

test.serial('for people: up, status, down; parts whose starter was killed do not stay', async (t) => {
  const data = ['--data', join(t.context.folder, 'people')];
  const printed = async (name: string): Promise<Printed> =>
    JSON.parse((await command(name, ...data)).stdout) as Printed;
  t.is((await printed('status')).state, 'stopped');
  const first = await printed('up');
  t.true(existsSync(first.running.adminKubeconfig));
  t.deepEqual(await printed('up'), first, 'up again says what runs');
  t.like(await printed('status'), { state: 'running', ready: true });
  process.kill(first.running.pid, 'SIGKILL');
  t.true(await eventually(() => !Object.values(first.running.parts).some(isRunning)));
  t.is((await printed('status')).state, 'stopped');
  const second = await printed('up');
  t.like(await printed('down'), { stopped: true });
  const pids = [second.running.pid, ...Object.values(second.running.parts)];
  t.true(await eventually(() => !pids.some(isRunning)));
  t.like(await printed('down'), { stopped: false });
});
