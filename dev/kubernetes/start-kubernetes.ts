// Starts a real Kubernetes on loopback for tests, benchmarks and `npm start`: kine on SQLite, API server, controller
// manager, scheduler, and on request one node, real (node/) or simulated (kwok). Everything is kept in one data folder; a
// second start resumes it with the same port and certificates. Invariants: one process per data folder; whoever started
// it stops it, and when the starter is killed its parts end at once; nothing listens but the API server on 127.0.0.1.
import { resolve } from 'node:path';
import { ensurePrivateDir, writeFileAtomic } from '../../daemon/atomic-file.ts';
import { systemClock } from '../../daemon/clock.ts';
import { type Exec, systemExec } from '../../daemon/exec.ts';
import { systemFiles } from '../../daemon/files.ts';
import { TreError } from '../../proto/errors.ts';
import { grantAgentRights } from './agent-rights.ts';
import { type Api, apiOf } from './api.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { auditPolicy, commandLine, egressSettings, type ServerPart, serverParts } from './command-lines.ts';
import { credentialsOf, ensureCertificates, writeKubeconfigs } from './credentials.ts';
import { holdLock } from './held-lock.ts';
import type { KubernetesOptions, LocalKubernetes } from './kubernetes-handle.ts';
import { type Layout, layoutOf, users } from './layout.ts';
import { type ChosenNode, chooseNode, forgetEarlierRun } from './node/choose-node.ts';
import { type RealNode, startRealNode } from './node/real-node.ts';
import { isFree, keptPorts, type Ports } from './ports.ts';
import { type ServerProcess, serverProcess } from './server-process.ts';
import { ensureSimulatedNode, simulatedNodeName } from './simulated-node.ts';

type Servers = Readonly<Record<ServerPart, ServerProcess>>;

/** All that one start works with. */
interface Start {
  readonly options: KubernetesOptions;
  readonly layout: Layout;
  readonly ports: Ports;
  readonly servers: Servers;
  readonly admin: Api;
  readonly binaries: Binaries;
  readonly exec: Exec;
  readonly node: ChosenNode;
}

const portPatienceMs = 5_000;
const portPollMs = 50;

/**
 * Resolves when the API server is ready and the default namespace has its service account: about 3 s, plus a build
 * of about 5 minutes when the cache has none.
 * @throws TreError KUBERNETES_UNAVAILABLE, DATA_LOCKED, PORT_TAKEN, DATA_CORRUPT; nothing is left running then
 */
export async function startKubernetes(options: KubernetesOptions): Promise<LocalKubernetes> {
  const { signal, log, environment = process.env } = options;
  const exec = systemExec(environment);
  const layout = layoutOf(resolve(options.dataDir));
  const binaries = await findBinaries({ signal, log, environment });
  const node = await chooseNode(options.node, exec, { signal, log, environment });
  await using opened = new AsyncDisposableStack();
  await ensurePrivateDir(layout.dataDir);
  const lock = await holdLock(layout.lockFile, { exec });
  if (lock === undefined)
    throw new TreError('DATA_LOCKED', `another process runs a Kubernetes from ${layout.dataDir}`);
  opened.use(lock);
  // Left by a background process that was killed: it would name a process that is not ours.
  await systemFiles.remove(layout.runningFile);
  const ports = await keptPorts(layout.dataDir, options.ports);
  const serverUrl = `https://127.0.0.1:${ports.apiServer}`;
  await ensureCertificates(layout, binaries.path('certificates'), exec);
  await writeKubeconfigs(layout, serverUrl);
  await writeFileAtomic(layout.auditPolicyFile, JSON.stringify(auditPolicy));
  await writeFileAtomic(layout.egressFile, JSON.stringify(egressSettings));
  const admin = opened.use(apiOf(serverUrl, await credentialsOf(layout, 'admin')));
  const servers = serversOf({ binaries, layout, ports, log, hasRealNode: node.kind === 'real' }, exec);
  const start = { options, layout, ports, admin, servers, binaries, exec, node };
  await startControlPlane(start, opened);
  const realNode = await startNode(start, opened);
  return handleOf(start, {
    serverUrl,
    kubectl: binaries.path('kubectl'),
    realNode,
    stack: opened.move(),
  });
}

interface ServerContext {
  readonly binaries: Binaries;
  readonly layout: Layout;
  readonly ports: Ports;
  readonly log: (line: string) => void;
  readonly hasRealNode: boolean;
}

function serversOf({ binaries, layout, ports, log, hasRealNode }: ServerContext, exec: Exec): Servers {
  const server = (name: ServerPart): ServerProcess =>
    serverProcess({
      name,
      program: binaries.path(name),
      args: commandLine(name, layout, ports, hasRealNode),
      cwd: layout.dataDir,
      logFile: layout.log(name),
      exec,
      clock: systemClock,
      onUnexpectedEnd: log,
    });
  return {
    kine: server('kine'),
    'kube-apiserver': server('kube-apiserver'),
    'kube-controller-manager': server('kube-controller-manager'),
    'kube-scheduler': server('kube-scheduler'),
    kwok: server('kwok'),
  };
}

async function startControlPlane(start: Start, opened: AsyncDisposableStack): Promise<void> {
  const { options, servers, admin, ports, layout } = start;
  const { signal, agentGroups = [] } = options;
  const clients = [servers['kube-controller-manager'], servers['kube-scheduler'], servers.kwok];
  await waitForPort(ports.apiServer, layout, signal);
  opened.defer(() => servers.kine.stop());
  await servers.kine.start();
  opened.defer(() => servers['kube-apiserver'].stop());
  await startApiServer(start, signal);
  opened.defer(async () => void (await Promise.all(clients.map((server) => server.stop()))));
  await Promise.all([servers['kube-controller-manager'].start(), servers['kube-scheduler'].start()]);
  await grantAgentRights(admin, { agentUser: users.agent.name, customGroups: agentGroups, signal });
  const account = '/api/v1/namespaces/default/serviceaccounts/default';
  await servers['kube-controller-manager'].waitFor(() => answers(admin, account, signal), signal);
}

async function startApiServer({ servers, admin }: Start, signal: AbortSignal): Promise<void> {
  const server = servers['kube-apiserver'];
  await server.start();
  await server.waitFor(() => answers(admin, '/readyz', signal), signal);
}

async function startNode(start: Start, opened: AsyncDisposableStack): Promise<RealNode | null> {
  const { options, admin, layout, binaries, exec, ports, node } = start;
  const { signal, log } = options;
  if (node.kind === 'none') return null;
  await forgetEarlierRun(admin, node.kind, signal);
  if (node.kind === 'simulated') {
    await startSimulatedNode(start);
    return null;
  }
  const apiPort = ports.apiServer;
  const realNode = await startRealNode(node.programs, {
    layout,
    binaries,
    apiPort,
    admin,
    exec,
    log,
    signal,
  });
  log(`the node ${realNode.name} is real: containers run, in namespaces of their own`);
  return opened.use(realNode);
}

async function startSimulatedNode({ options, servers, admin }: Start): Promise<void> {
  const { signal, log } = options;
  log(
    `the node ${simulatedNodeName} is simulated: pods become Ready and Jobs complete, but no container runs`,
  );
  await ensureSimulatedNode(admin, signal);
  await servers.kwok.start();
  await servers.kwok.waitFor(
    () => answers(admin, `/api/v1/nodes/${simulatedNodeName}`, signal, isNodeReady),
    signal,
  );
}

function isNodeReady(body: unknown): boolean {
  const { status } = body as { status: { conditions?: readonly { type: string; status: string }[] } };
  return status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
}

async function answers(
  api: Api,
  path: string,
  signal: AbortSignal,
  accept: (body: unknown) => boolean = () => true,
): Promise<boolean> {
  try {
    const { status, body } = await api.request({ path, signal });
    return status === 200 && accept(body);
  } catch {
    // Not listening yet, or ended meanwhile: the caller sees which.
    signal.throwIfAborted();
    return false;
  }
}

/** Parts of a starter that was killed a moment ago may still hold the port. */
async function waitForPort(port: number, layout: Layout, signal: AbortSignal): Promise<void> {
  const deadline = systemClock.monotonic() + portPatienceMs;
  while (!(await isFree(port))) {
    if (systemClock.monotonic() > deadline) {
      const remedy = `stop what listens there, or remove ${layout.dataDir}/ports.json to choose another one`;
      throw new TreError('PORT_TAKEN', `port ${port} of 127.0.0.1 is in use: ${remedy}`, { facts: { port } });
    }
    await systemClock.sleep(portPollMs, signal);
  }
}

interface HandleFacts {
  readonly serverUrl: string;
  readonly kubectl: string;
  readonly realNode: RealNode | null;
  readonly stack: AsyncDisposableStack;
}

function handleOf(start: Start, { serverUrl, kubectl, realNode, stack }: HandleFacts): LocalKubernetes {
  const { layout, ports, servers, admin, node } = start;
  const stop = (): Promise<void> => stack.disposeAsync();
  return {
    serverUrl,
    caFile: layout.caFile,
    adminKubeconfig: layout.kubeconfig('admin'),
    agentKubeconfig: layout.kubeconfig('agent'),
    kubectl,
    admin,
    dataDir: layout.dataDir,
    ports,
    auditLogFile: layout.auditLogFile,
    node: node.kind,
    simulatedNode: node.kind === 'simulated',
    realNode,
    nodeNamespace: realNode?.networkNamespace ?? null,
    pids: () => {
      const parts = serverParts.flatMap((name) => pairs(name, servers[name].pid()));
      return { ...Object.fromEntries(parts), ...realNode?.pids() };
    },
    apiServer: {
      kill: () => servers['kube-apiserver'].kill(),
      start: (signal) => startApiServer(start, signal),
    },
    grantAgent: async (customGroups, signal) => {
      await grantAgentRights(admin, { agentUser: users.agent.name, customGroups, signal });
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function pairs(name: ServerPart, pid: number | undefined): [ServerPart, number][] {
  return pid === undefined ? [] : [[name, pid]];
}
