// The Kubernetes of `npm start`: the cluster that TRE_KUBECONFIG names, else one of our own.
// Tests and benchmarks that need an audit log or kill -9 call startKubernetes instead, whatever is set.
import { existingKubernetes } from './existing-kubernetes.ts';
import type { Kubernetes, KubernetesOptions } from './kubernetes-handle.ts';
import { startKubernetes } from './start-kubernetes.ts';

export async function openKubernetes(options: KubernetesOptions): Promise<Kubernetes> {
  const { TRE_KUBECONFIG: kubeconfig = '' } = options.environment ?? process.env;
  return kubeconfig === '' ? await startKubernetes(options) : await existingKubernetes(kubeconfig, options);
}
