// The fifty markers of planted.ts in a real cluster: in the objects of a release, and in what only the site has: secrets,
// settings, quotas, rules of admission, nodes, events and addresses. Pods print them, end with them as their last words,
// or cannot start because of them. Each marker has one place. Called by the trial of egress on a real node.
import type { Api } from '../../dev/kubernetes/api.ts';
import type { JsonObject } from '../../proto/strict-json.ts';
import { markers } from './planted.ts';

const tens = (from: number) => (at: number) => markers[from * 10 + at] ?? '';
const [host, user, number, path, address] = [tens(0), tens(1), tens(2), tens(3), tens(4)];

/** Known to whoever made the release: the control plane hands it on, so it has these names already. */
export const releaseMarkers: readonly string[] = [
  ...[0, 1, 2, 3, 4, 8].map(host),
  ...[0, 1, 2, 4, 5, 7].map(user),
  ...[0, 1, 2, 3, 6, 8].map(number),
  ...[0, 1, 2, 3, 4, 9].map(path),
  ...[0, 1, 2, 8, 9].map(address),
];
/** Known on site alone. */
export const siteMarkers: readonly string[] = markers.filter((marker) => !releaseMarkers.includes(marker));
export const holdReason = `${host(9)}: asked by ${path(8)}`;
/** What the status or `explain` must show in the words of the cluster: the test is worth something only if they were seen. */
export const shownOnSite: readonly string[] = [
  ...[0, 1, 2, 3, 4, 5, 8, 9].map(host),
  ...[0, 1, 3, 4].map(user),
  ...[1, 2, 4, 6].map(number),
  ...[2, 6, 7, 8].map(path),
  ...[2, 4].map(address),
];
/** What the kubelet and others say of it in events. */
export const quotedByEvents: readonly string[] = [
  ...[6].map(host),
  ...[1, 3, 4, 8].map(user),
  ...[2, 5, 6].map(number),
  ...[2, 3, 5].map(path),
  ...[1, 2, 3, 8].map(address),
];
/** What the pods print. */
export const printed: readonly string[] = [
  host(7),
  ...[5, 9].map(user),
  ...[3, 7].map(number),
  ...[0, 5, 9].map(address),
];
/** The object of the release that the site refuses: it is never in the cluster. */
export const refusedName = host(4);
const namespace = user(0);
/** A namespace in which there is room for no pod. */
const full = 'full';
const told = 'told-on-site';

const object = (apiVersion: string, kind: string, name: string, more: object): JsonObject =>
  ({ apiVersion, kind, metadata: { name, namespace }, ...more }) as unknown as JsonObject;

const fromSite = (name: string, kind: 'configMapKeyRef' | 'secretKeyRef', key: string) => ({
  name,
  valueFrom: { [kind]: { name: told, key } },
});

function podSpec(container: object, more: object = {}): object {
  const main = { name: 'main', image: 'tre.local/probe:1', imagePullPolicy: 'IfNotPresent' };
  return {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    containers: [{ ...main, ...container }],
    ...more,
  };
}

function deployment(name: string, container: object, more: object = {}): JsonObject {
  const selector = { matchLabels: { app: name } };
  const metadata = { labels: { app: name } };
  const template = { metadata, spec: podSpec(container, more) };
  return object('apps/v1', 'Deployment', name, { spec: { replicas: 1, selector, template } });
}

/** Ends with an error that names what it was told, which then stands in its log and in its last words. */
const crashing = {
  name: user(1),
  args: ['reach', '--address', '$(TOLD)/$(SECRET)/$(WARD)'],
  env: [
    fromSite('TOLD', 'configMapKeyRef', 'place'),
    fromSite('SECRET', 'secretKeyRef', 'place'),
    { name: 'WARD', value: `${user(5)} ${address(0)}` },
  ],
  terminationMessagePolicy: 'FallbackToLogsOnError',
};

/** It runs, and no probe of it succeeds: each is answered by an event of the kubelet that quotes it. */
const unreachable = {
  args: ['serve', '--port', '8080'],
  readinessProbe: { httpGet: { host: address(1), port: 8080, path: path(4) }, periodSeconds: 1 },
  livenessProbe: { tcpSocket: { host: address(8), port: 8080 }, periodSeconds: 1, failureThreshold: 600 },
  volumeMounts: [{ name: 'list', mountPath: path(9) }],
};
const list = { volumes: [{ name: 'list', emptyDir: {} }] };

const printing = {
  image: 'registry.example/tre/setup:1.0.0',
  args: ['$(TOLD)', '$(SECRET)', address(9), number(3)],
  env: [fromSite('TOLD', 'configMapKeyRef', 'list'), fromSite('SECRET', 'secretKeyRef', 'list')],
};

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The objects of the release. */
export function plantedRelease(): readonly JsonObject[] {
  const metadata = { annotations: { list: path(0), keeper: user(2) }, labels: { ward: number(0) } };
  const missing = { name: 'A', valueFrom: { configMapKeyRef: { name: told, key: number(6) } } };
  const once = (container: object) => ({
    spec: { backoffLimit: 0, template: { spec: podSpec(container, { restartPolicy: 'Never' }) } },
  });
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace, ...metadata },
      data: { list: path(1) },
    },
    object('v1', 'Secret', 'keys', { data: { [number(8)]: base64(user(7)) } }),
    deployment(host(0), crashing),
    deployment(host(1), {
      image: `tre.local/${user(4)}:${number(2)}`,
      imagePullPolicy: 'Never',
    }),
    deployment(`${host(1)}.far`, { image: `${address(2)}/ward:1` }),
    deployment(host(2), { env: [missing] }),
    deployment(host(3), { command: [path(2)] }),
    deployment(host(8), unreachable, list),
    deployment('execs', {
      args: ['serve'],
      readinessProbe: { exec: { command: [path(3)] }, periodSeconds: 1 },
    }),
    // Refused by a rule of this site; and a pod more than its quota has.
    object('v1', 'ConfigMap', host(4), { data: { a: 'b' } }),
    { ...deployment('crowd', {}), metadata: { name: 'crowd', namespace: full } },
    object('batch/v1', 'Job', number(1), once(crashing)),
    object('batch/v1', 'Job', 'prints', once(printing)),
  ];
}

/** What the people of this site made, as administrators: also the namespaces, so it comes first. */
export async function plantOnSite(admin: Api): Promise<void> {
  const put = async (collection: string, body: object): Promise<void> => {
    const { status, body: answer } = await admin.request({ method: 'POST', path: collection, body });
    if (status !== 201) throw new Error(`POST ${collection}: ${status} ${JSON.stringify(answer)}`);
  };
  const home = `/api/v1/namespaces/${namespace}`;
  await put('/api/v1/namespaces', { metadata: { name: namespace } });
  await put('/api/v1/namespaces', { metadata: { name: full } });
  await put(`${home}/configmaps`, { metadata: { name: told }, data: { place: host(7), list: number(7) } });
  await put(`${home}/secrets`, {
    metadata: { name: told },
    stringData: { place: address(5), list: user(9) },
  });
  await put(`/api/v1/namespaces/${full}/resourcequotas`, {
    metadata: { name: user(3) },
    spec: { hard: { pods: '0' } },
  });
  await put(`${home}/services`, {
    metadata: { name: user(6) },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }], externalIPs: [address(7)] },
  });
  await put('/api/v1/nodes', {
    metadata: { name: host(5), annotations: { keeper: number(9) } },
    spec: { unschedulable: true },
  });
  const refusal = `not for ${number(4)}, see ${path(6)} on ${address(4)}`;
  const rules = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic';
  await put(`${rules}ies`, {
    metadata: { name: 'ward' },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            operations: ['CREATE', 'UPDATE'],
            resources: ['configmaps'],
          },
        ],
      },
      validations: [{ expression: `object.metadata.name != '${host(4)}'`, message: refusal }],
    },
  });
  await put(`${rules}ybindings`, {
    metadata: { name: 'ward' },
    spec: { policyName: 'ward', validationActions: ['Deny'] },
  });
  await put(`${home}/events`, {
    metadata: { name: 'seen' },
    involvedObject: { kind: 'Deployment', apiVersion: 'apps/v1', namespace, name: host(0) },
    type: 'Warning',
    reason: 'Seen',
    message: `${user(8)} opened ${path(5)} of ${number(5)} from ${address(3)}`,
    source: { host: host(6) },
  });
}

/** A second node that says of itself that it is not well; its kubelet is not there, so it is written anew now and then. */
export async function plantNodeStatus(admin: Api): Promise<void> {
  const conditions = [
    { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: `no room on ${path(7)}` },
  ];
  const status = { conditions, addresses: [{ type: 'InternalIP', address: address(6) }] };
  await admin.request({
    method: 'PATCH',
    path: `/api/v1/nodes/${host(5)}/status`,
    contentType: 'application/merge-patch+json',
    body: { status },
  });
}
