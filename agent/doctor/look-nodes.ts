// The nodes of the cluster: is each ready, does its kubelet report, does its container runtime answer? A kubelet that
// died is seen by its lease before Kubernetes itself says so. Called by examine.ts.
import type { ApiFailure, ClusterApi } from '../cluster/api.ts';
import { type Finding, finding } from './findings.ts';
import { hop, type Look, wrong } from './hop.ts';
import { clusterApi } from './look-api-server.ts';

export const lookAtNodes = hop(
  'nodes',
  ['access', 'nodesReadable'],
  async ({ access }, tools): Promise<Look> => {
    await using api = clusterApi(access, tools);
    const nodes = await list<Node>(api, '/api/v1/nodes', tools.signal);
    if (!nodes.ok) return wrong(finding(nodes.failure.code, `GET /api/v1/nodes: ${nodes.failure.detail}`));
    const { items } = nodes;
    if (items.length === 0) return wrong(finding('NODES_MISSING', access.server.host));
    // Without the right to see leases, what Kubernetes says of a node has to do.
    const leases = await list<Lease>(api, leasesPath, tools.signal);
    const renewedAtMs = new Map(
      (leases.ok ? leases.items : []).map(({ metadata, spec }) => [
        metadata.name,
        Date.parse(spec?.renewTime ?? ''),
      ]),
    );
    const nowMs = tools.clock.now();
    const findings = items.flatMap((node) => judgeNode(node, renewedAtMs.get(node.metadata.name), nowMs));
    const facts = findings[0]?.detail ?? (items.length === 1 ? '1 is ready' : `${items.length} are ready`);
    return { facts, findings };
  },
);

const leasesPath = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';

/** Only what is read here. */
export interface Node {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

interface Lease {
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly renewTime?: string };
}

/** A kubelet renews every 10 s; Kubernetes itself waits for 40 s and more. */
const silentAfterMs = 30_000;

/** At most one finding per node; `renewedAtMs` is when its kubelet last renewed its lease, undefined or NaN when unknown. */
export function judgeNode(node: Node, renewedAtMs: number | undefined, nowMs: number): readonly Finding[] {
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  const { name } = node.metadata;
  const message = ready?.message ?? '';
  if (ready?.status === 'Unknown') return [finding('NodeSilent', `${name}: ${message}`)];
  if (renewedAtMs !== undefined && nowMs - renewedAtMs > silentAfterMs) {
    const seconds = Math.round((nowMs - renewedAtMs) / 1000);
    return [finding('NodeSilent', `${name}: its kubelet was last heard of ${seconds} s ago`)];
  }
  if (ready?.status === 'True') return [];
  const isRuntime = /container runtime|\bcri\b|PLEG/i.test(message);
  return [finding(isRuntime ? 'ContainerRuntimeDown' : 'NodeNotReady', `${name}: ${message}`)];
}

type Listed<T> =
  | { readonly ok: true; readonly items: readonly T[] }
  | { readonly ok: false; readonly failure: ApiFailure };

async function list<T>(api: ClusterApi, path: string, signal: AbortSignal): Promise<Listed<T>> {
  const answer = await api.request({ method: 'GET', path }, signal);
  if (!answer.ok) return { ok: false, failure: answer };
  const { items = [] } = JSON.parse(new TextDecoder().decode(answer.body)) as {
    readonly items?: readonly T[];
  };
  return { ok: true, items };
}
