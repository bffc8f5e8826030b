// What can be seen of isolation in the objects that are there: namespaces that let privileged pods in, pods that hold a
// token of the default service account, services that are open to a public network. Reads only: two or three small lists
// for a whole cluster. About the namespaces of the release; those of Kubernetes itself are its own business, but for
// services. Invariant: each check is judged by itself; one that cannot be made keeps what it found before, and is said.
// Called by isolation.ts.
import type { ApiFailure, ClusterApi } from '../cluster/api.ts';
import { metadataOnly } from '../cluster/metadata.ts';
import type { Wanted } from '../plan/world.ts';
import type { Finding } from '../store/isolation.ts';
import { listAll, type Page, parsed } from './listing.ts';
import { isOpenToPublic, type LoadBalancerService } from './public-address.ts';

export interface CheckOptions {
  readonly api: ClusterApi;
  readonly wanted: Wanted;
  /** A trial showed that the label has no effect in this cluster. */
  readonly labelIsVoid: boolean;
  /** What was found the last time. */
  readonly before: readonly Finding[];
  /** Why the nodes could not be listed; null when they could: whoever may not see them does not see them change. */
  readonly nodesFailure: ApiFailure | null;
}

const maxNamed = 50;
const ownByKubernetes: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease']);
const safeLevels: ReadonlySet<string> = new Set(['baseline', 'restricted']);
const levelLabel = 'pod-security.kubernetes.io/enforce';
const unfinished = 'status.phase!=Succeeded,status.phase!=Failed';

/** One finding per condition that holds. When nobody answers at all, what was found before. */
export async function checkSite(options: CheckOptions, signal: AbortSignal): Promise<readonly Finding[]> {
  const { before, nodesFailure } = options;
  const found: Finding[] = [];
  const failures = nodesFailure === null ? [] : [{ list: 'nodes', failure: nodesFailure }];
  for (const [code, list, check] of checks) {
    const names = await check(options, signal);
    if ('code' in names) {
      failures.push({ list, failure: names });
      found.push(...before.filter((finding) => finding.code === code));
      continue;
    }
    const [count, first] = [names.length, names.toSorted().slice(0, maxNamed)];
    if (count > 0) found.push({ code, count, names: first });
  }
  const isAway = failures.length > checks.length && failures.every(({ failure }) => failure.status === null);
  if (isAway) return before;
  const names = failures.map(({ list, failure }) => `${list}: ${failure.detail}`);
  return names.length === 0 ? found : [...found, { code: 'IsolationNotChecked', count: 0, names }];
}

/** The namespaces that the release names, or puts something into. */
export function namespacesOf({ objects }: Pick<Wanted, 'objects'>): ReadonlySet<string> {
  return new Set(
    objects.flatMap(({ group, kind, namespace, name }) => {
      if (namespace !== null) return [namespace];
      return group === '' && kind === 'Namespace' ? [name] : [];
    }),
  );
}

type Check = (options: CheckOptions, signal: AbortSignal) => Promise<readonly string[] | ApiFailure>;

interface Namespace {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

/** Only those in which a pod runs: an empty one lets nothing in. */
const openNamespaces: Check = async ({ api, wanted, labelIsVoid }, signal) => {
  const own = namespacesOf(wanted).difference(ownByKubernetes);
  const all = await listAll<Namespace>(
    api,
    { path: '/api/v1/namespaces', accept: metadataOnly.list },
    signal,
  );
  if ('code' in all) return all;
  const isOpen = ({ metadata: { name, labels } }: Namespace): boolean =>
    own.has(name) && (labelIsVoid || !safeLevels.has(labels?.[levelLabel] ?? ''));
  const open: string[] = [];
  for (const { metadata } of all.filter(isOpen)) {
    const query = new URLSearchParams({ limit: '1', fieldSelector: unfinished });
    const path = `/api/v1/namespaces/${encodeURIComponent(metadata.name)}/pods?${query.toString()}`;
    const answer = await api.request({ method: 'GET', path, accept: metadataOnly.list }, signal);
    if (!answer.ok) return answer;
    if (parsed<Page<object>>(answer.body).items?.length === 1) open.push(`Namespace ${metadata.name}`);
  }
  return open;
};

/** The fields of a Pod that are read here. */
export interface PodWithVolumes {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: {
    readonly volumes?: readonly {
      readonly projected?: { readonly sources?: readonly { readonly serviceAccountToken?: object }[] };
    }[];
  };
}

const podsWithToken: Check = async ({ api, wanted }, signal) => {
  const own = namespacesOf(wanted).difference(ownByKubernetes);
  const fieldSelector = `spec.serviceAccountName=default,${unfinished}`;
  const pods = await listAll<PodWithVolumes>(api, { path: '/api/v1/pods', fieldSelector }, signal);
  if ('code' in pods) return pods;
  return pods
    .filter((pod) => own.has(pod.metadata.namespace ?? '') && holdsToken(pod))
    .map((pod) => nameOf('Pod', pod));
};

export function holdsToken({ spec }: PodWithVolumes): boolean {
  return (spec?.volumes ?? []).some(({ projected }) =>
    projected?.sources?.some((source) => source.serviceAccountToken !== undefined),
  );
}

const openServices: Check = async ({ api, wanted }, signal) => {
  const own = namespacesOf(wanted);
  const fieldSelector = 'spec.type=LoadBalancer';
  const services = await listAll<LoadBalancerService>(
    api,
    { path: '/api/v1/services', fieldSelector },
    signal,
  );
  if ('code' in services) return services;
  return services
    .filter((service) => own.has(service.metadata.namespace ?? '') && isOpenToPublic(service))
    .map((service) => nameOf('Service', service));
};

function nameOf(
  kind: string,
  { metadata }: { readonly metadata: { readonly name: string; readonly namespace?: string } },
): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

const checks = [
  ['PodSecurityNotEnforced', 'namespaces', openNamespaces],
  ['ServiceAccountTokenMounted', 'pods', podsWithToken],
  ['PublicLoadBalancer', 'services', openServices],
] as const;
