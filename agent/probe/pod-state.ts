// What became of a pod of the probe, read from its status. PURE. A container that is said to run without having an id
// does not run: so a simulated node tells itself. Called by network-trial.ts.

export type PodState =
  /** `trouble` in words, '' for none that is known; `hopeless`: waiting will not help. */
  | { readonly kind: 'starting'; readonly trouble: string; readonly hopeless: boolean }
  /** `address` of its network. */
  | { readonly kind: 'running'; readonly address: string }
  /** The node says that it runs, but there is no container. */
  | { readonly kind: 'played' }
  /** `message`: what it wrote for whoever asks. */
  | { readonly kind: 'ended'; readonly message: string };

/** The fields of a Pod that are read here. */
export interface Pod {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly podIP?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly phase?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly containerID?: string;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly running?: object;
    readonly terminated?: { readonly reason?: string; readonly message?: string };
  };
}

const hopelessReasons: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

export function podState({ status = {} }: Pod): PodState {
  const { podIP = '', phase, reason, message, conditions = [], containerStatuses = [] } = status;
  const { containerID = '', state = {} } = containerStatuses[0] ?? {};
  const { waiting, running, terminated } = state;
  if (terminated !== undefined) return { kind: 'ended', message: terminated.message ?? '' };
  // Evicted, or out of time before its container began.
  if (phase === 'Failed' || phase === 'Succeeded') return { kind: 'ended', message: '' };
  if (running !== undefined && containerID === '') return { kind: 'played' };
  if (running !== undefined && podIP !== '') return { kind: 'running', address: podIP };
  const refusal = conditions.find(({ type, status: value }) => type === 'PodScheduled' && value === 'False');
  if (refusal !== undefined) return starting(`no node takes it: ${refusal.message ?? ''}`);
  const held = waiting?.reason ?? reason ?? '';
  const trouble =
    held === 'ContainerCreating' || held === '' ? '' : `${held}: ${waiting?.message ?? message ?? ''}`;
  return { ...starting(trouble), hopeless: hopelessReasons.has(held) };
}

function starting(trouble: string): PodState & { readonly kind: 'starting' } {
  return { kind: 'starting', trouble, hopeless: false };
}
