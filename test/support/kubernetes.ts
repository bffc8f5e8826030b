// One real Kubernetes for all tests of a file: started before the first, stopped and removed after the last, whatever
// happens between. Call it once at the top of a system test.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { KubernetesOptions, LocalKubernetes } from '../../dev/kubernetes/kubernetes-handle.ts';
import { startKubernetes } from '../../dev/kubernetes/start-kubernetes.ts';

/** Gives the cluster once the tests run; throws before that. */
export function sharedKubernetes(
  options: Pick<KubernetesOptions, 'node' | 'agentGroups'> = {},
): () => LocalKubernetes {
  let running: LocalKubernetes | undefined;
  let folder: string | undefined;
  test.before('a Kubernetes starts', async (t) => {
    // A first start may have to build the binaries.
    t.timeout(15 * 60_000);
    folder = await mkdtemp(join(tmpdir(), 'tre-kubernetes-'));
    const signal = new AbortController().signal;
    running = await startKubernetes({ dataDir: folder, signal, log: (line) => t.log(line), ...options });
  });
  test.after.always('the Kubernetes stops', async () => {
    await running?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });
  return () => {
    if (running === undefined) throw new Error('the Kubernetes of this file is not started yet');
    return running;
  };
}
