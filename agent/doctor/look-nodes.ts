// The nodes of the cluster: is each ready, does its kubelet report, does its container runtime answer? A kubelet that
// died is seen by its lease before Kubernetes itself says so. Called by examine.ts.
import type { ApiFailure, ClusterApi } from '../cluster/api.ts';
import { type Finding, finding } from './findings.ts';
import { hop, type Look, type Tools, wrong } from './hop.ts';
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
    const silent = await silentNodes(api, items, tools);
    const findings = items.flatMap((node) => judgeNode(node, silent));
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

/** At most one finding per node; `silent` are the names of those whose kubelet was not heard of. */
export function judgeNode(node: Node, silent: ReadonlySet<string>): readonly Finding[] {
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  const { name } = node.metadata;
  const message = ready?.message ?? 'its kubelet has not reported yet';
  if (ready?.status === 'Unknown') return [finding('NodeSilent', `${name}: ${message}`)];
  if (silent.has(name)) return [finding('NodeSilent', `${name}: its kubelet renews its lease no more`)];
  if (ready?.status === 'True') return [];
  return [
    finding(runtimeDown.test(message) ? 'ContainerRuntimeDown' : 'NodeNotReady', `${name}: ${message}`),
  ];
}

/** In the words of the kubelet; that its network is not set up is another matter. */
const runtimeDown = /container runtime (?:is down|status check)|PLEG is not healthy/i;

/** A kubelet renews its lease every 10 s; Kubernetes itself waits for 40 s and more before it says anything. */
const suspectAfterMs = 15_000;
const watchMs = 12_000;
const watchIntervalMs = 1_000;

/**
 * Nodes whose lease looks old by our clock, which may be wrong, and is not renewed while we look. Without the right to see
 * leases, or when they cannot be seen a second time, nobody is suspected.
 */
export async function silentNodes(
  api: ClusterApi,
  nodes: readonly Node[],
  { clock, signal }: Pick<Tools, 'clock' | 'signal'>,
): Promise<ReadonlySet<string>> {
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  const first = (await renewals(api, signal)) ?? new Map<string, string>();
  const isOld = (text: string) => clock.now() - Date.parse(text) > suspectAfterMs;
  const suspects = [...first].filter(([name, text]) => names.has(name) && isOld(text));
  const endMs = clock.monotonic() + watchMs;
  let silent = suspects;
  let isSeenAgain = false;
  while (silent.length > 0 && clock.monotonic() < endMs) {
    await clock.sleep(watchIntervalMs, signal);
    const now = await renewals(api, signal);
    if (now === undefined) continue;
    isSeenAgain = true;
    silent = silent.filter(([name, text]) => now.get(name) === text);
  }
  return new Set(isSeenAgain ? silent.map(([name]) => name) : []);
}

/** Undefined when they cannot be seen. */
async function renewals(
  api: ClusterApi,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string> | undefined> {
  const leases = await list<Lease>(api, leasesPath, signal);
  if (!leases.ok) return undefined;
  return new Map(leases.items.map(({ metadata, spec }) => [metadata.name, spec?.renewTime ?? '']));
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
