// The real node of dev/ by itself: what an API server needs from it, images that a test makes, and what becomes of pods
// when its parts are killed. Real pods need root: otherwise asking for them must be refused in words.
// The tests run in order and share one cluster.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { systemExec } from '../../daemon/exec.ts';
import type { LocalKubernetes } from '../../dev/kubernetes/kubernetes-handle.ts';
import { probeImage } from '../../dev/kubernetes/node/node-images.ts';
import { imageTar } from '../../dev/kubernetes/node/oci-image.ts';
import { startKubernetes } from '../../dev/kubernetes/start-kubernetes.ts';
import { TreError } from '../../proto/errors.ts';
import { eventually, inSeconds } from '../support/eventually.ts';

interface Context {
  readonly folder: string;
  readonly kubernetes: LocalKubernetes;
}
const test = anyTest as TestFn<Context>;

const isRoot = process.geteuid?.() === 0;
const exec = systemExec(process.env);
const { signal } = new AbortController();
const pods = '/api/v1/namespaces/default/pods';
const timeoutMs = 30_000;

test.before(async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tre-kubernetes-'));
  const options = { dataDir: join(folder, 'data'), signal, log: (line: string) => t.log(line) };
  // Without root the parts of the node are refused below, on a control plane without a node.
  const kubernetes = await startKubernetes({ ...options, node: isRoot ? 'real' : false });
  t.context = { folder, kubernetes };
});

test.after.always(async (t) => {
  await t.context.kubernetes?.stop();
  await rm(t.context.folder, { recursive: true, force: true });
});

interface PodStatus {
  readonly phase: string;
  readonly podIP?: string;
  readonly containerStatuses?: readonly {
    readonly restartCount: number;
    readonly state: { readonly terminated?: { readonly message?: string } };
  }[];
}

async function statusOf({ admin }: LocalKubernetes, name: string): Promise<PodStatus> {
  const { body } = await admin.request({ path: `${pods}/${name}` });
  return (body as { status?: PodStatus }).status ?? { phase: 'none' };
}

async function runPod(
  { admin }: LocalKubernetes,
  name: string,
  container: { readonly image: string; readonly args: readonly string[] },
): Promise<void> {
  const spec = {
    containers: [{ name: 'main', imagePullPolicy: 'Never', ...container }],
    restartPolicy: 'Never',
  };
  const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec };
  const { status } = await admin.request({ method: 'POST', path: pods, body });
  if (status !== 201) throw new Error(`pod ${name}: ${status}`);
}

async function untilPhase(kubernetes: LocalKubernetes, name: string, phase: string): Promise<PodStatus> {
  let status = await statusOf(kubernetes, name);
  const isReached = async (): Promise<boolean> => {
    status = await statusOf(kubernetes, name);
    return status.phase === phase;
  };
  await eventually(isReached, { what: () => `${name}: ${JSON.stringify(status)}`, timeoutMs });
  return status;
}

/** What the probe said of a flow between two pods. */
async function reach(kubernetes: LocalKubernetes, name: string, port: string): Promise<string | undefined> {
  const { podIP = '' } = await statusOf(kubernetes, 'server');
  await runPod(kubernetes, name, {
    image: probeImage,
    args: ['reach', '--address', podIP, '--port', port],
  });
  const { containerStatuses } = await untilPhase(kubernetes, name, 'Succeeded');
  return containerStatuses?.[0]?.state.terminated?.message;
}

if (isRoot) {
  test.serial('pods reach each other, and the probe says in one word how', async (t) => {
    const { kubernetes } = t.context;
    await runPod(kubernetes, 'server', { image: probeImage, args: ['serve', '--port', '7000'] });
    await untilPhase(kubernetes, 'server', 'Running');
    t.is(await reach(kubernetes, 'open', '7000'), 'reached');
    t.is(await reach(kubernetes, 'closed', '7001'), 'refused');
  });

  const throughKubelet = test.macro({
    async exec(t: ExecutionContext<Context>, command: readonly string[], expected: string) {
      const { kubectl, adminKubeconfig } = t.context.kubernetes;
      const { stdout, stderr } = await exec.run(kubectl, ['--kubeconfig', adminKubeconfig, ...command]);
      t.is(stdout, expected, stderr);
    },
    title: (name = '') => `the API server reaches the kubelet: ${name}`,
  });
  const reaching = ['/probe', 'reach', '--address', '127.0.0.1', '--port', '7000'];
  test.serial('the log of a pod', throughKubelet, ['logs', 'server'], 'serving on port 7000\n');
  test.serial('a program in a pod', throughKubelet, ['exec', 'server', '--', ...reaching], 'reached\n');

  test.serial('a test can bring an image of its own', async (t) => {
    const { kubernetes } = t.context;
    const program = new TextEncoder().encode('no program at all');
    const tar = imageTar([{ names: ['tre.local/broken:1'], program, path: '/broken' }], 'amd64');
    await kubernetes.realNode?.importImages(tar);
    await runPod(kubernetes, 'broken', { image: 'tre.local/broken:1', args: [] });
    const { containerStatuses } = await untilPhase(kubernetes, 'broken', 'Failed');
    t.not(containerStatuses?.[0]?.state.terminated, undefined, 'it was found and could not be run');
  });

  test.serial('pods outlive a killed containerd and a killed kubelet', async (t) => {
    const { kubernetes } = t.context;
    const { realNode } = kubernetes;
    await realNode?.kubelet.kill();
    await realNode?.containerd.kill();
    t.deepEqual(Object.keys(realNode?.pids() ?? {}), ['node-relay']);
    const startedAtMs = performance.now();
    await realNode?.containerd.start(signal);
    await realNode?.kubelet.start(signal);
    t.log(`ready again after ${inSeconds(performance.now() - startedAtMs)}`);
    t.is(await reach(kubernetes, 'again', '7000'), 'reached');
    const { containerStatuses } = await statusOf(kubernetes, 'server');
    t.is(containerStatuses?.[0]?.restartCount, 0);
  });
} else {
  test('without root a real node is refused, and the reason is said', async (t) => {
    const { folder } = t.context;
    const starting = startKubernetes({
      dataDir: join(folder, 'two'),
      signal,
      node: 'real',
      log: () => undefined,
    });
    const error = await t.throwsAsync(starting, { instanceOf: TreError });
    t.regex(error.message, /no real node here: real pods need root/);
  });
}
