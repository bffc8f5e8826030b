// How the nodes are: ready, silent, or without a container runtime. A node's Lease counts as renewed when it is seen to
// change, by our own clock: the node's may be off. Laws: while the API server did not answer nobody could renew, so after
// that all are counted anew; a node that may not be looked at is not in trouble, as far as we know. Called by health-look.ts.
import type { Clock } from '../../daemon/clock.ts';
import type { ClusterApi } from '../cluster/api.ts';
import { collectionPath, objectPath } from '../cluster/paths.ts';
import type { NodeTrouble } from '../health/snapshot.ts';
import { itemsOf, readPages } from './pages.ts';
import { mustBeAnswered } from './unanswered.ts';

export interface NodesSeen {
  readonly troubles: readonly NodeTrouble[];
  /** When the next Lease will be too old if nobody renews it, ms of `clock.now`; null without one. */
  readonly untilMs: number | null;
}

export interface NodeWatch {
  /** Throws Unanswered. */
  readonly look: (signal: AbortSignal) => Promise<NodesSeen>;
  /** To be called when the cluster did not answer. */
  readonly missed: () => void;
}

/** The kubelet renews its Lease every 10 s. */
const leaseLifeMs = 40_000;
/** Looks come at least every half minute. Whoever did not look for longer does not know what happened meanwhile. */
const longestGapMs = 35_000;
const pageSize = 50;
const nodes = { group: '', version: 'v1', plural: 'nodes' } as const;
const leases = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' } as const;
const leaseNamespace = 'kube-node-lease';

export function allNodesPath(): string {
  return collectionPath(nodes);
}

export function nodeWatch(api: ClusterApi, clock: Pick<Clock, 'now' | 'monotonic'>): NodeWatch {
  const renewals = new Map<string, { readonly text: string; readonly seenMs: number }>();
  let lookedMs = Number.NEGATIVE_INFINITY;
  /** All but those that were silent already. */
  const countAnew = (): void => {
    for (const [name, { seenMs }] of renewals) if (lookedMs - seenMs < leaseLifeMs) renewals.delete(name);
  };
  return {
    missed: countAnew,
    look: async (signal) => {
      const found = await readPages(
        api,
        { path: allNodesPath(), limit: pageSize, read: itemsOf(nodeFacts) },
        signal,
      );
      if ('code' in found) {
        mustBeAnswered(found);
        return { troubles: [], untilMs: null };
      }
      const path = objectPath(leases, { namespace: leaseNamespace, name: '' }).slice(0, -1);
      const renewed = await readPages(api, { path, limit: pageSize * 10, read: itemsOf(leaseFacts) }, signal);
      if ('code' in renewed) mustBeAnswered(renewed);
      const nowMs = clock.monotonic();
      if (nowMs - lookedMs > longestGapMs) countAnew();
      lookedMs = nowMs;
      const known = new Map('code' in renewed ? [] : renewed);
      for (const [name, text] of known)
        if (renewals.get(name)?.text !== text) renewals.set(name, { text, seenMs: nowMs });
      for (const name of renewals.keys()) if (!known.has(name)) renewals.delete(name);

      const ageOf = (name: string): number => nowMs - (renewals.get(name)?.seenMs ?? nowMs);
      const troubles = found.flatMap((node) => troubleOf(node, ageOf(node.name)) ?? []);
      const left = found
        .filter(({ name }) => renewals.has(name) && ageOf(name) < leaseLifeMs)
        .map(({ name }) => leaseLifeMs - ageOf(name));
      return { troubles, untilMs: left.length === 0 ? null : clock.now() + Math.min(...left) };
    },
  };
}

interface NodeFacts {
  readonly name: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** In the words of the kubelet; that its network is not set up is another matter. */
const runtimeDown = /container runtime (?:is down|status check)|PLEG is not healthy/i;

function troubleOf(
  { name, status, reason, message }: NodeFacts,
  leaseAgeMs: number,
): NodeTrouble | undefined {
  if (leaseAgeMs >= leaseLifeMs)
    return {
      code: 'NodeSilent',
      node: name,
      detail: `its lease was not renewed for ${leaseLifeMs / 1000} s`,
    };
  if (status === 'Unknown') return { code: 'NodeSilent', node: name, detail: message };
  if (status === 'True') return undefined;
  const isRuntime = reason === 'KubeletNotReady' && runtimeDown.test(message);
  return { code: isRuntime ? 'ContainerRuntimeDown' : 'NodeNotReady', node: name, detail: message };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface Node {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

function nodeFacts({ metadata, status }: Node): NodeFacts {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const { reason = '', message = 'its kubelet has not reported yet' } = ready ?? {};
  return { name: metadata.name, status: ready?.status ?? 'False', reason, message };
}

interface Lease {
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly renewTime?: string };
}

function leaseFacts({ metadata, spec }: Lease): readonly [string, string] {
  return [metadata.name, spec?.renewTime ?? ''];
}
