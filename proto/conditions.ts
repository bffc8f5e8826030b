// The closed list of conditions: facts about a site that a person should know, each with a code.
// A site reports codes only; the words are ours and stand here. docs/conditions.md is generated from this list.
// `severity` decides the colour on screen: error red, warning amber, info plain.

interface ConditionEntry {
  readonly severity: 'error' | 'warning' | 'info';
  readonly text: string;
  readonly next: string;
}

// biome-ignore format: one line per entry reads as the table it is
const entries = {
  NothingDesired: { severity: 'info', text: 'The control plane has not assigned a release to this site yet.', next: 'Assign one: `trectl site assign`.' },
  Progressing: { severity: 'info', text: 'Objects are being applied.', next: 'Wait.' },
  WaitingForNamespace: { severity: 'info', text: 'Objects wait for their namespace.', next: 'Wait; if it stays so, look at the namespace.' },
  WaitingForKind: { severity: 'info', text: 'Objects wait until the API server serves their kind.', next: 'Wait; if it stays so, look at the CustomResourceDefinition.' },
  WaitingForDeletion: { severity: 'warning', text: 'An object is being deleted and is not gone yet.', next: 'If it stays so, a finalizer holds it: look at the object.' },
  WaitingToRetry: { severity: 'warning', text: 'A step failed and is tried again later.', next: 'Look at the reason beside it.' },
  ObjectNotOurs: { severity: 'error', text: 'An object of the same name exists that this agent did not create.', next: 'Find out whose it is. When nobody needs it, delete it, and the agent creates its own; it never takes one over.' },
  ObjectRefused: { severity: 'error', text: 'The API server refuses an object of the release.', next: 'The release needs a correction: send its author what the API server said; `tre-agent status` on site shows it.' },
  ObjectConflict: { severity: 'error', text: 'Somebody else manages a field of an object.', next: 'Find out who changes it.' },
  ObjectKept: { severity: 'info', text: 'An object is no longer in the release but is kept, because it may hold data.', next: 'Delete it by hand when it is not needed, or allow it in the next release.' },
  Drifted: { severity: 'warning', text: 'An object was changed or deleted by somebody else and is being repaired.', next: 'Find out who changed it.' },
  ClusterUnreachable: { severity: 'error', text: 'The Kubernetes API server does not answer.', next: 'Check that Kubernetes runs on this machine; the agent tries again by itself.' },
  ClusterUnauthenticated: { severity: 'error', text: 'The API server does not accept the credentials of the agent.', next: 'Renew the kubeconfig of the agent.' },
  ClusterForbidden: { severity: 'error', text: 'The API server does not allow something to the agent.', next: 'Give the agent the missing right; `tre-agent status` on site shows which.' },
  ClusterBusy: { severity: 'warning', text: 'The API server asks for patience.', next: 'Nothing; the agent waits.' },
  ClusterFailing: { severity: 'error', text: 'The API server fails.', next: 'Look at the log of the API server; the agent tries again by itself.' },
  ClusterMismatch: { severity: 'error', text: 'The agent is bound to another cluster than before.', next: 'Check the kubeconfig of the agent.' },
  ControlPlaneUnreachable: { severity: 'warning', text: 'The control plane does not answer.', next: 'Nothing is lost: the site goes on and reports later. Check the network if it stays so.' },
  OfferRefused: { severity: 'error', text: 'The site refused what the control plane offered; what runs goes on.', next: 'Look at the refusal: it says who has to do what.' },
  ContentIncomplete: { severity: 'warning', text: 'Content of a release is still being fetched.', next: 'Wait; if it stays so, check the network.' },
  SiteRevoked: { severity: 'error', text: 'The identity of this site was withdrawn.', next: 'Talk to the operator; what runs goes on.' },
  EnrolmentPending: { severity: 'info', text: 'The operator has not approved this machine yet.', next: 'Read the six words to the operator, who approves when both ends show the same.' },
  StoreFull: { severity: 'error', text: 'The disk is full; reports are shed.', next: 'Free some space on the disk of the data folder; what runs goes on.' },
  // Health: what became of what was applied
  HealthInProgress: { severity: 'info', text: 'Something that was applied is not ready yet.', next: 'Wait.' },
  NotHealthy: { severity: 'error', text: 'Something that was applied does not work.', next: '`tre-agent status` on site names it and says why.' },
  HealthUnknown: { severity: 'warning', text: 'It is not known whether everything works.', next: 'Give the agent the missing right to look, or wait until the cluster answers.' },
  NodeNotReady: { severity: 'error', text: 'A node of the cluster is not ready: nothing new starts there.', next: 'Look at its kubelet and its container runtime; restart the service that does not run.' },
  NodeSilent: { severity: 'error', text: 'A node of the cluster has not been heard of: its kubelet does not run, or its machine is off.', next: 'Restart the kubelet (with K3s: the service k3s) on that machine.' },
  ContainerRuntimeDown: { severity: 'error', text: 'The container runtime of a node does not answer.', next: 'Restart the container runtime (with K3s: the service k3s) on that machine.' },

  // The machine
  DiskLow: { severity: 'warning', text: 'A disk of this machine is nearly full.', next: 'Free some space, or give the machine a larger disk.' },
  DiskFull: { severity: 'error', text: 'A disk of this machine is full.', next: 'Free some space now: what runs may stop.' },
  InodesLow: { severity: 'warning', text: 'A disk of this machine has nearly no room for more files.', next: 'Remove files that are not needed; many small ones are the usual cause.' },
  InodesFull: { severity: 'error', text: 'A disk of this machine has no room for another file.', next: 'Remove files now; many small ones are the usual cause.' },
  MemoryLow: { severity: 'warning', text: 'This machine has little free memory.', next: 'Stop what is not needed, or give the machine more memory.' },
  UnderPressure: { severity: 'warning', text: 'Work on this machine waits for processors, memory or disks most of the time.', next: 'See in `tre-agent status` which of them; stop what is not needed, or give the machine more.' },
  TemperatureHigh: { severity: 'warning', text: 'This machine is hot.', next: 'Look at its fans and at the room.' },
  ClockNotSynchronised: { severity: 'warning', text: 'The clock of this machine is not synchronised.', next: 'Start a time service (chrony or systemd-timesyncd) with the time server of the hospital.' },
  ClockOff: { severity: 'error', text: 'The clock of this machine differs from that of the control plane by more than a minute.', next: 'Set the clock, and start a time service (chrony or systemd-timesyncd).' },
  CertificateExpiring: { severity: 'warning', text: 'The certificate of this site runs out soon and could not be renewed.', next: 'Bring back the connection to the control plane; it is renewed by itself then.' },

  // Isolation
  NetworkPolicyNotEnforced: { severity: 'error', text: 'This cluster does not enforce network policies: nothing keeps projects apart.', next: 'Install a network plugin that enforces them (K3s does when it is not disabled; Calico, Cilium).' },
  NetworkPolicyUnproven: { severity: 'warning', text: 'It could not be tried whether this cluster enforces network policies.', next: 'See in `tre-agent status` why; the probe needs its image and a node on which pods run.' },
  IsolationNotChecked: { severity: 'warning', text: 'Something that shows whether projects are kept apart could not be looked at.', next: 'Give the agent the missing right: `tre-agent status` on site shows which. Without one, wait until the cluster answers.' },
  PodSecurityNotEnforced: { severity: 'error', text: 'A namespace of the release does not refuse privileged pods.', next: 'The release needs the label pod-security.kubernetes.io/enforce (baseline or restricted) on it.' },
  ServiceAccountTokenMounted: { severity: 'warning', text: 'A pod holds a token of the default service account.', next: 'The release needs automountServiceAccountToken: false.' },
  PublicLoadBalancer: { severity: 'error', text: 'A service is open to a public network.', next: 'Give it an internal load balancer, or take it out of the release.' },

  // Somebody decided
  HeldOnSite: { severity: 'warning', text: 'Somebody on site has put new releases on hold; what runs goes on.', next: 'It ends by itself at the time shown; on site, `tre-agent release-hold` ends it now.' },
} as const satisfies Record<string, ConditionEntry>;

/** A code of the closed list. */
export type ConditionCode = keyof typeof entries;

/** The list: code -> severity, sentence, next step. */
export const conditions: Readonly<Record<ConditionCode, ConditionEntry>> = entries;

/** One condition that holds now. Times are milliseconds UTC; `count` is how many objects it concerns, 0 for the site itself. */
export interface Condition {
  readonly code: ConditionCode;
  readonly count: number;
}

/** True for a text that is a code of the list, for example one that came over the wire. */
export function isConditionCode(text: string): text is ConditionCode {
  return Object.hasOwn(entries, text);
}
