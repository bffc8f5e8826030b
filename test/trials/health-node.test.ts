// The health of a site on a real node, with containers that run, crash, or never start. Each failure is to be named with
// its code within 5 s of the moment when the cluster itself shows the fact that its rule asks for.
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../daemon/clock.ts';
import { accessOf } from '../support/cluster-site.ts';
import { eventually, inSeconds } from '../support/eventually.ts';
import {
  crashLoop,
  deployment,
  type Failure,
  failingJob,
  hasCondition,
  job,
  missingImage,
  namespace,
  type Seen,
  shown,
  unschedulable,
  usedUpQuota,
  waitsFor,
} from '../support/failing-workloads.ts';
import { type HealthSite, healthSite } from '../support/health-site.ts';
import { sharedKubernetes } from '../support/kubernetes.ts';
import { scratch } from '../support/scratch.ts';

const kubernetes = sharedKubernetes({ node: 'real' });
const clock = systemClock;
const barMs = 5_000;

async function site(t: ExecutionContext): Promise<HealthSite> {
  const opened = await healthSite({
    folder: scratch(t),
    access: await accessOf(kubernetes().agentKubeconfig),
  });
  t.teardown(() => opened[Symbol.asyncDispose]());
  return opened;
}

/** Resolves when the cluster shows it; monotonic milliseconds. */
async function shownAt(path: string, isShown: (object: Seen) => boolean): Promise<number> {
  await shown(kubernetes().admin, { path, isShown });
  return clock.monotonic();
}

/** The site says so soon after the cluster showed it. */
async function isSaidInTime(
  t: ExecutionContext,
  { objects, name, word, fact }: Failure,
): Promise<HealthSite> {
  const opened = await site(t);
  await opened.apply(objects);
  const [shownMs, saidMs] = await Promise.all([
    shownAt(fact.path, fact.isShown),
    opened.saidAt(name, word, 60_000),
  ]);
  const detail = opened.about(name)?.detail.slice(0, 100);
  t.log(`${word} ${inSeconds(saidMs - shownMs)} after the cluster showed it: ${detail}`);
  t.true(saidMs - shownMs < barMs);
  return opened;
}

function wasHealthy({ news }: HealthSite, sinceMs = 0): boolean {
  return news.some(({ atMs, snapshot }) => atMs >= sinceMs && snapshot?.healthy === true);
}

test.serial('a workload that works becomes healthy', async (t) => {
  const { apply, saidAt, snapshot } = await site(t);
  await apply([
    namespace('well'),
    deployment('well', {}),
    job('well', { args: ['reach', '--address', '127.0.0.1'] }),
  ]);
  const [shownMs, saidMs] = await Promise.all([
    shownAt('/apis/apps/v1/namespaces/well/deployments', hasCondition('Available')),
    saidAt('web', 'current', 60_000),
  ]);
  t.log(`healthy ${inSeconds(saidMs - shownMs)} after the Deployment was available`);
  await saidAt('once', 'current', 60_000);
  t.true(snapshot()?.healthy);
  t.deepEqual(snapshot()?.nodes, []);
});

test.serial('a crash loop, also while the container runs for a moment between two ends', async (t) => {
  const opened = await isSaidInTime(t, crashLoop);
  const saidMs = clock.monotonic();
  const restarts = ({ status }: Seen): boolean => (status?.containerStatuses?.[0]?.restartCount ?? 0) >= 2;
  await shownAt('/api/v1/namespaces/crash/pods', restarts);
  await clock.sleep(3_000);
  t.false(wasHealthy(opened, saidMs));
  t.is(opened.say('web'), 'ContainerCrashLooping');
});

test.serial('a missing image', async (t) => {
  const opened = await isSaidInTime(t, missingImage);
  t.false(wasHealthy(opened));
});

test.serial('a setting that is missing', async (t) => {
  const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'nowhere', key: 'a' } } }];
  const opened = await isSaidInTime(t, {
    objects: [namespace('setting'), deployment('setting', { more: { env } })],
    name: 'web',
    word: 'ContainerCannotStart',
    fact: { path: '/api/v1/namespaces/setting/pods', isShown: waitsFor('CreateContainerConfigError') },
  });
  t.false(wasHealthy(opened));
});

test.serial('a quota that is used up', async (t) => {
  const opened = await isSaidInTime(t, usedUpQuota);
  t.false(wasHealthy(opened));
});

test.serial('a pod that no node can take', async (t) => {
  const opened = await isSaidInTime(t, unschedulable);
  t.false(wasHealthy(opened));
});

test.serial('a Job that fails', async (t) => {
  const opened = await isSaidInTime(t, failingJob);
  t.false(wasHealthy(opened));
});

test.serial('what failed and was corrected is healthy again, and says since when', async (t) => {
  const { apply, saidAt, snapshot, about } = await site(t);
  const falling = { initContainers: [{ name: 'first', image: 'tre.local/probe:1', args: ['fall'] }] };
  for (const [wrong, word] of [
    [{ image: 'tre.local/missing:1' }, 'ImageUnavailable'],
    [{ args: ['fall'] }, 'ContainerCrashLooping'],
    [{ pod: falling }, 'ContainerCrashLooping'],
  ] as const) {
    await apply([namespace('mend'), deployment('mend', wrong)]);
    await saidAt('web', word, 60_000);
    const [correctedMs, fromMs] = [clock.now(), clock.monotonic()];
    await apply([namespace('mend'), deployment('mend', {})]);
    const saidMs = await saidAt('web', 'current', 60_000);
    t.true(snapshot()?.healthy);
    t.true((about('web')?.sinceMs ?? 0) >= correctedMs);
    t.log(`${word}: healthy ${inSeconds(saidMs - fromMs)} after the correction`);
  }
});

/** All that runs in containers ends with whoever watches over it: as when the machine is switched off. */
const endContainers = `
  for proc in /proc/[0-9]*; do
    case "$(readlink $proc/exe)" in */containerd-shim*) kill -9 "\${proc#/proc/}" ;; esac
  done
  for procs in $(find /sys/fs/cgroup -path "*$1*" -name cgroup.procs); do
    for pid in $(cat "$procs"); do kill -9 "$pid"; done
  done`;

test.serial('a machine that is started anew, twice, is no crash loop', async (t) => {
  t.timeout(200_000);
  const { apply, saidAt, news, snapshot } = await site(t);
  const node = kubernetes().realNode;
  if (node === null) return t.fail('no real node');
  await apply([namespace('anew'), deployment('anew', {})]);
  await saidAt('web', 'current', 30_000);
  const sinceMs = clock.monotonic();
  const signal = new AbortController().signal;
  for (const restarts of [1, 2]) {
    await node.kubelet.kill();
    await node.containerd.kill();
    t.like(await node.run('sh', ['-c', endContainers, 'sh', node.cgroup]), { code: 0, stderr: '' });
    await node.containerd.start(signal);
    await node.kubelet.start(signal);
    const isBack = ({ status }: Seen): boolean =>
      status?.containerStatuses?.[0]?.restartCount === restarts &&
      status.containerStatuses[0].state?.terminated === undefined;
    await shownAt('/api/v1/namespaces/anew/pods', isBack);
    await eventually(() => snapshot()?.healthy === true, { what: 'healthy again', timeoutMs: 60_000 });
  }
  const said = news.flatMap((one) =>
    one.atMs < sinceMs ? [] : (one.snapshot?.objects ?? []).filter(({ status }) => status === 'failed'),
  );
  t.deepEqual(said, []);
});

test.serial('containerd dead, then the kubelet dead: said of the node', async (t) => {
  t.timeout(300_000);
  const { apply, saidAt, snapshot } = await site(t);
  const node = kubernetes().realNode;
  if (node === null) return t.fail('no real node');
  await apply([namespace('node'), deployment('node', {})]);
  await saidAt('web', 'current', 30_000);
  const said = async (code: string | undefined, timeoutMs: number): Promise<number> => {
    const codes = () => snapshot()?.nodes.map((one) => one.code) ?? [];
    return eventually(() => codes()[0] === code, { what: () => `${code}, not ${codes()}`, timeoutMs });
  };
  const signal = new AbortController().signal;
  await node.containerd.kill();
  t.log(
    `ContainerRuntimeDown ${inSeconds(await said('ContainerRuntimeDown', 120_000))} after containerd was killed`,
  );
  t.regex(snapshot()?.nodes[0]?.detail ?? '', /container runtime/);
  await node.containerd.start(signal);
  t.log(`no trouble ${inSeconds(await said(undefined, 60_000))} after it came back`);
  await node.kubelet.kill();
  t.log(`NodeSilent ${inSeconds(await said('NodeSilent', 120_000))} after the kubelet was killed`);
  await node.kubelet.start(signal);
  t.log(`no trouble ${inSeconds(await said(undefined, 60_000))} after it came back`);
});
