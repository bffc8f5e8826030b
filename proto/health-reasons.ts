// The closed list of reasons for the health of one object: what kstatus calls a reason, and what it does not see.
// A site reports codes only; the words are ours and stand here. docs/health.md is generated from this list.
// `status` is the health that a reason stands for. A code is never renamed and never used again for something else.

export type HealthStatus = 'in-progress' | 'failed' | 'terminating' | 'unknown';

interface HealthReasonEntry {
  readonly status: HealthStatus;
  readonly text: string;
  readonly next: string;
}

const waitABit = 'Wait; if it stays so, look at the pods of this object.';

// biome-ignore format: one line per entry reads as the table it is
const entries = {
  // As kstatus names them
  LatestGenerationNotObserved: { status: 'in-progress', text: 'No controller has looked at the latest change yet.', next: 'Wait; if it stays so, the controller of this kind does not run.' },
  Reconciling: { status: 'in-progress', text: 'Its controller is at work.', next: 'Wait.' },
  Stalled: { status: 'failed', text: 'Its controller says that it cannot go on.', next: 'Look at the conditions of the object.' },
  NotReady: { status: 'in-progress', text: 'It is not ready yet.', next: 'Wait; if it stays so, look at the conditions of the object.' },
  LessReplicas: { status: 'in-progress', text: 'Not all pods exist yet.', next: waitABit },
  LessUpdated: { status: 'in-progress', text: 'Not all pods have the new version yet.', next: waitABit },
  ExtraPods: { status: 'in-progress', text: 'Old pods are still being removed.', next: waitABit },
  LessAvailable: { status: 'in-progress', text: 'Not all pods are available yet.', next: waitABit },
  LessReady: { status: 'in-progress', text: 'Not all pods are ready yet.', next: waitABit },
  LessCurrent: { status: 'in-progress', text: 'Not all pods are scheduled or current yet.', next: waitABit },
  LessLabelled: { status: 'in-progress', text: 'Not all pods carry their labels yet.', next: waitABit },
  PartitionRollout: { status: 'in-progress', text: 'The new version is being rolled out in parts.', next: waitABit },
  RevisionMismatch: { status: 'in-progress', text: 'The new revision is not current yet.', next: waitABit },
  NoGeneration: { status: 'in-progress', text: 'Its controller has not looked at it yet.', next: waitABit },
  NoObservedGeneration: { status: 'in-progress', text: 'Its controller has not looked at it yet.', next: waitABit },
  NoDesiredNumber: { status: 'in-progress', text: 'Its controller has not counted its pods yet.', next: waitABit },
  ReplicaSetNotAvailable: { status: 'in-progress', text: 'The new pods are not available yet.', next: waitABit },
  DeploymentNotAvailable: { status: 'in-progress', text: 'Too few pods are available.', next: waitABit },
  ProgressDeadlineExceeded: { status: 'failed', text: 'The new version did not become available in time.', next: 'Look at its pods; then assign a corrected release or the one before.' },
  ReplicaFailure: { status: 'failed', text: 'Its pods cannot be created.', next: '`tre-agent status` on site shows what the API server said.' },
  ContainerCrashLooping: { status: 'failed', text: 'A container ends again and again.', next: 'Look at its log on site; the image or its settings need a correction.' },
  PodRunningNotReady: { status: 'in-progress', text: 'A pod runs and is not ready yet.', next: waitABit },
  PodNotScheduled: { status: 'in-progress', text: 'No node was found for a pod yet.', next: 'Wait.' },
  PodUnschedulable: { status: 'failed', text: 'No node can take a pod.', next: 'Compare what it asks for (CPU, memory, labels, volumes) with what the nodes have.' },
  PodPending: { status: 'in-progress', text: 'A pod is being started.', next: 'Wait.' },
  PodNotObserved: { status: 'in-progress', text: 'Nothing has looked at the pod yet.', next: 'Wait.' },
  JobNotStarted: { status: 'in-progress', text: 'The job has not started yet.', next: 'Wait.' },
  JobInProgress: { status: 'in-progress', text: 'The job runs.', next: 'Wait.' },
  JobFailed: { status: 'failed', text: 'The job failed.', next: 'Look at the log of its last pod on site.' },
  NotBound: { status: 'in-progress', text: 'No volume is bound to this claim yet.', next: 'Check that the storage class exists and that its provisioner runs.' },
  NoIPAssigned: { status: 'in-progress', text: 'The service has no address yet.', next: 'Check that something in this cluster hands out addresses for load balancers.' },
  NameConflict: { status: 'failed', text: 'Another custom kind has this name already.', next: 'Remove one of the two definitions.' },
  InstallFailed: { status: 'failed', text: 'The custom kind cannot be installed.', next: 'Look at the conditions of the CustomResourceDefinition.' },
  Installing: { status: 'in-progress', text: 'The custom kind is being installed.', next: 'Wait.' },
  Deleting: { status: 'terminating', text: 'It is being deleted.', next: 'If it stays so, a finalizer holds it: look at the object.' },

  // What kstatus does not see
  NotFound: { status: 'in-progress', text: 'It does not exist yet.', next: 'Wait; the agent applies it.' },
  NotYetObserved: { status: 'in-progress', text: 'No controller has written a status yet.', next: 'Wait; if it stays so, the controller of this kind does not run.' },
  ImageUnavailable: { status: 'failed', text: 'An image cannot be had.', next: 'Check that it was brought to this site under exactly this name.' },
  ContainerCannotStart: { status: 'failed', text: 'A container cannot be started.', next: '`tre-agent status` on site shows why; a setting, a secret or a volume is missing.' },
  QuotaExceeded: { status: 'failed', text: 'A quota does not leave room for its pods.', next: 'Raise the quota in the release, or ask for less.' },
  AdmissionRefused: { status: 'failed', text: 'The rules of the cluster refuse its pods.', next: '`tre-agent status` on site shows which rule; the release needs a correction.' },
  PodFailed: { status: 'failed', text: 'A pod failed.', next: 'Look at its log on site.' },
  PodEvicted: { status: 'failed', text: 'A pod was put out for lack of memory or disk.', next: 'Look at the memory and the disk of the node.' },
  VolumeLost: { status: 'failed', text: 'The volume of this claim is lost.', next: 'Restore it from a backup; nothing is deleted by itself.' },
  WaitsForFirstConsumer: { status: 'in-progress', text: 'The volume is made when a pod first uses it.', next: 'Nothing, until a pod uses it.' },
  NoAddressAssigned: { status: 'in-progress', text: 'It has no address yet.', next: 'Check that its controller runs.' },
  CannotScale: { status: 'failed', text: 'The autoscaler cannot do its work.', next: 'Check that metrics are served in this cluster.' },
  ServiceUnavailable: { status: 'failed', text: 'Nobody answers for this aggregated API.', next: 'Look at the pods behind its service.' },
  CustomRuleFailed: { status: 'failed', text: 'By the rule of the release this object has failed.', next: 'Look at the status of the object.' },
  CustomRuleWaiting: { status: 'in-progress', text: 'By the rule of the release this object is not there yet.', next: 'Wait; if it stays so, look at the status of the object.' },
  StatusUnreadable: { status: 'unknown', text: 'The status of this object is not of the form that its kind has.', next: 'Look at the object and at its controller.' },
  MayNotLook: { status: 'unknown', text: 'The agent may not look at this kind.', next: 'Give the agent the right to list and watch it.' },
  NotLookedAt: { status: 'unknown', text: 'The cluster could not be asked.', next: 'Look at the condition of the cluster.' },
} as const satisfies Record<string, HealthReasonEntry>;

/** A code of the closed list. */
export type HealthReason = keyof typeof entries;

/** The list: code -> status, sentence, next step. */
export const healthReasons: Readonly<Record<HealthReason, HealthReasonEntry>> = entries;

/** True for a text that is a code of the list, for example one that came over the wire. */
export function isHealthReason(text: string): text is HealthReason {
  return Object.hasOwn(entries, text);
}
