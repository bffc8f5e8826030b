// The health of a site on a real API server with a simulated node: what its pods say soon after it is so, never healthy
// before a controller has looked, unknown when the cluster is away, and all that without more than a few requests.
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../daemon/clock.ts';
import { accessOf, type Manifest } from '../support/cluster-site.ts';
import { eventually, inSeconds } from '../support/eventually.ts';
import { type HealthSite, healthSite } from '../support/health-site.ts';
import { sharedKubernetes } from '../support/kubernetes.ts';
import { scratch } from '../support/scratch.ts';

const kubernetes = sharedKubernetes({ node: 'simulated', agentGroups: ['tre.example'] });
const clock = systemClock;

async function site(t: ExecutionContext): Promise<HealthSite> {
  const opened = await healthSite({
    folder: scratch(t),
    access: await accessOf(kubernetes().agentKubeconfig),
  });
  t.teardown(() => opened[Symbol.asyncDispose]());
  return opened;
}

const namespace = (name: string): Manifest => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const template = (name: string, more: object = {}) => ({
  metadata: { labels: { app: name } },
  spec: { containers: [{ name: 'main', image: 'example.org/app' }], ...more },
});
const deployment = (home: string, name: string, more: object = {}): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: home },
  spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: template(name, more) },
});

/** As administrator. */
async function patch(path: string, body: object): Promise<number> {
  const contentType = 'application/merge-patch+json';
  const { status } = await kubernetes().admin.request({ method: 'PATCH', path, contentType, body });
  return status;
}

test.serial('a workload becomes healthy when its pods are ready', async (t) => {
  const { apply, snapshot, saidAt, say } = await site(t);
  const appliedMs = clock.monotonic();
  await apply([namespace('fine'), deployment('fine', 'web')]);
  await saidAt('web', 'current', 20_000);
  t.log(`healthy ${inSeconds(clock.monotonic() - appliedMs)} after the apply began`);
  t.true(snapshot()?.healthy);
  t.is(say('fine'), 'current');
});

test.serial('nobody runs the controllers: applied, and not healthy', async (t) => {
  const { apply, say, snapshot } = await site(t);
  const controllers = kubernetes().pids()['kube-controller-manager'];
  if (controllers === undefined) return t.fail('no controller manager');
  process.kill(controllers, 'SIGSTOP');
  try {
    await apply([
      namespace('alone'),
      deployment('alone', 'web'),
      {
        ...deployment('alone', 'none'),
        spec: { ...(deployment('alone', 'none')['spec'] as object), replicas: 0 },
      },
    ]);
    await eventually(() => say('web') !== undefined, { what: 'a first look', timeoutMs: 10_000 });
    for (let round = 0; round < 20; round += 1) {
      t.not(say('web'), 'current');
      t.not(say('none'), 'current');
      t.false(snapshot()?.healthy);
      await clock.sleep(250);
    }
  } finally {
    process.kill(controllers, 'SIGCONT');
  }
  await eventually(() => snapshot()?.healthy === true, {
    what: () => `${say('web')} ${say('none')}`,
    timeoutMs: 30_000,
  });
  t.pass();
});

test.serial('a pod that no node takes fails its workload when it is 15 s old', async (t) => {
  const { apply, saidAt, about } = await site(t);
  await apply([namespace('tight'), deployment('tight', 'web', { nodeSelector: { none: 'has-this' } })]);
  const bornMs = clock.monotonic();
  await saidAt('web', 'PodUnschedulable', 25_000);
  const seconds = (clock.monotonic() - bornMs) / 1000;
  t.log(`said ${seconds.toFixed(1)} s after the apply; the rule allows it after 15 s`);
  t.true(seconds < 20);
  t.regex(about('web')?.detail ?? '', /nodes are available/);
});

test.serial('a quota that is used up, and an admission that refuses: at once', async (t) => {
  const { apply, saidAt, about } = await site(t);
  const quota: Manifest = {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'none', namespace: 'poor' },
    spec: { hard: { pods: '0' } },
  };
  const strict: Manifest = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'strict', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  };
  await apply([namespace('poor'), strict, quota]);
  await clock.sleep(1_500);
  const set: Manifest = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'set', namespace: 'poor' },
    spec: {
      serviceName: 'set',
      replicas: 1,
      selector: { matchLabels: { app: 'set' } },
      template: template('set'),
    },
  };
  const job: Manifest = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'once', namespace: 'poor' },
    spec: { template: template('once', { restartPolicy: 'Never' }) },
  };
  await apply([
    namespace('poor'),
    strict,
    quota,
    deployment('poor', 'web'),
    deployment('strict', 'open'),
    set,
    job,
  ]);
  const appliedMs = clock.monotonic();
  for (const [name, reason] of [
    ['web', 'QuotaExceeded'],
    ['set', 'QuotaExceeded'],
    ['once', 'QuotaExceeded'],
    ['open', 'AdmissionRefused'],
  ] as const) {
    await saidAt(name, reason, 15_000);
    t.log(`${name}: ${reason} ${inSeconds(clock.monotonic() - appliedMs)} after the apply`);
  }
  t.true(clock.monotonic() - appliedMs < 5_000);
  t.regex(about('web')?.detail ?? '', /exceeded quota/);
});

test.serial('a Job is in progress until it has completed', async (t) => {
  const { apply, saidAt, news } = await site(t);
  const job: Manifest = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'setup', namespace: 'jobs' },
    spec: { template: template('setup', { restartPolicy: 'Never' }) },
  };
  await apply([namespace('jobs'), job]);
  await saidAt('setup', 'current', 20_000);
  t.false(news[0]?.snapshot?.healthy);
});

test.serial('an object of a custom kind that nobody writes a status for is given a minute', async (t) => {
  const { apply, saidAt, say } = await site(t);
  const group = 'tre.example';
  const definition: Manifest = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `studies.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Study', plural: 'studies', singular: 'study', listKind: 'StudyList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  };
  const study = (name: string): Manifest => ({
    apiVersion: `${group}/v1`,
    kind: 'Study',
    metadata: { name, namespace: 'studies' },
  });
  const rule = {
    group,
    kind: 'Study',
    means: 'failed',
    pointer: '/status/phase',
    operator: 'equals',
    value: 'Bad',
  } as const;
  await apply([namespace('studies'), definition, study('one'), study('two')], [rule]);
  await saidAt('one', 'NotYetObserved', 10_000);
  const status = { status: { phase: 'Bad' } };
  t.is(await patch(`/apis/${group}/v1/namespaces/studies/studies/two/status`, status), 200);
  await saidAt('two', 'CustomRuleFailed', 5_000);
  t.is(say('one'), 'NotYetObserved');
  const better = { status: { phase: 'Good' } };
  t.is(await patch(`/apis/${group}/v1/namespaces/studies/studies/two/status`, better), 200);
  await saidAt('two', 'current', 5_000);
  t.is(say('one'), 'NotYetObserved', 'all the rest is current: now it has a minute');
  await saidAt('one', 'current', 70_000);
  t.is(say(`studies.${group}`), 'current');
});

test.serial('a cluster that is away is unknown, not healthy, and since when stays known', async (t) => {
  const { apply, saidAt, snapshot, about } = await site(t);
  await apply([namespace('away'), deployment('away', 'web')]);
  await saidAt('web', 'current', 20_000);
  const { sinceMs } = about('web') ?? { sinceMs: 0 };
  const observedAtMs = snapshot()?.observedAtMs ?? 0;
  await kubernetes().apiServer.kill();
  const killedMs = clock.monotonic();
  await saidAt('web', 'NotLookedAt', 60_000);
  t.log(`unknown ${inSeconds(clock.monotonic() - killedMs)} after the API server was killed`);
  t.false(snapshot()?.healthy);
  t.true((snapshot()?.observedAtMs ?? 0) < Date.now() - 5_000, 'the time is that of the last answer');
  t.true((snapshot()?.observedAtMs ?? 0) >= observedAtMs);
  await kubernetes().apiServer.start(new AbortController().signal);
  await saidAt('web', 'current', 30_000);
  t.is(about('web')?.sinceMs, sinceMs);
});
