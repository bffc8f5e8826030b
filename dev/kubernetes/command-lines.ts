// The command line of every part, as plain data: what runs here and what it listens on can be read in one place.
// Pure. Only the API server has a port; kine and the relay of a real node listen on unix sockets, the others on nothing.
import type { Part } from './go-module.ts';
import { databaseName, type Layout, relaySocketName, socketName } from './layout.ts';
import type { Ports } from './ports.ts';

export const serverParts = [
  'kine',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
] as const satisfies Part[];
export type ServerPart = (typeof serverParts)[number];

/** Every request once, when it is answered, without bodies: Secrets never reach the audit log. */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
};

/** Everything that the API server says to kubelets and pods goes through the relay; see go-node/node-relay. */
export const egressSettings = {
  apiVersion: 'apiserver.k8s.io/v1beta1',
  kind: 'EgressSelectorConfiguration',
  egressSelections: [
    {
      name: 'cluster',
      connection: { proxyProtocol: 'HTTPConnect', transport: { uds: { udsName: relaySocketName } } },
    },
  ],
};

/** Arguments of one part, which runs in `layout.dataDir`. */
export function commandLine(part: ServerPart, layout: Layout, ports: Ports, hasRealNode = false): string[] {
  switch (part) {
    case 'kine':
      return [`--database=${databaseName}`, `--socket=${socketName}`];
    case 'kube-apiserver':
      return [...apiServer(layout, ports), ...(hasRealNode ? toKubelets(layout) : [])];
    case 'kube-controller-manager':
      return controllerManager(layout);
    case 'kube-scheduler':
      return [`--kubeconfig=${layout.kubeconfig('scheduler')}`, '--leader-elect=false', '--secure-port=0'];
    case 'kwok':
      return kwok(layout);
  }
}

function apiServer(layout: Layout, ports: Ports): string[] {
  const { cert, key } = layout.certificate('server');
  const signer = layout.certificate('service-account').key;
  return [
    `--etcd-servers=unix://${socketName}`,
    '--bind-address=127.0.0.1',
    // No other machine and no pod reaches this one, so the Service "kubernetes" has no endpoints to keep.
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    `--secure-port=${ports.apiServer}`,
    `--tls-cert-file=${cert}`,
    `--tls-private-key-file=${key}`,
    `--client-ca-file=${layout.caFile}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--anonymous-auth=false',
    '--allow-privileged=true',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${signer}`,
    `--service-account-signing-key-file=${signer}`,
    '--service-cluster-ip-range=10.43.0.0/16',
    `--audit-policy-file=${layout.auditPolicyFile}`,
    `--audit-log-path=${layout.auditLogFile}`,
    '--audit-log-maxsize=100',
    '--audit-log-maxbackup=1',
    '--shutdown-delay-duration=0s',
    '--profiling=false',
  ];
}

function toKubelets(layout: Layout): string[] {
  const { cert, key } = layout.certificate('kubelet-client');
  return [
    `--egress-selector-config-file=${layout.egressFile}`,
    `--kubelet-client-certificate=${cert}`,
    `--kubelet-client-key=${key}`,
    '--kubelet-preferred-address-types=InternalIP',
  ];
}

function controllerManager(layout: Layout): string[] {
  return [
    `--kubeconfig=${layout.kubeconfig('controller-manager')}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${layout.certificate('service-account').key}`,
    `--root-ca-file=${layout.caFile}`,
    // Its default is a folder of the machine, which it would make.
    `--flex-volume-plugin-dir=${layout.dataDir}/volume-plugins`,
    '--kube-api-qps=200',
    '--kube-api-burst=400',
    '--profiling=false',
  ];
}

function kwok(layout: Layout): string[] {
  return [
    `--kubeconfig=${layout.kubeconfig('kwok')}`,
    `--config=${simulationFile}`,
    '--manage-all-nodes=true',
    '--node-lease-duration-seconds=40',
    '--node-ip=127.0.0.1',
    '--cidr=10.42.0.0/16',
  ];
}

/** Stages of the simulated node and its pods. */
export const simulationFile = `${import.meta.dirname}/simulated-node.yaml`;
