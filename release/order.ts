// The order in which the objects of a release are applied: what others stand on first, network policies before any
// pod, webhooks last because they judge everything after them; within a rank by group, kind, namespace and name.
// Depends on nothing but the objects, so neither files nor components change it. Deleted in reverse. Pure.

import { compareText } from './problem.ts';

/** What the order depends on. `custom` is true for kinds of a CRD. */
export interface Ordered {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly custom: boolean;
}

/** Kubernetes' own kinds by rank; kinds that end in Class come with the quotas, the rest before the webhooks. */
const ranks: readonly (readonly string[])[] = [
  ['Namespace'],
  ['ResourceQuota', 'LimitRange'],
  ['PriorityClass', '*Class'],
  ['CustomResourceDefinition'],
  ['ServiceAccount'],
  ['ClusterRole', 'Role'],
  ['ClusterRoleBinding', 'RoleBinding'],
  ['NetworkPolicy'],
  ['ConfigMap', 'Secret'],
  ['PersistentVolume'],
  ['PersistentVolumeClaim'],
  ['Service'],
  ['Pod', 'ReplicationController', 'ReplicaSet', 'Deployment', 'StatefulSet', 'DaemonSet'],
  ['Job', 'CronJob'],
  ['*custom'],
  ['*other'],
  ['APIService'],
  ['MutatingWebhookConfiguration', 'MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'],
  ['ValidatingWebhookConfiguration', 'ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
];

/** Position of a rank: the first list that names the kind or its sort. */
export function rankOf(object: Ordered): number {
  if (object.custom) return ranks.findIndex((rank) => rank.includes(customRank(object.kind)));
  const named = ranks.findIndex((rank) => rank.includes(object.kind));
  if (named >= 0) return named;
  return ranks.findIndex((rank) => rank.includes(object.kind.endsWith('Class') ? '*Class' : '*other'));
}

/** Comparison for sorting. */
export function compareObjects(a: Ordered, b: Ordered): number {
  return (
    rankOf(a) - rankOf(b) ||
    compareText(a.group, b.group) ||
    compareText(a.kind, b.kind) ||
    compareText(a.namespace ?? '', b.namespace ?? '') ||
    compareText(a.name, b.name)
  );
}

/** A custom network policy guards pods like Kubernetes' own; it comes after its CRD all the same. */
function customRank(kind: string): string {
  return kind.endsWith('NetworkPolicy') ? 'NetworkPolicy' : '*custom';
}
