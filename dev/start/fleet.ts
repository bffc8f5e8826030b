// The three long-lived parts of one TRE Fleet on this machine: Kubernetes, control plane, agent, each a process of its
// own. Opens them on a data folder, resumes what is there, closes them in reverse order. Every command is given as a
// person would give it. Used by start.ts and by system tests, which kill and restart the parts through it.
import { readIfPresent } from '../../daemon/atomic-file.ts';
import type { Clock } from '../../daemon/clock.ts';
import type { Exec } from '../../daemon/exec.ts';
import { TreError } from '../../proto/errors.ts';
import { holdLock } from '../kubernetes/held-lock.ts';
import type { Kubernetes, KubernetesOptions, LocalKubernetes } from '../kubernetes/kubernetes-handle.ts';
import { probeImage } from '../kubernetes/node/node-images.ts';
import { type Commands, createCommands, programs } from './commands.ts';
import { choosePorts, type Layout, layoutOf, makeFolders, type Ports } from './layout.ts';
import type { Progress } from './progress.ts';
import { answers, isListening, isServing } from './ready.ts';
import { createService, type Service } from './service.ts';

/** What a fleet on one machine is opened with. */
export interface FleetOptions<K extends Kubernetes> {
  readonly dataDir: string;
  readonly signal: AbortSignal;
  readonly exec: Exec;
  readonly clock: Clock;
  readonly progress: Progress;
  /** Starts or finds the cluster; always asked for a node: a real one where this machine can. */
  readonly openKubernetes: (options: KubernetesOptions) => Promise<K>;
}

/** A running fleet. Disposing stops agent, control plane and Kubernetes; the data folder stays. */
export interface Fleet<K extends Kubernetes = LocalKubernetes> extends AsyncDisposable {
  readonly layout: Layout;
  readonly ports: Ports;
  readonly commands: Commands;
  readonly kubernetes: K;
  readonly controlPlane: Service;
  /** Not started yet: the site may have to be created first. */
  readonly agent: Service;
}

const readyTimeoutMs = 30_000;

/** Starts Kubernetes and the control plane, and logs the operator in. Throws what the parts say, and TreError DATA_LOCKED. */
export async function openFleet<K extends Kubernetes>(options: FleetOptions<K>): Promise<Fleet<K>> {
  const { dataDir, signal, exec, clock, progress } = options;
  const layout = layoutOf(dataDir);
  await makeFolders(layout);
  await using opened = new AsyncDisposableStack();
  const lock = await holdLock(layout.lock, { exec });
  if (lock === undefined)
    throw new TreError('DATA_LOCKED', `another start of TRE Fleet runs in ${layout.root}`);
  opened.use(lock);
  const ports = await choosePorts(layout);
  const commands = createCommands(exec, layout, signal);
  const controlPlane = opened.use(controlPlaneService(layout, ports, { exec, clock }));
  const failed = new AbortController();
  // Neither needs the other, and both mostly wait; but Kubernetes may be minutes away, and is not waited for in vain.
  const [cluster, server] = await Promise.allSettled([
    progress.step('kubernetes', 'Kubernetes', async () => {
      const log = (line: string): void => progress.say(`    ${line}`);
      const either = AbortSignal.any([signal, failed.signal]);
      const wanted = { dataDir: layout.kubernetes, signal: either, log, node: true };
      return opened.use(await options.openKubernetes(wanted));
    }),
    progress.step('controlPlane', 'control plane', async () => {
      try {
        await initialise(layout, ports, commands);
        await controlPlane.start(signal);
        await login(layout, ports, commands);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }),
  ]);
  if (server.status === 'rejected') throw server.reason;
  if (cluster.status === 'rejected') throw cluster.reason;
  const kubernetes = cluster.value;
  const agent = opened.use(agentService(layout, kubernetes, { exec, clock }));
  const stack = opened.move();
  return {
    layout,
    ports,
    commands,
    kubernetes,
    controlPlane,
    agent,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

interface Tools {
  readonly exec: Exec;
  readonly clock: Clock;
}

async function initialise(layout: Layout, ports: Ports, commands: Commands): Promise<void> {
  if ((await readIfPresent(layout.operatorToken)) !== undefined) return;
  await commands.controlPlane(
    'init',
    '--data',
    layout.controlPlane,
    '--host',
    'localhost',
    '--grpc-port',
    String(ports.agents),
    '--http-port',
    String(ports.people),
    '--token-file',
    layout.operatorToken,
  );
}

async function login(layout: Layout, ports: Ports, commands: Commands): Promise<void> {
  const server = `https://localhost:${ports.people}`;
  await commands.trectl(
    'login',
    '--server',
    server,
    '--ca',
    caFileOf(layout),
    '--token-file',
    layout.operatorToken,
  );
}

function caFileOf({ controlPlane }: Layout): string {
  return `${controlPlane}/trust/ca.pem`;
}

function controlPlaneService(layout: Layout, ports: Ports, tools: Tools): Service {
  return createService(
    {
      name: 'control plane',
      args: [programs.controlPlane, 'run', '--data', layout.controlPlane],
      env: {},
      logFile: `${layout.logs}/control-plane.log`,
      isReady: async () =>
        (await isServing({ port: ports.people, caFile: caFileOf(layout) })) &&
        (await isListening({ host: '127.0.0.1', port: ports.agents })),
      readyTimeoutMs,
    },
    tools,
  );
}

/** Only a node of ours has the image of the probe. */
function probeSettings({ node }: Kubernetes): Readonly<Record<string, string>> {
  return node === 'real' ? { TRE_AGENT_PROBE_IMAGE: probeImage } : {};
}

function agentService(layout: Layout, kubernetes: Kubernetes, tools: Tools): Service {
  const flags = ['--optimize-for-size', '--max-semi-space-size=1', '--v8-pool-size=1'];
  return createService(
    {
      name: 'agent',
      args: [
        ...flags,
        programs.agent,
        'run',
        '--data',
        layout.agent,
        '--kubeconfig',
        kubernetes.agentKubeconfig,
        '--join',
        layout.joinFile,
        '--socket',
        layout.agentSocket,
      ],
      env: { MALLOC_ARENA_MAX: '1', ...probeSettings(kubernetes) },
      logFile: `${layout.logs}/agent.log`,
      isReady: () => answers(layout.agentSocket),
      readyTimeoutMs,
    },
    tools,
  );
}
