// Faults inside the cluster: nodes that are not ready or fall silent, a container runtime and a datastore that do not answer,
// an API server that was killed. Real parts are killed, so they come one after the other and the last leave the cluster
// unusable. Read by the system test of the doctor.
import process from 'node:process';
import { systemClock } from '../../daemon/clock.ts';
import type { LocalKubernetes } from '../../dev/kubernetes/kubernetes-handle.ts';
import type { RealNode } from '../../dev/kubernetes/node/real-node.ts';
import type { Bench, Fault } from './doctor-bench.ts';
import { eventually } from './eventually.ts';

/** A lease is suspect after 15 s. */
const silenceMs = 16_000;
/** Readiness takes longer than a usual answer when the datastore hangs. */
const patientFlags = { timeout: '5s' };

/** A second node, which has only just come and has no network. */
export const brokenNode: Fault = {
  name: 'a node that is not ready',
  hop: 'nodes',
  code: 'NodeNotReady',
  inject: async (bench) => {
    const { admin } = bench.kubernetes;
    const { kwok } = bench.kubernetes.pids();
    // It would make every node ready.
    if (kwok !== undefined) halt(kwok, bench);
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'second-node' } };
    await admin.request({ method: 'POST', path: '/api/v1/nodes', body: node });
    const ready = {
      type: 'Ready',
      status: 'False',
      reason: 'KubeletNotReady',
      message: 'cni plugin not initialized',
    };
    const path = '/api/v1/nodes/second-node/status';
    const contentType = 'application/merge-patch+json';
    await admin.request({ method: 'PATCH', path, contentType, body: { status: { conditions: [ready] } } });
    return { flags: { ...(await bench.whole()), ...patientFlags } };
  },
};

/** In this order. */
export const nodeFaults: readonly Fault[] = [
  {
    name: 'containerd is dead',
    hop: 'nodes',
    code: 'ContainerRuntimeDown',
    needs: 'a real node',
    inject: async (bench) => {
      const { admin } = bench.kubernetes;
      const node = realNodeOf(bench);
      await admin.request({ method: 'DELETE', path: '/api/v1/nodes/second-node' });
      await node.containerd.kill();
      const isSaid = async () => /runtime is down|PLEG/.test(await readyMessage(bench.kubernetes, node.name));
      await eventually(isSaid, { what: 'the kubelet says so', timeoutMs: 90_000, intervalMs: 500 });
      return { flags: { ...(await bench.whole()), ...patientFlags } };
    },
  },
  {
    name: 'the kubelet is dead',
    hop: 'nodes',
    code: 'NodeSilent',
    needs: 'a real node',
    inject: async (bench) => {
      await realNodeOf(bench).kubelet.kill();
      await systemClock.sleep(silenceMs);
      return { flags: { ...(await bench.whole()), ...patientFlags } };
    },
  },
];

function realNodeOf({ kubernetes }: Bench): RealNode {
  if (kubernetes.realNode === null) throw new Error('there is no real node');
  return kubernetes.realNode;
}

/** Nothing works with the cluster after these. */
export function lastFaults(kubernetes: LocalKubernetes): readonly Fault[] {
  return [
    {
      name: 'the datastore hangs',
      hop: 'api server',
      code: 'DATASTORE_DOWN',
      inject: async (bench) => {
        halt(kubernetes.pids().kine ?? 0, bench);
        return { flags: { ...(await bench.whole()), ...patientFlags } };
      },
    },
    {
      name: 'the API server was killed',
      hop: 'api server',
      code: 'API_SERVER_REFUSES',
      inject: async (bench) => {
        await kubernetes.apiServer.kill();
        return { flags: await bench.whole() };
      },
    },
  ];
}

/** Until the bench is cleared. */
function halt(pid: number, { stack }: Bench): void {
  process.kill(pid, 'SIGSTOP');
  stack.defer(() => void process.kill(pid, 'SIGCONT'));
}

async function readyMessage({ admin }: LocalKubernetes, name: string): Promise<string> {
  const { body } = await admin.request({ path: `/api/v1/nodes/${name}` });
  const { status } = body as { status?: { conditions?: readonly { type: string; message: string }[] } };
  return status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';
}
