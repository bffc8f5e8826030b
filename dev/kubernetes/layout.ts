// Names inside the data folder of one Kubernetes, and the users who have a certificate there. Pure.
// Everything lies flat under one folder, which is private to its user; programs run with it as working directory,
// because the path of a unix socket may have 107 bytes only.
import { join } from 'node:path';

/** Files that have a user of their own: file name -> user, and group where it has one. */
export const users = {
  admin: { name: 'admin', group: 'system:masters' },
  agent: { name: 'tre-agent', group: undefined },
  'controller-manager': { name: 'system:kube-controller-manager', group: undefined },
  scheduler: { name: 'system:kube-scheduler', group: undefined },
  // Of the real node: what its kubelet is, and as whom the API server calls it.
  kubelet: { name: 'system:node:local-node', group: 'system:nodes' },
  'kubelet-client': { name: 'kube-apiserver-kubelet-client', group: 'system:masters' },
  // It writes the status of nodes, pods and whatever a stage names; simulated clusters only.
  kwok: { name: 'kwok', group: 'system:masters' },
} as const satisfies Record<string, { name: string; group: string | undefined }>;
export type User = keyof typeof users;

export interface Layout {
  readonly dataDir: string;
  readonly certificates: string;
  readonly caFile: string;
  readonly auditPolicyFile: string;
  readonly auditLogFile: string;
  readonly lockFile: string;
  /** What tells the API server to go through the relay to a real node. */
  readonly egressFile: string;
  /** Settings and files of a real node. */
  readonly node: string;
  /** What runs, for other processes; true only while `lockFile` is locked. */
  readonly runningFile: string;
  certificate(name: string): { readonly cert: string; readonly key: string };
  kubeconfig(user: User): string;
  log(part: string): string;
}

/** Relative to the working directory of the parts. */
export const databaseName = 'state.db';
export const socketName = 'kine.sock';
export const relaySocketName = 'relay.sock';

export function layoutOf(dataDir: string): Layout {
  const certificates = join(dataDir, 'certificates');
  return {
    dataDir,
    certificates,
    caFile: join(certificates, 'ca.crt'),
    auditPolicyFile: join(dataDir, 'audit-policy.json'),
    auditLogFile: join(dataDir, 'audit.log'),
    egressFile: join(dataDir, 'egress.json'),
    node: join(dataDir, 'node'),
    lockFile: join(dataDir, 'lock'),
    runningFile: join(dataDir, 'running.json'),
    certificate: (name) => ({
      cert: join(certificates, `${name}.crt`),
      key: join(certificates, `${name}.key`),
    }),
    kubeconfig: (user) => join(dataDir, `${user}.kubeconfig`),
    log: (part) => join(dataDir, `${part}.log`),
  };
}
