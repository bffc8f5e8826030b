// A cluster that somebody else runs, named by TRE_KUBECONFIG: the person who named it is its administrator, the agent
// becomes a service account there. Needs their kubectl, so that every way to log in works that theirs knows.
// Invariants: nothing of the cluster is removed when we stop; administrator credentials stay in their own file.
// What needs processes of ours (audit log, kill -9) is not offered. Called by open-kubernetes.ts.
import { join, resolve } from 'node:path';
import { ensurePrivateDir, writeFileAtomic } from '../../daemon/atomic-file.ts';
import { systemClock } from '../../daemon/clock.ts';
import { type Exec, systemExec } from '../../daemon/exec.ts';
import { TreError } from '../../proto/errors.ts';
import { grantAgentRights } from './agent-rights.ts';
import { type Api, apiOnSocket } from './api.ts';
import { kubeconfigText } from './kubeconfig.ts';
import type { Kubernetes, KubernetesOptions } from './kubernetes-handle.ts';

const namespace = 'tre-fleet';
const account = 'tre-agent';
const agentUser = `system:serviceaccount:${namespace}:${account}`;
const tokenLifetimeSeconds = 30 * 24 * 3600;
const proxyPatienceMs = 15_000;
const proxyPollMs = 50;

/** @throws TreError KUBECONFIG_INVALID, CLUSTER_UNREACHABLE, CLUSTER_FORBIDDEN; DaemonError `command-missing` without kubectl */
export async function existingKubernetes(
  kubeconfig: string,
  options: KubernetesOptions,
): Promise<Kubernetes> {
  const { signal, log, agentGroups = [], environment = process.env } = options;
  const exec = systemExec({ ...environment, KUBECONFIG: kubeconfig });
  const dataDir = await ensurePrivateDir(resolve(options.dataDir));
  const { server, ca } = await readCluster(exec, kubeconfig);
  await using opened = new AsyncDisposableStack();
  const socket = join(dataDir, 'admin.sock');
  opened.use(await startProxy(exec, dataDir));
  const admin = apiOnSocket(socket);
  await waitUntilReady(admin, server, signal);
  log(`using the cluster ${server} of TRE_KUBECONFIG: the agent is ${agentUser} there`);
  await grantAgentRights(admin, { agentUser, customGroups: agentGroups, signal });
  const token = await agentToken(admin, signal);
  const agentKubeconfig = join(dataDir, 'agent.kubeconfig');
  await writeFileAtomic(agentKubeconfig, kubeconfigText({ server, ca, user: account, proof: { token } }));
  const caFile = join(dataDir, 'ca.crt');
  await writeFileAtomic(caFile, ca);
  const stack = opened.move();
  const stop = (): Promise<void> => stack.disposeAsync();
  return {
    serverUrl: server,
    caFile,
    adminKubeconfig: kubeconfig,
    agentKubeconfig,
    kubectl: 'kubectl',
    node: 'its-own',
    simulatedNode: false,
    admin,
    grantAgent: (customGroups, bound) => grantAgentRights(admin, { agentUser, customGroups, signal: bound }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

interface Cluster {
  readonly server: string;
  readonly ca: string;
}

/** Only the address and the authority of the current context; users and their secrets stay unread. */
async function readCluster(exec: Exec, kubeconfig: string): Promise<Cluster> {
  const form = '{.clusters[0].cluster.server} {.clusters[0].cluster.certificate-authority-data}';
  const view = ['config', 'view', '--minify', '--flatten', '--raw', '-o', `jsonpath=${form}`];
  const { code, stdout, stderr } = await exec.run('kubectl', view);
  const [server = '', ca = ''] = stdout.trim().split(' ');
  if (code === 0 && server.startsWith('https://') && ca !== '')
    return { server, ca: Buffer.from(ca, 'base64').toString() };
  const why = stderr.trim() || 'its current context names no https server with a certificate authority';
  throw new TreError('KUBECONFIG_INVALID', `TRE_KUBECONFIG=${kubeconfig} cannot be used: ${why}`);
}

// kubectl knows nothing of a leash, so a shell holds it: end of input ends the proxy.
const leashed = '"$@" & cat >/dev/null; kill "$!"';

async function startProxy(exec: Exec, dataDir: string): Promise<AsyncDisposable> {
  const command = ['-c', leashed, 'sh', 'kubectl', 'proxy', '--unix-socket=admin.sock'];
  const output = { file: join(dataDir, 'kubectl-proxy.log') };
  return await exec.spawn('sh', command, { cwd: dataDir, output, leash: true, group: true });
}

async function waitUntilReady(admin: Api, server: string, signal: AbortSignal): Promise<void> {
  const deadline = systemClock.monotonic() + proxyPatienceMs;
  for (let last: unknown; ; await systemClock.sleep(proxyPollMs, signal)) {
    try {
      const { status } = await admin.request({ path: '/readyz', signal });
      if (status === 200) return;
      last = new Error(`/readyz answered ${status}`);
    } catch (error) {
      signal.throwIfAborted();
      last = error;
    }
    if (systemClock.monotonic() > deadline) {
      throw new TreError('CLUSTER_UNREACHABLE', `the cluster ${server} of TRE_KUBECONFIG does not answer`, {
        cause: last,
      });
    }
  }
}

async function agentToken(admin: Api, signal: AbortSignal): Promise<string> {
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const manager = 'fieldManager=tre-fleet-dev&force=true';
  const objects = [
    {
      path: `/api/v1/namespaces/${namespace}`,
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    },
    {
      path: `${accounts}/${account}`,
      body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace } },
    },
  ];
  for (const { path, body } of objects) {
    const { status } = await admin.request({ method: 'PATCH', path: `${path}?${manager}`, body, signal });
    if (status >= 300)
      throw new TreError('CLUSTER_FORBIDDEN', `cannot write ${path} with TRE_KUBECONFIG: ${status}`);
  }
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: tokenLifetimeSeconds },
  };
  const answer = await admin.request({ method: 'POST', path: `${accounts}/${account}/token`, body, signal });
  if (answer.status !== 201)
    throw new TreError('CLUSTER_FORBIDDEN', `no token for ${agentUser}: ${answer.status}`);
  return (answer.body as { status: { token: string } }).status.token;
}
