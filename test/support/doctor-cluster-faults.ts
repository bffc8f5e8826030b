// Faults between the agent and its Kubernetes: kubeconfig, credentials, certificates, an API server that is away, hangs or
// answers with errors. A real API server, behind a proxy where it has to misbehave. Read by the system test of the doctor.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment } from '../../daemon/config.ts';
import { systemExec } from '../../daemon/exec.ts';
import type { Proof } from '../../dev/kubernetes/kubeconfig.ts';
import { accessOf } from './cluster-site.ts';
import { type Bench, dayMs, type Fault } from './doctor-bench.ts';
import { lossyNetwork } from './doctor-network-faults.ts';
import { faults, inject } from './fault-proxy.ts';
import { loopbackIdentityAt } from './loopback-certificate.ts';
import { closedPort, http2, silent } from './odd-servers.ts';
import { type Interference, recordingProxy } from './recording-proxy.ts';

/** A machine whose kubeconfig is this text. */
const kubeconfig =
  (text: (bench: Bench) => string): Fault['inject'] =>
  async (bench) => {
    const file = join(bench.folder(), 'kubeconfig');
    writeFileSync(file, text(bench), { mode: 0o600 });
    return { flags: { ...(await bench.machine()), kubeconfig: file } };
  };

const right = ({ kubernetes }: Bench): string => readFileSync(kubernetes.agentKubeconfig, 'utf8');

/** The right kubeconfig for another server. */
async function elsewhere(bench: Bench, port: number, ca?: string): Promise<Record<string, string>> {
  const direct = await accessOf(bench.kubernetes.agentKubeconfig);
  const proof: Proof = direct.certificate ?? { token: '' };
  return bench.cluster(`https://127.0.0.1:${port}`, ca ?? direct.ca ?? '', proof);
}

/** The real API server behind a proxy that answers everything so. */
const answering =
  (interference: Interference): Fault['inject'] =>
  async (bench) => {
    const proxy = bench.stack.use(await recordingProxy(await accessOf(bench.kubernetes.agentKubeconfig)));
    inject(proxy, interference);
    return { flags: await elsewhere(bench, Number(proxy.access.server.port), proxy.access.ca ?? '') };
  };

async function clusterCa({ kubernetes }: Bench): Promise<string> {
  return (await accessOf(kubernetes.agentKubeconfig)).ca ?? '';
}

/** A token of the real API server that may do nothing. */
async function powerless({ kubernetes }: Bench): Promise<string> {
  const { body } = await kubernetes.admin.request({
    method: 'POST',
    path: '/api/v1/namespaces/default/serviceaccounts/default/token',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  });
  return (body as { status: { token: string } }).status.token;
}

export const clusterFaults: readonly Fault[] = [
  {
    name: 'no kubeconfig there',
    hop: 'kubeconfig',
    code: 'KUBECONFIG_MISSING',
    inject: async (bench) => ({
      flags: { ...(await bench.machine()), kubeconfig: join(bench.folder(), 'nowhere') },
    }),
  },
  {
    name: 'a kubeconfig on a disk that hangs',
    hop: 'kubeconfig',
    code: 'CHECK_UNFINISHED',
    inject: async (bench) => {
      const file = join(bench.folder(), 'pipe');
      await systemExec(environment()).run('mkfifo', [file]);
      return { flags: { ...(await bench.machine()), kubeconfig: file } };
    },
  },
  {
    name: 'a kubeconfig that is no YAML',
    hop: 'kubeconfig',
    code: 'KUBECONFIG_INVALID',
    inject: kubeconfig(() => 'apiVersion: [v1'),
  },
  {
    name: 'a context that is not in the kubeconfig',
    hop: 'kubeconfig',
    code: 'KUBECONFIG_INVALID',
    inject: async (bench) => ({ flags: { ...(await bench.whole()), context: 'york' } }),
  },
  {
    name: 'an expired client certificate',
    hop: 'kubeconfig',
    code: 'CLUSTER_CERTIFICATE_EXPIRED',
    also: ['CLUSTER_UNAUTHENTICATED'],
    inject: async (bench) => {
      const proof = await loopbackIdentityAt(-30 * dayMs);
      return { flags: await bench.cluster(bench.kubernetes.serverUrl, await clusterCa(bench), proof) };
    },
  },
  {
    name: 'an exec credential that fails',
    hop: 'kubeconfig',
    code: 'CLUSTER_CREDENTIAL_FAILED',
    inject: kubeconfig((bench) =>
      right(bench).replace(
        /client-certificate-data: .*\n +client-key-data: .*/,
        'exec: { apiVersion: client.authentication.k8s.io/v1, command: "false", interactiveMode: Never }',
      ),
    ),
  },
  {
    name: 'the kubeconfig of another cluster',
    hop: 'api server',
    code: 'API_SERVER_UNTRUSTED',
    inject: async (bench) => {
      const { port } = new URL(bench.kubernetes.serverUrl);
      return { flags: await elsewhere(bench, Number(port), bench.plane.ca) };
    },
  },
  {
    name: 'an API server with an expired certificate',
    hop: 'api server',
    code: 'API_SERVER_CERTIFICATE_EXPIRED',
    inject: async (bench) => {
      const shown = await loopbackIdentityAt(-30 * dayMs);
      const port = await http2(bench.stack, shown, { answer: { ':status': 200 } });
      return { flags: await elsewhere(bench, port, shown.cert) };
    },
  },
  {
    name: 'a token that is wrong (401)',
    hop: 'api server',
    code: 'CLUSTER_UNAUTHENTICATED',
    inject: async (bench) => ({
      flags: await bench.cluster(bench.kubernetes.serverUrl, await clusterCa(bench), { token: 'wrong' }),
    }),
  },
  {
    name: 'a user without rights (403)',
    hop: 'api server',
    code: 'CLUSTER_FORBIDDEN',
    inject: async (bench) => ({
      flags: await bench.cluster(bench.kubernetes.serverUrl, await clusterCa(bench), {
        token: await powerless(bench),
      }),
    }),
  },
  {
    name: 'no API server there',
    hop: 'api server',
    code: 'API_SERVER_REFUSES',
    inject: async (bench) => ({ flags: await elsewhere(bench, await closedPort()) }),
  },
  {
    name: 'an API server that is stopped',
    hop: 'api server',
    code: 'API_SERVER_SILENT',
    inject: async (bench) => ({ flags: await elsewhere(bench, await silent(bench.stack)) }),
  },
  {
    name: 'an API server that hangs',
    hop: 'api server',
    code: 'API_SERVER_SILENT',
    inject: answering('hang'),
  },
  {
    name: 'an API server that is busy (429)',
    hop: 'api server',
    code: 'CLUSTER_BUSY',
    inject: answering(faults.busy),
  },
  {
    name: 'an API server that is not ready',
    hop: 'api server',
    code: 'API_SERVER_NOT_READY',
    inject: answering({
      status: 500,
      headers: { 'content-type': 'text/plain' },
      body: '[+]ping ok\n[+]etcd ok\n[-]poststarthook/rbac/bootstrap-roles failed: reason withheld\nreadyz check failed\n',
    }),
  },
  {
    name: 'an API server to which no way leads',
    hop: 'api server',
    code: 'API_SERVER_UNREACHABLE',
    inject: async (bench) => ({
      flags: await bench.cluster('https://255.255.255.255:6443', await clusterCa(bench), { token: 'any' }),
    }),
  },
  {
    name: 'an API server behind a firewall',
    hop: 'api server',
    code: 'API_SERVER_FILTERED',
    also: ['TCP_REFUSED'],
    firewall: /^allow TCP from this machine \(192\.0\.2\.1\) to 192\.0\.2\.55 port 6443, TLS not inspected$/,
    needs: 'namespaces',
    inject: async (bench) => ({
      flags: await bench.cluster('https://192.0.2.55:6443', await clusterCa(bench), { token: 'any' }),
      network: true,
      setup: lossyNetwork,
    }),
  },
  {
    name: 'an API server that fails (500)',
    hop: 'api server',
    code: 'CLUSTER_FAILING',
    inject: answering(faults.failing),
  },
];
