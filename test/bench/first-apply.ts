// 500 objects of about 1.2 kB onto a real API server: by the agent's own path (look, plan, write the books, apply,
// record, look again), by `kubectl apply --server-side` of the same build, and by a bare loop of HTTP/2 requests that
// keeps no books at all. Same cluster, same rights, rounds in turn; then all of it again with nothing changed.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterAccess } from '../../agent/cluster/kubeconfig.ts';
import { runChecked, systemExec } from '../../daemon/exec.ts';
import type { LocalKubernetes } from '../../dev/kubernetes/kubernetes-handle.ts';
import { startKubernetes } from '../../dev/kubernetes/start-kubernetes.ts';
import { accessOf, clusterSite, type Manifest } from '../support/cluster-site.ts';
import { atMost, type Bench, median, plain, type Report } from './report.ts';

const objectCount = 500;
const roundCount = 3;
const streams = 32;

/** Milliseconds of one round: everything new, then nothing new. */
interface Times {
  readonly create: number;
  readonly unchanged: number;
  /** CPU of this process for both, 0 where the work is another process's. */
  readonly cpu: number;
}

type Contender = (objects: readonly Manifest[]) => Promise<Times>;

export const bench: Bench = async (_args, say) => {
  const folder = await mkdtemp(join(tmpdir(), 'tre-bench-'));
  const signal = new AbortController().signal;
  try {
    await using kubernetes = await startKubernetes({
      dataDir: join(folder, 'kubernetes'),
      signal,
      log: say,
    });
    const access = await accessOf(kubernetes.agentKubeconfig);
    const contenders: Readonly<Record<string, Contender>> = {
      ours: (objects) => ours(access, join(folder, `site-${namespaceOf(objects)}`), objects),
      kubectl: (objects) => kubectl(kubernetes, folder, objects),
      bare: (objects) => bare(access, objects),
    };
    const times: Record<string, Times[]> = {};
    for (let round = 0; round < roundCount; round += 1)
      for (const [name, contender] of Object.entries(contenders)) {
        const home = `${name}-${round}`;
        await kubernetes.admin.request({
          method: 'POST',
          path: '/api/v1/namespaces',
          body: { metadata: { name: home } },
        });
        (times[name] ??= []).push(await contender(settingsIn(home)));
        // The next one shall not have more to look at than this one had.
        await kubernetes.admin.request({ method: 'DELETE', path: `/api/v1/namespaces/${home}/configmaps` });
      }
    return reportOf(times);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

function reportOf(times: Readonly<Record<string, readonly Times[]>>): Report {
  const middle = (name: string, part: keyof Times): number =>
    median((times[name] ?? []).map((one) => one[part]));
  const compared = (
    part: 'create' | 'unchanged',
    peer: string,
  ): { readonly name: string; readonly value: number } => ({ name: peer, value: middle(peer, part) });
  const ratio = (part: 'create' | 'unchanged', peer: string): number =>
    middle('ours', part) / middle(peer, part);
  return {
    name: 'first-apply',
    figures: [
      plain({
        name: 'create',
        value: middle('ours', 'create'),
        unit: 'ms',
        peer: compared('create', 'kubectl'),
      }),
      plain({ name: 'create, bare loop', value: middle('bare', 'create'), unit: 'ms' }),
      atMost(0.9, { name: 'create: ours to kubectl', value: ratio('create', 'kubectl'), unit: 'times' }),
      atMost(2, { name: 'create: ours to bare loop', value: ratio('create', 'bare'), unit: 'times' }),
      plain({
        name: 'no change',
        value: middle('ours', 'unchanged'),
        unit: 'ms',
        peer: compared('unchanged', 'kubectl'),
      }),
      plain({ name: 'no change, bare loop', value: middle('bare', 'unchanged'), unit: 'ms' }),
      atMost(0.2, {
        name: 'no change: ours to kubectl',
        value: ratio('unchanged', 'kubectl'),
        unit: 'times',
      }),
      atMost(1, { name: 'no change: ours to bare loop', value: ratio('unchanged', 'bare'), unit: 'times' }),
      plain({
        name: 'processor time, both',
        value: middle('ours', 'cpu'),
        unit: 'ms',
        peer: { name: 'bare', value: middle('bare', 'cpu') },
      }),
    ],
  };
}

async function ours(access: ClusterAccess, folder: string, objects: readonly Manifest[]): Promise<Times> {
  await using core = await clusterSite({ folder, access });
  core.want(objects);
  const applied = async (): Promise<void> => {
    const { plan } = await core.settle();
    if (!plan.applied) throw new Error(`not applied: ${JSON.stringify(plan.conditions)}`);
  };
  return await timed(applied, applied);
}

async function kubectl(
  kubernetes: LocalKubernetes,
  folder: string,
  objects: readonly Manifest[],
): Promise<Times> {
  const file = join(folder, 'objects.json');
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  const exec = systemExec({ HOME: folder });
  const args = ['--kubeconfig', kubernetes.agentKubeconfig, 'apply', '--server-side', '-f', file];
  const apply = async (): Promise<void> => {
    await runChecked(exec, kubernetes.kubectl, args, { timeoutMs: 120_000 });
  };
  return { ...(await timed(apply, apply)), cpu: 0 };
}

async function bare(access: ClusterAccess, objects: readonly Manifest[]): Promise<Times> {
  const session = connect(access.server, { ca: access.ca ?? undefined, ...access.certificate });
  const bodies = objects.map((object) => [object.metadata, Buffer.from(JSON.stringify(object))] as const);
  const loop = async (): Promise<void> => {
    const queue = bodies.values();
    const worker = async (): Promise<void> => {
      for (const [{ namespace, name }, body] of queue) {
        const path = `/api/v1/namespaces/${namespace}/configmaps/${name}?fieldManager=bare`;
        const stream = session.request({
          ':method': 'PATCH',
          ':path': path,
          'content-type': 'application/apply-patch+yaml',
        });
        stream.end(body);
        await stream.resume().toArray();
      }
    };
    await Promise.all(Array.from({ length: streams }, worker));
  };
  try {
    return await timed(loop, loop);
  } finally {
    session.destroy();
  }
}

async function timed(create: () => Promise<void>, again: () => Promise<void>): Promise<Times> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await create();
  const between = performance.now();
  await again();
  const end = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  return { create: between - start, unchanged: end - between, cpu: (user + system) / 1000 };
}

function settingsIn(namespace: string): Manifest[] {
  const text = 'All work and no play makes a long text. '.repeat(28);
  return Array.from({ length: objectCount }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `settings-${index}`, namespace },
    data: { text: `${index} ${text}` },
  }));
}

function namespaceOf(objects: readonly Manifest[]): string {
  return objects[0]?.metadata.namespace ?? '';
}
