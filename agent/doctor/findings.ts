// The closed list of what `tre-agent doctor` finds and no error or condition names yet: each with a sentence for a person
// who runs a hospital's machines and with what to do. What has a code in proto/errors.ts or proto/conditions.ts keeps
// that code. docs/runbooks/doctor.md lists the codes of this file; a test compares the two.
import { type ConditionCode, conditions } from '../../proto/conditions.ts';
import { type ErrorCode, errors } from '../../proto/errors.ts';
import { lineOf } from '../local/status-words.ts';

interface FindingEntry {
  readonly text: string;
  readonly next: string;
}

const askNetwork = 'Ask the people who run the network for the firewall line that tre-agent doctor shows.';

// biome-ignore format: one line per entry reads as the table it is
const entries = {
  CHECK_UNFINISHED: { text: 'This check did not come to an end.', next: 'Something that it asked hangs, such as a disk on the network; try again with a longer --timeout.' },

  // The data folder
  DATA_FOLDER_MISSING: { text: 'There is no data folder of an agent here.', next: 'Name the folder that the agent uses with --data; a new machine gets one when tre-agent first runs.' },
  DATA_FOLDER_FORBIDDEN: { text: 'This user may not use the data folder.', next: 'Run this command as root or as the user of tre-agent; that user must own the folder.' },
  DATA_OWNERS_DIFFER: { text: 'The files in the data folder belong to several users, and no agent runs.', next: 'If tre-agent does not run as root, give it the whole folder (chown -R USER FOLDER). Then start it.' },
  DATA_FOLDER_READ_ONLY: { text: 'Nothing can be written into the data folder.', next: 'A disk that fails becomes read-only: look at the messages of the kernel (dmesg) and at the mount, then restart tre-agent.' },
  LEAF_INVALID: { text: 'The certificate file of this site (keys/leaf.pem) is damaged.', next: 'Put it back from a backup, or remove it and start the agent with a new join file.' },
  LEAF_EXPIRED: { text: 'The certificate of this site has expired.', next: 'Look first whether the clock of this machine is right. Then bring back the connection to the control plane: it is renewed by itself. What runs goes on.' },

  // The way to the control plane
  NAME_UNKNOWN: { text: 'The name of the control plane does not exist.', next: 'Compare the name with the operator; ask the people who run the network to make it known to the name servers of this machine.' },
  NAME_SERVER_SILENT: { text: 'No name server of this machine answers.', next: `Check the cable and /etc/resolv.conf. ${askNetwork}` },
  NAME_SERVER_FAILS: { text: 'The name servers of this machine fail or refuse to answer.', next: 'Ask the people who run the name servers what is wrong with this name.' },
  NAME_WRONG_ADDRESS: { text: 'The name of the control plane leads nowhere: a filter in the name server answers in its place.', next: 'Ask the people who run the name servers to let this name pass.' },
  PROXY_REFUSES: { text: 'The control plane cannot be reached directly, and the proxy refuses to connect to it.', next: `tre-agent connects directly and uses no proxy. ${askNetwork}` },
  PROXY_UNREACHABLE: { text: 'The control plane cannot be reached directly, and the proxy does not answer either.', next: `tre-agent connects directly and uses no proxy. ${askNetwork}` },
  PROXY_NEEDED: { text: 'The control plane can be reached through the proxy only.', next: `tre-agent connects directly and uses no proxy. ${askNetwork}` },
  TCP_REFUSED: { text: 'The machine answers, but nothing listens there, or a firewall refuses.', next: `Ask the operator whether the control plane runs at this address. If it does: ${askNetwork.toLowerCase()}` },
  TCP_FILTERED: { text: 'Nobody answers: a firewall drops the packets, or the address is wrong.', next: askNetwork },
  TCP_NO_ROUTE: { text: 'This machine has no way to that address, or a firewall on the way turns it back.', next: `Check the cable, the address and the default route of this machine. If they are right: ${askNetwork.toLowerCase()}` },
  CONNECTION_CLOSED: { text: 'The connection is accepted and closed before a word was said: a firewall on the way cuts it.', next: askNetwork },
  NOT_TLS: { text: 'What answers there does not speak TLS: it is not the control plane.', next: `Compare address and port with the operator; a captive portal or a proxy may answer instead. ${askNetwork}` },
  TLS_SILENT: { text: 'The connection is accepted, but the TLS handshake gets no answer: a device on the way holds it.', next: askNetwork },
  TLS_TOO_OLD: { text: 'What answers there offers no TLS 1.3: a device on the way inspects the traffic.', next: askNetwork },
  TLS_REFUSED: { text: 'The TLS handshake is refused: a device on the way, or something that is not the control plane.', next: `Compare address and port with the operator. ${askNetwork}` },
  HTTP2_MISSING: { text: 'HTTP/2 is not offered: a device on the way inspects the traffic and takes it out.', next: askNetwork },
  SERVER_CERTIFICATE_EXPIRED: { text: 'The certificate of the control plane has expired.', next: 'Tell the operator: a running control plane renews it by itself.' },
  SERVER_NAME_WRONG: { text: 'The certificate of the control plane is for another name.', next: 'Compare the address with the operator; a new join file brings the right one.' },

  // The control plane itself
  CONTROL_PLANE_SILENT: { text: 'The control plane takes the connection and does not answer.', next: 'Tell the operator: it is overloaded, or a device on the way holds HTTP/2 back.' },
  CONTROL_PLANE_UNAVAILABLE: { text: 'Something in front of the control plane answers that it is not there.', next: 'Tell the operator; nothing is to be done on site.' },
  NOT_A_CONTROL_PLANE: { text: 'What answers there is no control plane.', next: 'Compare address and port with the operator.' },
  CONNECTION_CUT: { text: 'Connections to the control plane are cut after a short time.', next: `A firewall or proxy ends long connections: ask for none of that here. ${askNetwork}` },
  LEAF_REFUSED: { text: 'The control plane does not know the certificate of this site.', next: 'Ask the operator whether the control plane was restored from a backup; a new join file joins this machine again.' },

  // The cluster
  KUBECONFIG_MISSING: { text: 'There is no kubeconfig.', next: 'Name it with --kubeconfig or in the settings; K3s writes one to /etc/rancher/k3s/k3s.yaml.' },
  CLUSTER_CERTIFICATE_EXPIRED: { text: 'The client certificate in the kubeconfig has expired.', next: 'Look first whether the clock of this machine is right. Then make a new kubeconfig; K3s renews its own when it is restarted.' },
  CLUSTER_CREDENTIAL_FAILED: { text: 'The credentials that the kubeconfig names cannot be had.', next: 'Run the command of its exec section by hand as the user of tre-agent, or look at its token file.' },
  API_SERVER_REFUSES: { text: 'No Kubernetes API server listens there.', next: 'Start Kubernetes (with K3s: the service k3s), or correct the server in the kubeconfig.' },
  API_SERVER_FILTERED: { text: 'Nobody answers at the address of the Kubernetes API server: a firewall drops the packets, or the address is wrong.', next: `Compare the server in the kubeconfig with the cluster. If it is right: ${askNetwork.toLowerCase()}` },
  API_SERVER_UNREACHABLE: { text: 'This machine has no way to the Kubernetes API server, or a firewall on the way turns it back.', next: `Correct the server in the kubeconfig, or look at the network between the two. If both are right: ${askNetwork.toLowerCase()}` },
  API_SERVER_SILENT: { text: 'The Kubernetes API server does not answer.', next: 'Look at its log and at the load of its machine (with K3s: the service k3s).' },
  API_SERVER_UNTRUSTED: { text: 'The Kubernetes API server shows a certificate that the kubeconfig does not trust.', next: 'It belongs to another cluster, or to this one after it was made anew: take its new kubeconfig.' },
  API_SERVER_NAME_WRONG: { text: 'The certificate of the Kubernetes API server is for another name.', next: 'Take one of the names that it is for as the server in the kubeconfig; K3s adds a name with --tls-san.' },
  API_SERVER_CERTIFICATE_EXPIRED: { text: 'The certificate of the Kubernetes API server has expired.', next: 'Look first whether the clock of this machine is right. Then renew it; K3s does it when it is restarted.' },
  API_SERVER_NOT_READY: { text: 'The Kubernetes API server says that it is not ready.', next: 'Look at the part that it names, in the log of the API server.' },
  DATASTORE_DOWN: { text: 'The datastore of Kubernetes does not answer its API server.', next: 'Look at the datastore (etcd or kine; with K3s: the service k3s) and at the disk under it.' },
  NODES_MISSING: { text: 'The cluster has no node: nothing can run.', next: 'Start the kubelet (with K3s: the service k3s) on the machine that is to run the TRE.' },

  // The agent
  AGENT_STUCK: { text: 'The agent answers, but it has not looked at this site for a while.', next: 'Look at its log and at the load of this machine; start tre-agent again if it stays so. What runs goes on.' },
  SOCKET_STALE: { text: 'No agent listens at its socket: it ended without removing it.', next: 'Start tre-agent: it replaces the socket. Its log says why it ended.' },
} as const satisfies Record<string, FindingEntry>;

/** A code of the list above. */
export type OwnCode = keyof typeof entries;
export type FindingCode = OwnCode | ErrorCode | ConditionCode;

/** The list: code -> sentence, next step. */
export const ownFindings: Readonly<Record<OwnCode, FindingEntry>> = entries;

/** Only an `error` breaks its hop; the rest is good to know. */
export type Severity = 'error' | 'warning' | 'info';

/** One thing that was found, ready to be shown. `detail` has the facts of the case, never a secret. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly text: string;
  readonly next: string;
  readonly detail: string;
  /** What to ask of the people who run the firewall, word for word; null where it would not help. */
  readonly firewall: string | null;
}

/** What other machines said may stand in `detail` and `firewall`: a terminal gets it as words on one line. */
export function finding(code: FindingCode, detail: string, firewall: string | null = null): Finding {
  const line = firewall === null ? null : lineOf(firewall);
  return { code, ...wordsOf(code), detail: lineOf(detail), firewall: line };
}

function wordsOf(code: FindingCode): Pick<Finding, 'severity' | 'text' | 'next'> {
  if (Object.hasOwn(conditions, code)) {
    const { severity, text, next } = conditions[code as ConditionCode];
    return { severity, text, next };
  }
  const { text, next } = Object.hasOwn(entries, code) ? entries[code as OwnCode] : errors[code as ErrorCode];
  return { severity: 'error', text, next };
}
