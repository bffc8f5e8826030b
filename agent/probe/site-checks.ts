// What can be seen of isolation in the objects that are there: namespaces that let privileged pods in, pods that hold a
// token of the default service account, services that are open to a public network. Reads only: two or three small lists
// for a whole cluster. About the namespaces of the release; those of Kubernetes itself are its own business, but for
// services. Called by isolation.ts.
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
}

const maxNamed = 50;
const ownByKubernetes: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease']);
const safeLevels: ReadonlySet<string> = new Set(['baseline', 'restricted']);
const levelLabel = 'pod-security.kubernetes.io/enforce';
const unfinished = 'status.phase!=Succeeded,status.phase!=Failed';

/** One finding per condition that holds. */
export async function checkSite(
  options: CheckOptions,
  signal: AbortSignal,
): Promise<readonly Finding[] | ApiFailure> {
  const found: Finding[] = [];
  for (const [code, check] of checks) {
    const names = await check(options, signal);
    if ('code' in names) return names;
    const [count, first] = [names.length, names.toSorted().slice(0, maxNamed)];
    if (count > 0) found.push({ code, count, names: first });
  }
  return found;
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
  ['PodSecurityNotEnforced', openNamespaces],
  ['ServiceAccountTokenMounted', podsWithToken],
  ['PublicLoadBalancer', openServices],
] as const;
