// Worlds for tests of the planner, written shortly: `wanted(thing('ConfigMap lab/settings'))`. Every kind that is named
// is served unless a CRD of the same world defines it. Digests are short words instead of hashes.
import { simulatedRelease } from '../../agent/plan/simulate.ts';
import type { LiveObject, Observed, OwnedObject, Wanted, WantedObject } from '../../agent/plan/world.ts';
import { objectId, type PruneAllowance } from '../../proto/document.ts';

const apis: Readonly<Record<string, readonly [group: string, version: string]>> = {
  APIService: ['apiregistration.k8s.io', 'v1'],
  ClusterRole: ['rbac.authorization.k8s.io', 'v1'],
  CustomResourceDefinition: ['apiextensions.k8s.io', 'v1'],
  Deployment: ['apps', 'v1'],
  Ingress: ['networking.k8s.io', 'v1'],
  Job: ['batch', 'v1'],
  NetworkPolicy: ['networking.k8s.io', 'v1'],
  Project: ['tre.example', 'v1'],
  StorageClass: ['storage.k8s.io', 'v1'],
  ValidatingWebhookConfiguration: ['admissionregistration.k8s.io', 'v1'],
};
const clusterKinds = new Set([
  'APIService',
  'ClusterRole',
  'CustomResourceDefinition',
  'Namespace',
  'PersistentVolume',
  'StorageClass',
  'ValidatingWebhookConfiguration',
]);

/** `Kind name` or `Kind namespace/name`; facts override what follows from it. */
export function thing(text: string, facts: Partial<WantedObject> = {}): WantedObject {
  const [kind = '', path = ''] = text.split(' ');
  const [group, version] = apis[kind] ?? ['', 'v1'];
  const cut = clusterKinds.has(kind) ? -1 : path.indexOf('/');
  const [namespace, name] = cut < 0 ? [null, path] : [path.slice(0, cut), path.slice(cut + 1)];
  const defines = kind === 'CustomResourceDefinition' ? ['tre.example/v1/Project'] : [];
  const plain = {
    digest: '1',
    immutableDigest: kind === 'Job' ? 't1' : null,
    ttlAfterFinishedMs: null,
    defines,
  };
  const id = objectId({ group, kind, namespace, name });
  return { id, group, version, kind, namespace, name, index: 0, component: 'all', ...plain, ...facts };
}

export function wanted(objects: readonly WantedObject[], prune: readonly PruneAllowance[] = []): Wanted {
  const release = { name: 'tre', version: '1', digest: simulatedRelease };
  const numbered = objects.map((object, index) => ({ ...object, index }));
  return {
    epoch: 1,
    generation: 1,
    release,
    clusterUid: null,
    objects: numbered,
    prune,
    components: ['all'],
    health: [],
  };
}

/** A cluster that serves everything but custom kinds, with no object and no memory. */
export function emptyWorld(now = 1_000_000): Observed {
  const served = new Map<string, 'Namespaced' | 'Cluster'>();
  const kinds = [
    ...Object.keys(apis),
    'Namespace',
    'ConfigMap',
    'Secret',
    'PersistentVolumeClaim',
    'PersistentVolume',
  ];
  for (const kind of kinds) {
    const { group, version } = thing(`${kind} x`);
    if (group !== 'tre.example')
      served.set(`${group}/${version}/${kind}`, clusterKinds.has(kind) ? 'Cluster' : 'Namespaced');
  }
  const cluster = { ok: true, uid: 'cluster-1', version: 'v1.36.3' } as const;
  return {
    now,
    cluster,
    served,
    live: new Map(),
    inventory: new Map(),
    attempts: new Map(),
    forbidden: new Set(),
    jobEndedAfter: new Map(),
  };
}

/** Ours and in place, as after an apply. */
export function withOwned(observed: Observed, ...objects: readonly WantedObject[]): Observed {
  const inventory = new Map(observed.inventory);
  const live = new Map(observed.live);
  for (const object of objects) {
    inventory.set(object.id, ownedRow(object));
    live.set(object.id, liveOf(object));
  }
  return { ...observed, inventory, live };
}

export function ownedRow(object: WantedObject, facts: Partial<OwnedObject> = {}): OwnedObject {
  const { id, group, version, kind, namespace, name, index, digest, immutableDigest } = object;
  const applied = {
    uid: `uid-${id}`,
    creating: false,
    appliedDigest: digest,
    appliedImmutableDigest: immutableDigest,
    ownHash: digest,
  };
  return {
    id,
    group,
    version,
    kind,
    namespace,
    name,
    index,
    releaseDigest: simulatedRelease,
    kept: false,
    ...applied,
    ...facts,
  };
}

export function liveOf(object: WantedObject, facts: Partial<LiveObject> = {}): LiveObject {
  return { uid: `uid-${object.id}`, deleting: false, ownHash: object.digest, createdByUs: true, ...facts };
}

export function withLive(
  observed: Observed,
  object: WantedObject,
  facts: Partial<LiveObject> | null,
): Observed {
  const live = new Map(observed.live);
  if (facts === null) live.delete(object.id);
  else live.set(object.id, liveOf(object, facts));
  return { ...observed, live };
}

export function withRow(observed: Observed, object: WantedObject, facts: Partial<OwnedObject>): Observed {
  return { ...observed, inventory: new Map(observed.inventory).set(object.id, ownedRow(object, facts)) };
}
