// The order in which kinds are applied; pruning goes the other way round. What later objects need comes first, and
// what fences pods in (quotas, rights, network policies of any vendor) is there before any pod can start.

/** 0 is applied first. Objects of one rank do not depend on each other's order. */
export function rankOf(object: { readonly group: string; readonly kind: string }): number {
  const { group, kind } = object;
  if (group === '' && kind === 'Namespace') return 0;
  if (group === 'apiextensions.k8s.io' && kind === 'CustomResourceDefinition') return 1;
  if (admission.has(group)) return 5;
  if (kind.endsWith('Class') || kind.endsWith('NetworkPolicy') || group === 'rbac.authorization.k8s.io')
    return 2;
  if (group === '') return coreSettings.has(kind) ? 2 : 3;
  return exposure.has(`${group}/${kind}`) ? 4 : 3;
}

const admission: ReadonlySet<string> = new Set(['admissionregistration.k8s.io']);

const coreSettings: ReadonlySet<string> = new Set([
  'ConfigMap',
  'LimitRange',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'ResourceQuota',
  'Secret',
  'Service',
  'ServiceAccount',
]);

const exposure: ReadonlySet<string> = new Set([
  'apiregistration.k8s.io/APIService',
  'autoscaling/HorizontalPodAutoscaler',
  'networking.k8s.io/Ingress',
  'policy/PodDisruptionBudget',
]);
