// What a real K8TRE site has before the objects of its repository arrive, as far as these stand on it: namespaces,
// CRDs whose charts are not in the set, a storage class, the service account of the cluster's DNS. Permissive: the
// CRDs take any field. Pure. Used by `npm run k8tre` and by the system test that walks through the seven dates.

export interface WorldOptions {
  /** 'permissive' takes any value, 'typed' wants an object, as the real CRD of Cilium does. */
  readonly endpointSelector: 'permissive' | 'typed';
}

/** A plain Kubernetes object. */
export type PlainObject = Readonly<Record<string, unknown>>;

interface CustomKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly scope: 'Namespaced' | 'Cluster';
}

const namespaces = [
  'ad',
  'backend',
  'cert-manager',
  'cr8tor',
  'gateway',
  'gitea',
  'jupyterhub',
  'kare-dns',
  'keycloak',
  'loadbalancer',
  'metallb-system',
  'object-storage',
  'secret-store',
  'storage-system',
];

const customKinds: readonly CustomKind[] = [
  {
    group: 'cert-manager.io',
    version: 'v1',
    kind: 'Certificate',
    plural: 'certificates',
    scope: 'Namespaced',
  },
  {
    group: 'cert-manager.io',
    version: 'v1',
    kind: 'ClusterIssuer',
    plural: 'clusterissuers',
    scope: 'Cluster',
  },
  {
    group: 'cilium.io',
    version: 'v2',
    kind: 'CiliumNetworkPolicy',
    plural: 'ciliumnetworkpolicies',
    scope: 'Namespaced',
  },
  {
    group: 'cilium.io',
    version: 'v2',
    kind: 'CiliumClusterwideNetworkPolicy',
    plural: 'ciliumclusterwidenetworkpolicies',
    scope: 'Cluster',
  },
  {
    group: 'external-secrets.io',
    version: 'v1',
    kind: 'ClusterSecretStore',
    plural: 'clustersecretstores',
    scope: 'Cluster',
  },
  {
    group: 'external-secrets.io',
    version: 'v1',
    kind: 'ExternalSecret',
    plural: 'externalsecrets',
    scope: 'Namespaced',
  },
  {
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    kind: 'HTTPRoute',
    plural: 'httproutes',
    scope: 'Namespaced',
  },
  {
    group: 'gateway.networking.k8s.io',
    version: 'v1beta1',
    kind: 'Gateway',
    plural: 'gateways',
    scope: 'Namespaced',
  },
  { group: 'identity.k8tre.io', version: 'v1alpha1', kind: 'Group', plural: 'groups', scope: 'Namespaced' },
  {
    group: 'identity.k8tre.io',
    version: 'v1alpha1',
    kind: 'KeycloakClient',
    plural: 'keycloakclients',
    scope: 'Namespaced',
  },
  { group: 'identity.k8tre.io', version: 'v1alpha1', kind: 'User', plural: 'users', scope: 'Namespaced' },
  {
    group: 'metallb.io',
    version: 'v1beta1',
    kind: 'IPAddressPool',
    plural: 'ipaddresspools',
    scope: 'Namespaced',
  },
  {
    group: 'metallb.io',
    version: 'v1beta1',
    kind: 'L2Advertisement',
    plural: 'l2advertisements',
    scope: 'Namespaced',
  },
  { group: 'postgresql.cnpg.io', version: 'v1', kind: 'Cluster', plural: 'clusters', scope: 'Namespaced' },
  {
    group: 'research.k8tre.io',
    version: 'v1alpha1',
    kind: 'Project',
    plural: 'projects',
    scope: 'Namespaced',
  },
];

const anyObject = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** All objects of the world, in no particular order. */
export function k8treWorld(options: WorldOptions): readonly PlainObject[] {
  return [
    ...namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    ...customKinds.map((kind) => definition(kind, options)),
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'local-path' },
      provisioner: 'rancher.io/local-path',
      volumeBindingMode: 'WaitForFirstConsumer',
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'coredns', namespace: 'kube-system' } },
  ];
}

function definition(kind: CustomKind, options: WorldOptions): PlainObject {
  const { group, version, plural, scope } = kind;
  // The API server asks this of every CRD in a group under k8s.io.
  const approval = group.endsWith('.k8s.io')
    ? { annotations: { 'api-approved.kubernetes.io': 'unapproved, a stand-in' } }
    : {};
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, ...approval },
    spec: {
      group,
      scope,
      names: { kind: kind.kind, listKind: `${kind.kind}List`, plural, singular: kind.kind.toLowerCase() },
      versions: [
        { name: version, served: true, storage: true, schema: { openAPIV3Schema: schemaOf(kind, options) } },
      ],
    },
  };
}

function schemaOf(kind: CustomKind, options: WorldOptions): PlainObject {
  if (kind.kind !== 'CiliumClusterwideNetworkPolicy' || options.endpointSelector === 'permissive')
    return anyObject;
  return {
    ...anyObject,
    properties: { spec: { ...anyObject, properties: { endpointSelector: anyObject } } },
  };
}
