// The health of one pod: as kstatus says it, but for what it does not see: a container that cannot start, an image that
// cannot be had, an init container that ends again and again, and a pod that failed for good. PURE. Called by
// health-of.ts for wanted pods and by agent/observe for the pods of workloads.
import type { HealthReason } from '../../proto/health-reasons.ts';
import type { JsonObject } from '../../proto/strict-json.ts';
import { conditionIs, numberAt, objectAt, objectsAt, textAt, timeAt } from './fields.ts';
import { because, current, type Verdict } from './verdict.ts';

/** A pod for which no node was found is given so long before that counts as a failure. */
export const schedulingMs = 15_000;

export function podHealth(pod: JsonObject, nowMs: number): Verdict {
  const phase = textAt(pod, 'status', 'phase');
  switch (phase) {
    case 'Succeeded':
      return current;
    case 'Failed':
      return failedPod(pod);
    case 'Running':
      if (conditionIs(pod, 'Ready', 'True') !== undefined) return current;
      return troubleOf(pod) ?? because('PodRunningNotReady', firstMessage(pod));
    case 'Pending':
      return (
        troubleOf(pod) ??
        unscheduled(pod, nowMs) ??
        because('PodPending', conditionIs(pod, 'PodScheduled', 'False')?.message)
      );
    case '':
      return because('PodNotObserved');
    default:
      return because('StatusUnreadable', `phase ${phase}`);
  }
}

/** Of a waiting container, what will not come right by waiting. */
const troubles: Readonly<Record<string, HealthReason>> = {
  CrashLoopBackOff: 'ContainerCrashLooping',
  ErrImagePull: 'ImageUnavailable',
  ImagePullBackOff: 'ImageUnavailable',
  InvalidImageName: 'ImageUnavailable',
  ErrImageNeverPull: 'ImageUnavailable',
  ImageInspectError: 'ImageUnavailable',
  RegistryUnavailable: 'ImageUnavailable',
  SignatureValidationFailed: 'ImageUnavailable',
  CreateContainerConfigError: 'ContainerCannotStart',
  CreateContainerError: 'ContainerCannotStart',
  RunContainerError: 'ContainerCannotStart',
  PreCreateHookError: 'ContainerCannotStart',
  PreStartHookError: 'ContainerCannotStart',
  PostStartHookError: 'ContainerCannotStart',
};

function troubleOf(pod: JsonObject): Verdict | undefined {
  const trouble = (kind: 'initContainer' | 'container'): Verdict | undefined => {
    for (const container of objectsAt(pod, 'status', `${kind}Statuses`)) {
      const found = waitingTrouble(container) ?? endedAgain(container, mayEnd(pod, kind, container));
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return trouble('initContainer') ?? trouble('container');
}

/** To end well is what it is for: not so for a container that is to run for ever, nor for a sidecar. */
function mayEnd(pod: JsonObject, kind: 'initContainer' | 'container', status: JsonObject): boolean {
  const name = textAt(status, 'name');
  const container = objectsAt(pod, 'spec', `${kind}s`).find((one) => textAt(one, 'name') === name) ?? {};
  const own = textAt(container, 'restartPolicy');
  if (own !== '' || kind === 'initContainer') return own !== 'Always';
  return (textAt(pod, 'spec', 'restartPolicy') || 'Always') !== 'Always';
}

function waitingTrouble(container: JsonObject): Verdict | undefined {
  const waiting = objectAt(container, 'state', 'waiting');
  const reason = textAt(waiting, 'reason');
  const trouble = Object.hasOwn(troubles, reason) ? troubles[reason] : undefined;
  if (trouble === undefined) return undefined;
  return because(trouble, `container ${textAt(container, 'name')}: ${textAt(waiting, 'message') || reason}`);
}

/** Between two starts a kubelet may show for long that the container ended, and nothing of its waiting. */
function endedAgain(container: JsonObject, isMeantSo: boolean): Verdict | undefined {
  const end = objectAt(container, 'state', 'terminated');
  const code = numberAt(end, 'exitCode');
  const isAgain = (numberAt(container, 'restartCount') ?? 0) > 0;
  if (code === undefined || !isAgain || (isMeantSo && code === 0) || ranWell(end)) return undefined;
  return because(
    'ContainerCrashLooping',
    `container ${textAt(container, 'name')} ended with code ${code} again`,
  );
}

/** After a run of this length the kubelet, too, takes the next end for the first one. */
const goodRunMs = 600_000;
/** In the words of containerd and of the kubelet: the machine or they themselves were away when it ended. */
const unseenEnds: ReadonlySet<string> = new Set(['Unknown', 'ContainerStatusUnknown']);

/** It ran for long, or nobody saw it end. */
function ranWell(end: JsonObject): boolean {
  if (unseenEnds.has(textAt(end, 'reason'))) return true;
  const [startedMs, finishedMs] = [timeAt(end, 'startedAt'), timeAt(end, 'finishedAt')];
  return startedMs !== undefined && finishedMs !== undefined && finishedMs - startedMs > goodRunMs;
}

function unscheduled(pod: JsonObject, nowMs: number): Verdict | undefined {
  const condition = conditionIs(pod, 'PodScheduled', 'False');
  if (condition?.reason !== 'Unschedulable') return undefined;
  const untilMs = (timeAt(pod, 'metadata', 'creationTimestamp') ?? 0) + schedulingMs;
  return nowMs < untilMs
    ? because('PodNotScheduled', condition.message, untilMs)
    : because('PodUnschedulable', condition.message);
}

/** kstatus calls a failed pod current; nobody starts it again, and what it was to do was not done. */
function failedPod(pod: JsonObject): Verdict {
  const reason = textAt(pod, 'status', 'reason');
  const message = textAt(pod, 'status', 'message') || endOf(pod);
  return because(reason === 'Evicted' ? 'PodEvicted' : 'PodFailed', message || reason);
}

function endOf(pod: JsonObject): string {
  const containers = [
    ...objectsAt(pod, 'status', 'initContainerStatuses'),
    ...objectsAt(pod, 'status', 'containerStatuses'),
  ];
  for (const container of containers) {
    const code = numberAt(container, 'state', 'terminated', 'exitCode') ?? 0;
    if (code !== 0) return `container ${textAt(container, 'name')} ended with code ${code}`;
  }
  return '';
}

function firstMessage(pod: JsonObject): string {
  return conditionIs(pod, 'ContainersReady', 'False')?.message ?? '';
}
