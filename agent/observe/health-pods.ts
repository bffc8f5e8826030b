// The pods behind workloads that are not current, in the namespaces of these alone, and what else decides about them:
// which ReplicaSet is the newest, why pods were refused, whether a claim waits for its first pod. Of each page only a few
// facts stay. Where pods may not be read, a workload says itself, later, what they say at once, and a claim counts as used.
// Called by health-look.ts; all readers here throw Unanswered.
import { valueAt } from '../../proto/pointer.ts';
import type { JsonObject } from '../../proto/strict-json.ts';
import type { ClusterApi } from '../cluster/api.ts';
import { metadataOnly } from '../cluster/metadata.ts';
import { collectionPath, objectPath } from '../cluster/paths.ts';
import type { ClaimContext, OwnedPod } from '../health/context.ts';
import { bareContext } from '../health/context.ts';
import { healthOf } from '../health/health-of.ts';
import { itemsOf, objectOf, readPages } from './pages.ts';
import { mustBeAnswered } from './unanswered.ts';

export interface PodFacts extends OwnedPod {
  /** UID of the object that controls it; empty for none. */
  readonly ownerUid: string;
  /** Names of the claims that it uses. */
  readonly claims: readonly string[];
  /** As the cluster says; 0 for unknown. */
  readonly createdAtMs: number;
}

/** What controls pods in between. */
export interface ReplicaSetFacts {
  readonly uid: string;
  readonly ownerUid: string;
  readonly revision: number;
}

const pods = { group: '', version: 'v1', plural: 'pods' } as const;
const replicaSets = { group: 'apps', version: 'v1', plural: 'replicasets' } as const;
const events = { group: '', version: 'v1', plural: 'events' } as const;
const storageClasses = { group: 'storage.k8s.io', version: 'v1', plural: 'storageclasses' } as const;

const podPageSize = 100;
const metadataPageSize = 500;
const eventPageSize = 50;

/** Where an object of a namespace is listed. */
function inNamespace(kind: typeof pods | typeof replicaSets | typeof events, namespace: string): string {
  // The address of an object without its name.
  return objectPath(kind, { namespace, name: '' }).slice(0, -1);
}

export function allPodsPath(): string {
  return collectionPath(pods);
}

export function podsPath(namespace: string): string {
  return inNamespace(pods, namespace);
}

/** Null when they may not be read. */
export async function podsIn(
  api: ClusterApi,
  { namespace, nowMs }: { readonly namespace: string; readonly nowMs: number },
  signal: AbortSignal,
): Promise<readonly PodFacts[] | null> {
  const read = itemsOf((pod: Pod) => podFacts(pod, nowMs));
  const found = await readPages(api, { path: podsPath(namespace), limit: podPageSize, read }, signal);
  if (!('code' in found)) return found.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  mustBeAnswered(found);
  return null;
}

export async function replicaSetsIn(
  api: ClusterApi,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly ReplicaSetFacts[]> {
  const read = itemsOf(({ metadata }: Pod) => ({
    uid: metadata.uid,
    ownerUid: controllerOf(metadata),
    revision: Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0),
  }));
  const list = {
    path: inNamespace(replicaSets, namespace),
    accept: metadataOnly.list,
    limit: metadataPageSize,
  };
  const found = await readPages(api, { ...list, read }, signal);
  if (!('code' in found)) return found;
  mustBeAnswered(found);
  return [];
}

/** The pods that an object controls itself, or through the newest of its ReplicaSets. */
export function podsOf(
  uid: string,
  all: readonly PodFacts[],
  sets: readonly ReplicaSetFacts[],
): readonly PodFacts[] {
  const own = sets.filter(({ ownerUid }) => ownerUid === uid);
  const newest = own.toSorted((one, other) => other.revision - one.revision)[0];
  const owner = newest?.uid ?? uid;
  return all.filter(({ ownerUid }) => ownerUid === owner);
}

/**
 * What the API server said last when it refused a pod of this object. Empty when it did not, when that is long ago, and
 * when it has let the object make a pod since.
 */
export async function refusalOf(
  api: ClusterApi,
  { namespace, uid, own, nowMs }: Refused,
  signal: AbortSignal,
): Promise<string> {
  const selector = encodeURIComponent(`involvedObject.uid=${uid},reason=FailedCreate`);
  const path = `${inNamespace(events, namespace)}?fieldSelector=${selector}`;
  const read = itemsOf((event: KubernetesEvent) => event);
  const found = await readPages(api, { path, limit: eventPageSize, read }, signal);
  if ('code' in found) {
    mustBeAnswered(found);
    return '';
  }
  const madeAtMs = Math.max(0, ...own.map(({ createdAtMs }) => createdAtMs));
  const recent = found
    .map((event) => ({ message: event.message ?? '', atMs: lastSeenMs(event) }))
    .filter(({ atMs }) => nowMs - atMs < refusalLifeMs && atMs >= madeAtMs);
  return recent.toSorted((one, other) => other.atMs - one.atMs)[0]?.message ?? '';
}

interface Refused {
  readonly namespace: string;
  readonly uid: string;
  /** The pods that the object has. */
  readonly own: readonly PodFacts[];
  readonly nowMs: number;
}

/** Controllers try again with pauses of up to about a quarter of an hour. */
const refusalLifeMs = 20 * 60_000;

/** About a claim that is not bound, from the pods of its namespace and its StorageClass. */
export async function claimContext(
  api: ClusterApi,
  {
    name,
    body,
    pods: all,
  }: { readonly name: string; readonly body: JsonObject; readonly pods: readonly PodFacts[] | null },
  signal: AbortSignal,
): Promise<ClaimContext> {
  const isUsed = all === null || all.some(({ claims }) => claims.includes(name));
  const storageClass = valueAt(body, ['spec', 'storageClassName']);
  if (typeof storageClass !== 'string' || storageClass === '') return { bindsOnFirstUse: false, isUsed };
  const path = objectPath(storageClasses, { namespace: null, name: storageClass });
  const answer = await api.request({ method: 'GET', path }, signal);
  if (!answer.ok) {
    mustBeAnswered(answer);
    return { bindsOnFirstUse: false, isUsed };
  }
  const mode = valueAt(objectOf(answer.body), ['volumeBindingMode']);
  return { bindsOnFirstUse: mode === 'WaitForFirstConsumer', isUsed };
}

interface Metadata {
  readonly name: string;
  readonly uid: string;
  readonly creationTimestamp?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly uid: string; readonly controller?: boolean }[];
}

interface Pod {
  readonly metadata: Metadata;
  readonly spec?: {
    readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName: string } }[];
  };
}

interface KubernetesEvent {
  readonly message?: string;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly lastObservedTime?: string };
}

function podFacts(pod: Pod, nowMs: number): PodFacts {
  const claims = (pod.spec?.volumes ?? []).flatMap(
    ({ persistentVolumeClaim: claim }) => claim?.claimName ?? [],
  );
  // The API server's own answer is JSON; what it holds is for healthOf to find out.
  const object = pod as unknown as Parameters<typeof healthOf>[0];
  const verdict = healthOf(object, { group: '', kind: 'Pod' }, bareContext(nowMs));
  const { name, creationTimestamp = '' } = pod.metadata;
  const createdAtMs = Date.parse(creationTimestamp) || 0;
  return { name, ownerUid: controllerOf(pod.metadata), claims, createdAtMs, verdict };
}

function controllerOf({ ownerReferences = [] }: Metadata): string {
  return ownerReferences.find(({ controller }) => controller === true)?.uid ?? '';
}

function lastSeenMs({ lastTimestamp, eventTime, series }: KubernetesEvent): number {
  const text = series?.lastObservedTime ?? lastTimestamp ?? eventTime;
  return text === null || text === undefined ? 0 : Date.parse(text);
}
