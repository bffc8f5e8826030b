// The closed list of error codes: what a person or a program sees when something is refused or fails.
// A code is never renamed and never used again for something else; docs/errors.md is generated from this list.
// `exit` is the exit code of a command (1 failed, 2 usage, 3 refused, 4 unreachable), `http` the REST status,
// `text` one plain sentence, `next` what to do. Callers add the facts of the case.

interface ErrorEntry {
  readonly exit: 1 | 2 | 3 | 4;
  readonly http: number;
  readonly text: string;
  readonly next: string;
}

// biome-ignore format: one line per entry reads as the table it is
const entries = {
  // Any command or process
  USAGE: { exit: 2, http: 400, text: 'The command line is not understood.', next: 'Run the command with --help.' },
  CONFIG_INVALID: { exit: 2, http: 500, text: 'A setting is missing or wrong.', next: 'Correct the named setting; `config explain` shows where each value comes from.' },
  FILE_UNREADABLE: { exit: 1, http: 500, text: 'A file cannot be read.', next: 'Check that it is the right path and that this user may read it.' },
  FILE_UNWRITABLE: { exit: 1, http: 500, text: 'A file cannot be written.', next: 'Check the path, the rights of this user and the free disk space.' },
  DATA_UNREADABLE: { exit: 1, http: 500, text: 'The data folder cannot be used.', next: 'Check that it exists, belongs to this user and has free space.' },
  DATA_LOCKED: { exit: 3, http: 409, text: 'Another process uses this data folder.', next: 'Stop the other process, or choose another folder.' },
  DATA_NEWER: { exit: 3, http: 500, text: 'The data folder was written by a newer version.', next: 'Install that version or a newer one.' },
  DATA_CORRUPT: { exit: 1, http: 500, text: 'The database is damaged.', next: 'Keep a copy of the folder, then restore it from the last backup.' },
  DISK_FULL: { exit: 1, http: 507, text: 'The disk is full.', next: 'Free some space; work goes on by itself.' },
  PORT_TAKEN: { exit: 1, http: 500, text: 'A port is already in use.', next: 'Stop the process that listens there, or choose another port.' },
  RUNTIME_TOO_OLD: { exit: 1, http: 500, text: 'This Node.js is too old.', next: 'Start it through npm or the installed command, which bring the right one.' },
  KUBERNETES_UNAVAILABLE: { exit: 1, http: 500, text: 'No Kubernetes could be started.', next: 'Set TRE_KUBECONFIG, or install Go 1.26.6 or later and a C compiler so that it can be built.' },
  INTERNAL: { exit: 1, http: 500, text: 'Something unexpected happened.', next: 'Look at the log, and report it with the lines around the error.' },

  // Release authors
  RELEASE_FILE_MISSING: { exit: 3, http: 400, text: 'The folder has no release.yaml.', next: 'Write one; `trectl release schema` prints what it may contain.' },
  RELEASE_FILE_INVALID: { exit: 3, http: 400, text: 'release.yaml is not valid.', next: 'Correct the named line; `trectl release schema` prints what it may contain.' },
  COMPONENT_PATH_MISSING: { exit: 3, http: 400, text: 'The path of a component does not exist or holds no YAML.', next: 'Correct the path; it is relative to release.yaml.' },
  COMPONENT_EMPTY: { exit: 3, http: 400, text: 'A release has no object at all.', next: 'Add a component with at least one object.' },
  YAML_INVALID: { exit: 3, http: 400, text: 'A file is not valid YAML.', next: 'Correct the named line; a template, such as a Helm chart, must be rendered first.' },
  NOT_KUBERNETES: { exit: 3, http: 400, text: 'A document is not a Kubernetes object.', next: 'Give it apiVersion, kind and metadata.name, or take the file out of the component.' },
  KIND_UNKNOWN: { exit: 3, http: 400, text: 'No target Kubernetes version and no CRD of the release knows this kind.', next: 'Correct apiVersion and kind, or add the CRD to the release.' },
  API_REMOVED: { exit: 3, http: 400, text: 'A target Kubernetes version no longer serves this API.', next: 'Move the object to the version that replaced it.' },
  FIELD_UNKNOWN: { exit: 3, http: 400, text: 'The schema does not know this field.', next: 'Correct or remove the field; a patch in release.yaml can do it without touching the file.' },
  FIELD_TYPE_WRONG: { exit: 3, http: 400, text: 'A field has a value of the wrong type.', next: 'Correct the value.' },
  FIELD_REQUIRED: { exit: 3, http: 400, text: 'A required field is missing.', next: 'Add the field.' },
  FIELD_VALUE_REFUSED: { exit: 3, http: 400, text: 'The schema does not allow this value.', next: 'Correct the value.' },
  FIELD_FORBIDDEN: { exit: 3, http: 400, text: 'A field belongs to the server, not to a release.', next: 'Remove status, managedFields, creationTimestamp, uid, resourceVersion and the like.' },
  LIST_KEY_DUPLICATE: { exit: 3, http: 400, text: 'Two entries of a list have the same key.', next: 'Remove or rename one of them.' },
  OBJECT_DUPLICATE: { exit: 3, http: 400, text: 'Two objects have the same kind, namespace and name.', next: 'Remove one of them.' },
  OBJECT_NAMESPACE_FORBIDDEN: { exit: 3, http: 400, text: 'A cluster-scoped object names a namespace.', next: 'Remove metadata.namespace.' },
  OBJECT_NAMESPACE_MISSING: { exit: 3, http: 400, text: 'A namespaced object has no namespace.', next: 'Name it in the object, or give the component a default namespace.' },
  NUMBER_OUT_OF_RANGE: { exit: 3, http: 400, text: 'A number does not fit 64 bits.', next: 'Use a smaller number, or a text.' },
  TEXT_NOT_UNICODE: { exit: 3, http: 400, text: 'A text is not valid Unicode.', next: 'Correct the text.' },
  PARAMETER_INVALID: { exit: 3, http: 400, text: 'A parameter is declared wrongly.', next: 'Correct its declaration in release.yaml.' },
  PARAMETER_WITHOUT_VALUE: { exit: 3, http: 400, text: 'A parameter has neither value nor default.', next: 'Give the site a value, or the parameter a default or `required: true` in release.yaml.' },
  PARAMETER_PLACE_MISSING: { exit: 3, http: 400, text: 'A place of a parameter matches nothing.', next: 'Correct the object or the pointer.' },
  PATCH_WITHOUT_TARGET: { exit: 3, http: 400, text: 'A patch matches no object.', next: 'Correct its target, or remove the patch when it is no longer needed.' },
  PATCH_FAILED: { exit: 3, http: 400, text: 'A patch cannot be carried out.', next: 'Compare its operations with the object as it is now.' },
  RELEASE_TOO_LARGE: { exit: 3, http: 413, text: 'A release or an object is over its size limit.', next: 'Split it; an object may have 1 MiB, a manifest 16 MiB.' },
  OUTPUT_EXISTS: { exit: 3, http: 409, text: 'The output folder holds something else.', next: 'Choose an empty folder.' },
  KEY_FILE_INVALID: { exit: 3, http: 400, text: 'A key file is not a usable key.', next: 'Make one with `trectl key new`.' },
  KEY_FILE_EXISTS: { exit: 3, http: 409, text: 'A key file exists already.', next: 'Choose another name; keys are never overwritten.' },
  KEYSET_INVALID: { exit: 3, http: 400, text: 'The keyset is not valid.', next: 'Make one with `trectl key set`: every NAME.pub once, and a threshold of at most their number.' },

  // Trust: what a site checks before it moves
  ENVELOPE_INVALID: { exit: 3, http: 400, text: 'A signed envelope cannot be read.', next: 'Send the whole file again; if it stays so, report it to the security contact.' },
  DOCUMENT_INVALID: { exit: 3, http: 400, text: 'A document does not have the form that its type asks for.', next: 'Update the older side; if both are current, report it.' },
  DOCUMENT_TOO_LARGE: { exit: 3, http: 413, text: 'A document is over its size limit.', next: 'Report it; this does not happen in normal work.' },
  DOCUMENT_EXPIRED: { exit: 3, http: 409, text: 'The document is past its last day.', next: 'Assign the release again, so that a new document is issued.' },
  DIRECTOR_SIGNATURE_INVALID: { exit: 3, http: 403, text: 'The document is not signed by the control plane that this site trusts.', next: 'Do nothing on site; the operator must find out who signed it.' },
  RELEASE_UNDER_SIGNED: { exit: 3, http: 403, text: 'The release is not signed by enough of the keys that this site trusts.', next: 'Have the release signed by the missing key holders and publish the signatures.' },
  RELEASE_MISMATCH: { exit: 3, http: 400, text: 'The document gives a release another name or version than the release itself.', next: 'Do nothing on site; the operator must find out who wrote the document.' },
  DIGEST_MISMATCH: { exit: 3, http: 400, text: 'The content differs from its digest: it was changed or damaged.', next: 'Build or publish it again from the source.' },
  CONTENT_MISSING: { exit: 3, http: 404, text: 'Content that a release names is not there.', next: 'Build and publish the release again; nothing was changed.' },
  SITE_MISMATCH: { exit: 3, http: 409, text: 'The document is for another site.', next: 'The operator must look at how it got here; nothing was changed.' },
  CLUSTER_MISMATCH: { exit: 3, http: 409, text: 'The document is for another cluster.', next: 'Check that this agent is bound to the right cluster.' },
  EPOCH_LOWER: { exit: 3, http: 409, text: 'The control plane is behind this site: its epoch is lower.', next: 'Was it restored from an old backup? Run its recover command.' },
  GENERATION_LOWER: { exit: 3, http: 409, text: 'The document is older than the one this site holds.', next: 'Was the control plane restored from an old backup? Run its recover command.' },
  CHAIN_BROKEN: { exit: 3, http: 409, text: 'The document does not follow from the one this site holds.', next: 'Was the control plane restored from an old backup? Run its recover command.' },
  CAPABILITY_NEWER: { exit: 3, http: 409, text: 'The document needs a newer agent.', next: 'Update the agent of this site.' },
  CAPABILITY_UNSUPPORTED: { exit: 3, http: 409, text: 'The other side speaks a version that this side does not know.', next: 'Update the older side.' },
  PARAMETER_REFUSED: { exit: 3, http: 400, text: 'A parameter value is outside what the signed release allows.', next: 'Give a value of the declared type and range.' },
  PARAMETER_UNKNOWN: { exit: 3, http: 400, text: 'The release has no such parameter.', next: 'Remove the value, or correct its name.' },

  // Enrolment
  JOIN_FILE_INVALID: { exit: 3, http: 400, text: 'The join file is not valid.', next: 'Ask for a new one: `trectl site join-file`.' },
  TOKEN_UNKNOWN: { exit: 3, http: 403, text: 'The join token is not known.', next: 'Ask for a new join file.' },
  TOKEN_USED: { exit: 3, http: 403, text: 'The join token was used already.', next: 'Ask for a new join file; if nobody here used it, tell the operator.' },
  TOKEN_EXPIRED: { exit: 3, http: 403, text: 'The join token has expired.', next: 'Ask for a new join file.' },
  CA_MISMATCH: { exit: 3, http: 403, text: 'The control plane does not show the CA that the join file names.', next: 'Check the address; a proxy may be reading the traffic: ask for a bypass of this host.' },
  CSR_INVALID: { exit: 3, http: 400, text: 'The certificate request is not valid.', next: 'Update the agent; if it is current, report it.' },
  DEVICE_SIGNATURE_INVALID: { exit: 3, http: 403, text: 'The request is not signed by the device key of this site.', next: 'Was another machine approved for this site? To join this one again, remove keys/leaf.pem from its data folder and start it with a new join file.' },
  ENROLMENT_UNKNOWN: { exit: 3, http: 404, text: 'There is no such enrolment request.', next: 'List the waiting ones with `trectl site list`.' },
  ENROLMENT_REFUSED: { exit: 3, http: 403, text: 'The operator refused this machine.', next: 'Compare the six words with the operator and ask for a new join file.' },
  CERTIFICATE_REQUIRED: { exit: 3, http: 401, text: 'This call needs the certificate of a site.', next: 'Join the site first.' },
  SITE_REVOKED: { exit: 3, http: 403, text: 'The identity of this site was withdrawn.', next: 'What runs goes on. On site, talk to the operator; an operator deletes the site and creates it anew.' },

  // Control plane
  NOT_INITIALISED: { exit: 3, http: 500, text: 'This data folder holds no control plane yet.', next: 'Run `tre-control-plane init`.' },
  ALREADY_INITIALISED: { exit: 3, http: 409, text: 'This data folder holds a control plane already.', next: 'Start it with `tre-control-plane run`, or choose an empty folder.' },
  UNAUTHENTICATED: { exit: 3, http: 401, text: 'No valid operator token was given.', next: 'Run `trectl login` with the file of a valid token.' },
  FORBIDDEN: { exit: 3, http: 403, text: 'The role of this token does not allow this.', next: 'Ask somebody with the role operator.' },
  REQUEST_INVALID: { exit: 3, http: 400, text: 'The request is not valid.', next: 'Correct the named field.' },
  NOT_FOUND: { exit: 3, http: 404, text: 'There is no such thing here.', next: 'Check the name; the list command shows what there is.' },
  SITE_UNKNOWN: { exit: 3, http: 404, text: 'There is no such site.', next: 'Check the name with `trectl site list`.' },
  SITE_NAME_TAKEN: { exit: 3, http: 409, text: 'Another site has this name.', next: 'Choose another name.' },
  SITE_NOT_JOINED: { exit: 3, http: 409, text: 'No machine of this site is waiting for approval.', next: 'Start the agent there with its join file first.' },
  RELEASE_UNKNOWN: { exit: 3, http: 404, text: 'There is no such release.', next: 'Publish it first, or check the name with `trectl release list`.' },
  RELEASE_CONFLICT: { exit: 3, http: 409, text: 'This name and version was published with other content.', next: 'Releases never change: give the new content a new version.' },
  PLAIN_HTTP: { exit: 3, http: 400, text: 'This address speaks HTTPS only.', next: 'Use https:// and the CA of the control plane.' },
  FRAME_TOO_LARGE: { exit: 3, http: 413, text: 'A message is over the limit of 1 MiB.', next: 'Report it; this does not happen in normal work.' },
  CONTROL_PLANE_UNREACHABLE: { exit: 4, http: 503, text: 'The control plane does not answer.', next: 'Check address, network and firewall; the site goes on without it.' },
  CERTIFICATE_UNTRUSTED: { exit: 3, http: 403, text: 'The server does not show a certificate of the expected CA.', next: 'Check the address and the CA file given to `trectl login`.' },

  // Agent
  AGENT_NOT_RUNNING: { exit: 4, http: 503, text: 'No agent answers on this machine.', next: 'Start tre-agent, or name its socket with --socket.' },
  AGENT_SILENT: { exit: 4, http: 503, text: 'The agent runs and does not answer.', next: 'Look at its log and at the load of this machine; restart tre-agent if it stays so. What runs goes on.' },
  SOCKET_FORBIDDEN: { exit: 3, http: 403, text: 'This user may not ask the agent.', next: 'Run this command as root or as the user of tre-agent.' },
  NOT_JOINED: { exit: 3, http: 409, text: 'This agent has not joined a control plane yet.', next: 'Start it with --join FILE.' },
  ALREADY_JOINED: { exit: 3, http: 409, text: 'This agent has joined another site already.', next: 'Choose an empty data folder for the new site.' },
  KUBECONFIG_INVALID: { exit: 2, http: 500, text: 'The kubeconfig cannot be used.', next: 'Check the file, its current context and its credentials.' },
  CLUSTER_UNREACHABLE: { exit: 4, http: 503, text: 'The Kubernetes API server does not answer.', next: 'Check that Kubernetes runs on this machine; the agent tries again by itself.' },
  CLUSTER_UNAUTHENTICATED: { exit: 3, http: 401, text: 'The API server does not accept the credentials of the agent (401).', next: 'Renew the kubeconfig of the agent.' },
  CLUSTER_FORBIDDEN: { exit: 3, http: 403, text: 'The API server does not allow this to the agent (403).', next: 'Give the agent the missing right; the message names it.' },
  CLUSTER_BUSY: { exit: 1, http: 429, text: 'The API server asks for patience (429).', next: 'Nothing; the agent waits as long as it was told.' },
  CLUSTER_FAILING: { exit: 1, http: 502, text: 'The API server fails (5xx).', next: 'Look at the log of the API server; the agent tries again by itself.' },
  OBJECT_NOT_OURS: { exit: 3, http: 409, text: 'An object of this name exists and was not created by this agent.', next: 'Find out whose it is; when nobody needs it, delete it, and the agent creates its own.' },
  OBJECT_REFUSED: { exit: 3, http: 422, text: 'The API server refuses the object.', next: 'The release needs a correction; the API server says on site which field.' },
  OBJECT_CONFLICT: { exit: 3, http: 409, text: 'Somebody else manages a field of this object.', next: 'Find out who changed it; the agent repairs objects of its own by itself.' },
  // A person on site, an operator
  SITE_HELD: { exit: 3, http: 409, text: 'Somebody on site has put new releases on hold.', next: 'Wait until the hold ends, or ask the people on site; it is tried again by itself then.' },
  HOLD_INVALID: { exit: 2, http: 400, text: 'This is no time for which a site can be held.', next: 'Give a time from 1m to 30d, such as --for 8h.' },
  NOT_HELD: { exit: 3, http: 409, text: 'This site is not held.', next: 'Nothing; `tre-agent status` shows how it stands.' },
  CODE_UNKNOWN: { exit: 2, http: 404, text: 'There is no such code.', next: 'Copy it from `tre-agent status`; upper and lower case do not matter.' },
  LABEL_INVALID: { exit: 3, http: 400, text: 'This is no label.', next: 'Write key=value (or key- to remove one): letters, digits, - _ . and at most 63 of them.' },
  NO_EARLIER_RELEASE: { exit: 3, http: 409, text: 'There is no earlier release of this site to go back to.', next: 'Assign one by name: `trectl site assign`.' },
  SITE_IN_USE: { exit: 3, http: 409, text: 'This site has a machine that has joined.', next: 'Revoke it first: `trectl site revoke`; what runs there goes on.' },
  AUDIT_BROKEN: { exit: 1, http: 500, text: 'The audit was changed: a row does not follow from the one before.', next: 'Keep a copy of the database and tell the security contact.' },
  ALERT_TARGET_INVALID: { exit: 3, http: 400, text: 'This is no target for alerts.', next: 'Give an https address, and a secret of at least 32 characters in a file.' },
  STILL_WAITING: { exit: 1, http: 504, text: 'What was waited for has not come about in time.', next: 'Look with `trectl site show`; waiting again does no harm.' },
} as const satisfies Record<string, ErrorEntry>;

/** A code of the closed list. */
export type ErrorCode = keyof typeof entries;

/** The list: code -> exit code, HTTP status, sentence, next step. */
export const errors: Readonly<Record<ErrorCode, ErrorEntry>> = entries;

/** Facts of one case, printed after the sentence. Never secrets, never values of objects. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean>>;

/** The one error class of our own processes. `message` starts with the code; `cause` is kept. */
export class TreError extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, detail?: string, options: { cause?: unknown; facts?: ErrorFacts } = {}) {
    super(
      `${code}: ${detail ?? errors[code].text}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'TreError';
    this.code = code;
    this.facts = options.facts ?? {};
  }
}

/** True for a text that is a code of the list, for example one that came over the wire. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(entries, text);
}
