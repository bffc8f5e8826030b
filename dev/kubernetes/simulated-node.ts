// The node object that kwok plays. Its name, label and annotation say everywhere that it is simulated.
// Called by start-kubernetes.ts when a node is asked for.
import type { Api } from './api.ts';

export const simulatedNodeName = 'simulated-node';

const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: simulatedNodeName,
    labels: {
      'kubernetes.io/hostname': simulatedNodeName,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'tre-fleet.dev/simulated': 'true',
    },
    annotations: {
      'kwok.x-k8s.io/node': 'fake',
      'tre-fleet.dev/simulated': 'no container ever runs on this node',
    },
  },
};

/** Makes the node; one that is there already stays as it is. */
export async function ensureSimulatedNode(admin: Api, signal: AbortSignal): Promise<void> {
  const path = `/api/v1/nodes/${simulatedNodeName}?fieldManager=tre-fleet-dev&force=true`;
  const { status, body } = await admin.request({ method: 'PATCH', path, body: node, signal });
  if (status >= 300) throw new Error(`cannot make the simulated node: ${status} ${JSON.stringify(body)}`);
}
