// What a trial puts into the cluster, all of it in one namespace of its own: a server, three clients, and two policies.
// PURE. Invariants: no pod has a token or a right, all satisfy the restricted profile, each ends by itself within a
// minute, all clients run on the server's node, so that the control takes the way of the others, and the names are the
// same every time, so that what a killed agent left behind is found. Called by network-trial.ts.
import type { ResourceAddress } from '../cluster/paths.ts';

export const probeNamespace = 'tre-fleet-probe';
/** Without it a namespace of that name is somebody else's. */
export const probeLabel = 'tre-fleet.dev/probe';

/** Pods by what they are for: their names and the value of their label. */
export const clientRoles = ['allowed', 'denied', 'shut-in'] as const;
export type ClientRole = (typeof clientRoles)[number];
export type Role = 'server' | ClientRole;

export const namespaces: ResourceAddress = { group: '', version: 'v1', plural: 'namespaces' };
export const quotas: ResourceAddress = { group: '', version: 'v1', plural: 'resourcequotas' };
export const pods: ResourceAddress = { group: '', version: 'v1', plural: 'pods' };
export const policies: ResourceAddress = {
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'networkpolicies',
};

const port = 8080;
const tries = 8;
const tryTimeoutMs = 1_000;
/** What the clients take from their first try to their end. */
export const clientsTakeMs = tries * tryTimeoutMs;
/** Should nobody delete them. */
const podLifeSeconds = 60;
const userId = 65_532;

export interface ProbeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [field: string]: unknown;
}

export const probeHome: ProbeObject = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: probeNamespace,
    ...labels({ [probeLabel]: 'isolation', 'pod-security.kubernetes.io/enforce': 'restricted' }),
  },
};

/** The most that can ever be in there, by us or by anybody. */
export const probeQuota: ProbeObject = {
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'probe' },
  spec: {
    hard: {
      pods: '8',
      'limits.cpu': '1',
      'limits.memory': '512Mi',
      services: '0',
      secrets: '0',
      persistentvolumeclaims: '0',
    },
  },
};

/** Only two of the clients may enter the server, and one of these may not leave itself. */
export const probePolicies: readonly ProbeObject[] = [
  policy('server', {
    podSelector: { matchLabels: { [probeLabel]: 'server' } },
    policyTypes: ['Ingress'],
    ingress: [
      {
        from: [
          {
            podSelector: {
              matchExpressions: [{ key: probeLabel, operator: 'In', values: ['allowed', 'shut-in'] }],
            },
          },
        ],
        ports: [{ protocol: 'TCP', port }],
      },
    ],
  }),
  policy('shut-in', {
    podSelector: { matchLabels: { [probeLabel]: 'shut-in' } },
    policyTypes: ['Egress'],
    egress: [],
  }),
];

export function serverPod(image: string): ProbeObject {
  return pod('server', image, ['serve', '--port', String(port)]);
}

/** `address` of the server's pod: no name has to be resolved. */
export function clientPod(role: ClientRole, image: string, address: string): ProbeObject {
  const target = ['--address', address, '--port', String(port)];
  const patience = ['--tries', String(tries), '--timeout-ms', String(tryTimeoutMs)];
  return pod(role, image, ['reach', ...target, ...patience], { affinity: besideServer });
}

/** The server once more, but as an administrator of the node: never to be stored. */
export function privilegedPod(image: string): ProbeObject {
  const container = { name: 'probe', image, resources, securityContext: { privileged: true } };
  return { ...serverPod(image), metadata: { name: 'privileged' }, spec: { containers: [container] } };
}

const resources = { limits: { cpu: '100m', memory: '64Mi' }, requests: { cpu: '10m', memory: '16Mi' } };

/** Were a client elsewhere, a network that is broken between two nodes would look like a policy at work. */
const besideServer = {
  podAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { labelSelector: { matchLabels: { [probeLabel]: 'server' } }, topologyKey: 'kubernetes.io/hostname' },
    ],
  },
};

function pod(role: Role, image: string, args: readonly string[], place: object = {}): ProbeObject {
  const securityContext = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: role, ...labels({ [probeLabel]: role }) },
    spec: {
      ...place,
      restartPolicy: 'Never',
      activeDeadlineSeconds: podLifeSeconds,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: userId,
        runAsGroup: userId,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        { name: 'probe', image, imagePullPolicy: 'IfNotPresent', args, resources, securityContext },
      ],
    },
  };
}

function policy(name: string, spec: object): ProbeObject {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name }, spec };
}

function labels(own: Readonly<Record<string, string>>) {
  return { labels: { 'app.kubernetes.io/managed-by': 'tre-agent', ...own } };
}
