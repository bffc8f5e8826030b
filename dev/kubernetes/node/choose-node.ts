// Which node a Kubernetes of ours gets: none, a simulated one, or a real one where this machine can have it. Whatever
// an earlier run of the data folder had is forgotten first, so that no pod is shown as running that does not run.
// Called by start-kubernetes.ts.
import type { Exec } from '../../../daemon/exec.ts';
import { TreError } from '../../../proto/errors.ts';
import type { Api } from '../api.ts';
import type { BinariesOptions } from '../binaries.ts';
import type { WantedNode } from '../kubernetes-handle.ts';
import { simulatedNodeName } from '../simulated-node.ts';
import type { NodePrograms } from './node-parts.ts';
import { nodeName } from './node-settings.ts';
import { findNodePrograms } from './real-node.ts';

export type ChosenNode =
  | { readonly kind: 'none' }
  | { readonly kind: 'simulated' }
  | { readonly kind: 'real'; readonly programs: NodePrograms };

/** @throws TreError KUBERNETES_UNAVAILABLE when only a real one will do and this machine cannot have it */
export async function chooseNode(
  wanted: WantedNode | undefined,
  exec: Exec,
  options: BinariesOptions,
): Promise<ChosenNode> {
  if (wanted === undefined || wanted === false) return { kind: 'none' };
  if (wanted === 'simulated') return { kind: 'simulated' };
  const programs = await findNodePrograms(exec, options);
  if (!('obstacle' in programs)) return { kind: 'real', programs };
  if (wanted === 'real')
    throw new TreError('KUBERNETES_UNAVAILABLE', `no real node here: ${programs.obstacle}`);
  options.log(`no real node here, so a simulated one: ${programs.obstacle}`);
  return { kind: 'simulated' };
}

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly ownerReferences?: readonly { readonly controller?: boolean }[];
  };
  readonly spec: { readonly nodeName?: string };
  readonly status: { readonly phase: string };
}

/**
 * Removes the node that will not run this time, with its pods; and of the real node those pods that a controller makes
 * anew: its containers ended with the earlier run, whatever is written of them.
 */
export async function forgetEarlierRun(
  admin: Api,
  kind: ChosenNode['kind'],
  signal: AbortSignal,
): Promise<void> {
  const { body } = await admin.request({ path: '/api/v1/pods', signal });
  const isOver = ({ metadata, spec, status }: Pod): boolean => {
    const hasEnded = status.phase === 'Succeeded' || status.phase === 'Failed';
    const isRemade = metadata.ownerReferences?.some(({ controller }) => controller === true) === true;
    if (spec.nodeName === nodeName) return kind !== 'real' || (isRemade && !hasEnded);
    return spec.nodeName === simulatedNodeName && kind === 'real';
  };
  const remove = async (path: string): Promise<void> =>
    void (await admin.request({ method: 'DELETE', path, body: { gracePeriodSeconds: 0 }, signal }));
  const gone = (body as { items: readonly Pod[] }).items.filter(isOver);
  if (kind === 'real') await remove(`/api/v1/nodes/${simulatedNodeName}`);
  else await remove(`/api/v1/nodes/${nodeName}`);
  await Promise.all(
    gone.map(({ metadata: { namespace, name } }) => remove(`/api/v1/namespaces/${namespace}/pods/${name}`)),
  );
}
