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
