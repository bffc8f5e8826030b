// How the objects of a kind are looked at for their health. Invariant: only kinds that cannot have a status are left out; a
// kind that this file does not know is read whole. PURE. Called by health-look.ts and health-loop.ts.
import type { ServedKind } from '../cluster/discovery.ts';
import type { Verdict } from '../health/verdict.ts';

/**
 * `presence`: the kind has no status, so to be there is to be well, which the reconciler's look tells already. `changed`:
 * its objects are so large that one is read again only when it changed. `whole`: all are read each time.
 */
export type WayToLook = 'presence' | 'changed' | 'whole';

const withoutStatus: ReadonlySet<string> = new Set([
  '/ConfigMap',
  '/Endpoints',
  '/LimitRange',
  '/PodTemplate',
  '/Secret',
  '/ServiceAccount',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'apps/ControllerRevision',
  'coordination.k8s.io/Lease',
  'discovery.k8s.io/EndpointSlice',
  'networking.k8s.io/IngressClass',
  'networking.k8s.io/NetworkPolicy',
  'node.k8s.io/RuntimeClass',
  'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding',
  'rbac.authorization.k8s.io/Role',
  'rbac.authorization.k8s.io/RoleBinding',
  'scheduling.k8s.io/PriorityClass',
  'storage.k8s.io/CSIDriver',
  'storage.k8s.io/StorageClass',
]);

export function wayToLook(groupKind: string): WayToLook {
  if (withoutStatus.has(groupKind)) return 'presence';
  return groupKind === 'apiextensions.k8s.io/CustomResourceDefinition' ? 'changed' : 'whole';
}

/** Autoscalers of the first version keep their conditions in an annotation. */
const betterVersion: Readonly<Record<string, string>> = { 'autoscaling/HorizontalPodAutoscaler': 'v2' };

/** The version in which the status can be read. */
export function readableKind(served: ServedKind, kinds: ReadonlyMap<string, ServedKind>): ServedKind {
  const version = betterVersion[`${served.group}/${served.kind}`];
  return kinds.get(`${served.group}/${version}/${served.kind}`) ?? served;
}

/** Workloads whose pods tell sooner than they do that they will not come right. */
const keepsPods: ReadonlySet<string> = new Set([
  'apps/DaemonSet',
  'apps/Deployment',
  'apps/ReplicaSet',
  'apps/StatefulSet',
  'batch/Job',
]);

/** For these the API server's refusal of a pod stands in no status, only in an event. */
const refusedInEvents: ReadonlySet<string> = new Set(['apps/DaemonSet', 'apps/StatefulSet', 'batch/Job']);

export function hasPods(groupKind: string): boolean {
  return keepsPods.has(groupKind);
}

/** It has fewer pods than it ought to: perhaps they were refused. */
export function mayBeRefused(groupKind: string, { reason }: Verdict, podCount: number): boolean {
  if (!refusedInEvents.has(groupKind)) return false;
  if (groupKind === 'batch/Job') return podCount === 0;
  return reason === 'LessReplicas' || reason === 'LessCurrent';
}

/** Its verdict may be another one when its pods are known. */
export function dependsOnPods(groupKind: string, { status, reason }: Verdict): boolean {
  if (groupKind === '/PersistentVolumeClaim') return reason === 'NotBound';
  return status === 'in-progress' && hasPods(groupKind);
}

/** Its verdict may be another one when the rest of the release is known. */
export function dependsOnOthers({ untilMs }: Verdict): boolean {
  return untilMs === Number.POSITIVE_INFINITY;
}
