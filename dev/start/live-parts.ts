// The rows of the live view for what runs on this machine: Kubernetes, its node, control plane, agent. Each is looked at,
// none is taken for what it was at the start. Each row fits 80 columns. Called by live.ts.
import type { Kubernetes } from '../kubernetes/kubernetes-handle.ts';
import type { Fleet } from './fleet.ts';
import type { Part } from './live-screen.ts';

/** What Kubernetes says of its nodes. */
export interface NodesSeen {
  readonly all: number;
  readonly ready: number;
  /** When one of them became ready, or ceased to be, last; milliseconds since 1970, null when none says. */
  readonly sinceMs: number | null;
}

export interface PartsSeen {
  /** Since when it answers; null while it does not. */
  readonly kubernetesSinceMs: number | null;
  /** Null while nobody says. */
  readonly nodes: NodesSeen | null;
  /** Whether it answers. */
  readonly controlPlane: boolean;
}

export function partsOf(fleet: Fleet<Kubernetes>, seen: PartsSeen): readonly Part[] {
  const { kubernetesSinceMs, nodes, controlPlane } = seen;
  const { serverUrl, node } = fleet.kubernetes;
  return [
    {
      name: 'Kubernetes',
      words: `${kubernetesSinceMs === null ? 'does not answer' : 'answers'} at ${serverUrl}`,
      tone: kubernetesSinceMs === null ? 'bad' : 'good',
      sinceMs: kubernetesSinceMs,
    },
    nodePart(node, nodes),
    servicePart('control plane', fleet.controlPlane, controlPlane),
    servicePart('agent', fleet.agent, true),
  ];
}

function servicePart(name: string, { since, pid }: Fleet['agent'], answers: boolean): Part {
  const startedAtMs = since() ?? null;
  if (startedAtMs === null) return { name, words: 'has ended', tone: 'bad', sinceMs: null };
  const words = answers ? `runs, process ${pid()}` : `runs, process ${pid()}, but does not answer`;
  return { name, words, tone: answers ? 'good' : 'bad', sinceMs: startedAtMs };
}

const nodeWords: Readonly<Record<Kubernetes['node'], string>> = {
  real: 'containers run',
  simulated: 'pods seem to run, no container does',
  none: 'pods stay pending',
  'its-own': 'those that the cluster has',
};

function nodePart(kind: Kubernetes['node'], nodes: NodesSeen | null): Part {
  const part = (words: string, tone: Part['tone']): Part => ({
    name: 'node',
    words: `${kind === 'its-own' ? '' : `${kind}: `}${words}`,
    tone,
    sinceMs: nodes?.sinceMs ?? null,
  });
  if (kind === 'none') return part(nodeWords.none, 'plain');
  if (nodes === null) return part('not known, Kubernetes does not say', 'warn');
  if (nodes.all === 0) return part('there is no node, pods stay pending', 'bad');
  const lost = nodes.all - nodes.ready;
  const which = nodes.all === 1 ? 'not ready' : `${lost} of ${nodes.all} not ready`;
  if (lost > 0) return part(`${which}, nothing new starts there`, 'bad');
  return part(nodeWords[kind], kind === 'simulated' ? 'warn' : 'plain');
}

/** Null while there is no answer, or none that says it. */
export async function lookAtNodes({ admin }: Kubernetes, signal: AbortSignal): Promise<NodesSeen | null> {
  try {
    const { status, body } = await admin.request({ path: '/api/v1/nodes', signal });
    return status === 200 ? nodesIn(body as NodeList) : null;
  } catch {
    return null;
  }
}

interface NodeList {
  readonly items?: readonly {
    readonly status?: {
      readonly conditions?: readonly {
        readonly type: string;
        readonly status: string;
        readonly lastTransitionTime?: string;
      }[];
    };
  }[];
}

function nodesIn({ items = [] }: NodeList): NodesSeen {
  const conditions = items.flatMap(
    ({ status }) => status?.conditions?.filter(({ type }) => type === 'Ready') ?? [],
  );
  const times = conditions.map(({ lastTransitionTime = '' }) => Date.parse(lastTransitionTime));
  const sinceMs = Math.max(...times);
  return {
    all: items.length,
    ready: conditions.filter(({ status }) => status === 'True').length,
    sinceMs: Number.isFinite(sinceMs) ? sinceMs : null,
  };
}

export async function isAnswering({ admin }: Kubernetes, signal: AbortSignal): Promise<boolean> {
  try {
    return (await admin.request({ path: '/readyz', signal })).status === 200;
  } catch {
    return false;
  }
}
