// `npm start` on a real node: the example's pods run and answer HTTP, and nothing of it stays on the machine, whether it
// ends by Ctrl-C or is killed. Real pods need root: otherwise the same start must say so and simulate its node.
// The tests run in order and share one data folder.
import { realpathSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { type Child, systemExec } from '../../daemon/exec.ts';
import { apiOf } from '../../dev/kubernetes/api.ts';
import { credentialsOf } from '../../dev/kubernetes/credentials.ts';
import { layoutOf as kubernetesLayout } from '../../dev/kubernetes/layout.ts';
import { keptPorts } from '../../dev/kubernetes/ports.ts';
import { layoutOf } from '../../dev/start/layout.ts';
import { eventually, inSeconds } from '../support/eventually.ts';
import { networkOf, nodeProcesses, tracesOf } from '../support/node-traces.ts';
import { lastLine, npmStart, startedOn, startTimeoutMs, stopTimeoutMs } from '../support/npm-start.ts';

interface Context {
  readonly folder: string;
  readonly data: string;
  readonly kubernetes: string;
}
const test = anyTest as TestFn<Context>;

const exec = systemExec(process.env);
const isRoot = process.geteuid?.() === 0;
const healthyBarSeconds = 30;
const pages: Readonly<Record<string, RegExp>> = {
  portal: /<h1>Small TRE<\/h1>[^]*Welcome to Small TRE\.[^]*heart: Heart failure/,
  workspace: /^workspace 1\.0\.0, 1 file\(s\) in \/home\/researcher/,
};

test.before(async (t) => {
  const folder = realpathSync(await mkdtemp(join(tmpdir(), 'tre-node-')));
  const data = join(folder, 'data');
  t.context = { folder, data, kubernetes: layoutOf(data).kubernetes };
});

test.after.always((t) => rm(t.context.folder, { recursive: true, force: true }));

if (isRoot) {
  test.serial('pods run and answer HTTP; Ctrl-C leaves nothing on the machine', async (t) => {
    const { data, kubernetes } = t.context;
    const before = await tracesOf(exec, kubernetes);
    await using start = await startAndWait(t, data);
    await answering(t, kubernetes);
    t.true(nodeProcesses(kubernetes).size >= 8, 'containerd, kubelet, shims and pods');
    start.kill('SIGINT');
    await nothingRuns(kubernetes);
    t.like(await start.exited, { code: 0 });
    t.deepEqual(await tracesOf(exec, kubernetes), before);
  });

  for (const [moment, step, laterMs] of [
    ['while Kubernetes starts', /Kubernetes \.\.\./, 300],
    ['while the release is applied', /everything applied \.\.\./, 500],
    ['while pods start', /everything healthy \.\.\./, 1_000],
  ] as const)
    test.serial(`Ctrl-C ${moment} leaves nothing either`, async (t) => {
      const { folder } = t.context;
      const data = join(folder, `early-${laterMs}`);
      const kubernetes = layoutOf(data).kubernetes;
      const before = await tracesOf(exec, kubernetes);
      const said: string[] = [];
      await using start = await startedOn(data, said);
      const isThere = (): boolean =>
        said.some((line) => step.test(line)) && nodeProcesses(kubernetes).size > 0;
      await eventually(isThere, { what: () => said.join('\n'), timeoutMs: startTimeoutMs });
      await delay(laterMs);
      start.kill('SIGINT');
      t.like(await start.exited, { code: 0 });
      await nothingRuns(kubernetes);
      t.deepEqual(await tracesOf(exec, kubernetes), before);
    });

  test.serial(
    'killed with all its pods, it leaves nothing either, and the next start has them anew',
    async (t) => {
      const { data, kubernetes } = t.context;
      const before = await tracesOf(exec, kubernetes);
      await using start = await startAndWait(t, data);
      const pods = await podsOf(kubernetes);
      start.kill('SIGKILL');
      await nothingRuns(kubernetes);
      const isClean = async (): Promise<boolean> => (await tracesOf(exec, kubernetes))['cgroups'] === '';
      await eventually(isClean, { what: 'the control groups go', timeoutMs: stopTimeoutMs });
      t.deepEqual(await tracesOf(exec, kubernetes), before);

      const { code, stdout, stderr } = await npmStart('--once', '--data', data);
      t.is(code, 0, stderr);
      const { seconds, ...facts } = lastLine(stdout);
      t.like(facts, { node: 'real', applied: true, healthy: true });
      t.is(pods.length, 3);
      t.log(JSON.stringify(seconds));
      t.deepEqual(await tracesOf(exec, kubernetes), before);
    },
  );

  test.serial('a first start with --once has everything healthy within its bar', async (t) => {
    const data = join(t.context.folder, 'once');
    const { code, stdout, stderr } = await npmStart('--once', '--data', data);
    t.is(code, 0, stderr);
    const { seconds, ...facts } = lastLine(stdout);
    t.like(facts, { release: 'small-tre@1.0.0', node: 'real', applied: true, healthy: true });
    t.regex(stderr, /network policies are NOT enforced here/, 'said, and no failure');
    const parts = seconds as Readonly<Record<string, number>>;
    const healthyAfter = (parts['total'] ?? 0) - (parts['isolation'] ?? 0);
    t.log(JSON.stringify(seconds), inSeconds(healthyAfter * 1_000));
    t.true(healthyAfter <= healthyBarSeconds, JSON.stringify(seconds));
  });
} else {
  test('without root the node is simulated, and the start says so and why', async (t) => {
    const { code, stdout, stderr } = await npmStart('--once', '--data', t.context.data);
    t.is(code, 0, stderr);
    t.regex(stderr, /no real node here, so a simulated one: real pods need root/);
    t.like(lastLine(stdout), { node: 'simulated', applied: true, healthy: true });
  });
}

/** `npm start` until it says what to try: then everything is healthy. */
async function startAndWait(t: ExecutionContext, data: string): Promise<Child> {
  const said: string[] = [];
  const start = await startedOn(data, said);
  const isUp = (): boolean => said.some((line) => line.startsWith('Three things to try'));
  await eventually(isUp, { what: () => said.join('\n'), timeoutMs: startTimeoutMs });
  t.true(
    said.some((line) => line.includes('everything healthy: done in')),
    said.join('\n'),
  );
  return start;
}

interface PodFacts {
  readonly app: string;
  readonly phase: string;
  readonly address: string;
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly labels: { readonly app: string } };
    readonly status: { readonly phase: string; readonly podIP?: string };
  }[];
}

/** Pods of the example. */
async function podsOf(kubernetes: string): Promise<readonly PodFacts[]> {
  const { apiServer } = await keptPorts(kubernetes);
  const admin = await credentialsOf(kubernetesLayout(kubernetes), 'admin');
  using api = apiOf(`https://127.0.0.1:${apiServer}`, admin);
  const { body } = await api.request({ path: '/api/v1/pods?labelSelector=app' });
  return (body as PodList).items.map(({ metadata, status }) => {
    return { app: metadata.labels.app, phase: status.phase, address: status.podIP ?? '' };
  });
}

async function answering(t: ExecutionContext, kubernetes: string): Promise<void> {
  const pods = await podsOf(kubernetes);
  t.deepEqual(pods.map(({ app, phase }) => `${app} ${phase}`).sort(), [
    'portal Running',
    'portal-setup Succeeded',
    'workspace Running',
  ]);
  for (const { app, address } of pods.filter(({ phase }) => phase === 'Running')) {
    const script = 'process.stdout.write(await (await fetch(process.argv[1])).text())';
    const fetching = [process.execPath, '--input-type=module', '-e', script, `http://${address}:8080/`];
    const { stdout, stderr } = await exec.run('nsenter', [`--net=${networkOf(kubernetes)}`, ...fetching]);
    t.regex(stdout, pages[app] ?? /^$/, stderr);
  }
}

async function nothingRuns(kubernetes: string): Promise<void> {
  const running = (): readonly string[] => [...nodeProcesses(kubernetes).values()];
  await eventually(() => running().length === 0, {
    what: () => running().join('\n'),
    timeoutMs: stopTimeoutMs,
  });
}
