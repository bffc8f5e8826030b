// The one error class of this folder, with a closed list of kinds, and the one way to print an error.
// Invariants: the cause is always kept; a kind is never reused for another meaning; no text holds
// a secret. Callers map a kind to their own public code; nothing here is shown to people as it is.

export const daemonErrorKinds = [
  'aborted',
  'command-failed',
  'command-missing',
  'config-invalid',
  'content-mismatch',
  'content-missing',
  'database-corrupt',
  'database-failed',
  'database-locked',
  'database-newer',
  'disk-full',
  'folder-locked',
  'listen-failed',
  'migration-invalid',
  'path-unreadable',
  'path-unwritable',
  'port-taken',
  'runtime-unsupported',
  'timeout',
  'tls-invalid',
] as const;

export type DaemonErrorKind = (typeof daemonErrorKinds)[number];

export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

export interface DaemonErrorOptions {
  /** What went wrong underneath, kept for `errorChain`. */
  readonly cause?: unknown;
  /** Facts for logs and for the caller's own message: paths, limits, counts; never a secret. */
  readonly details?: ErrorDetails;
}

export class DaemonError extends Error {
  override readonly name = 'DaemonError';
  readonly kind: DaemonErrorKind;
  readonly details: ErrorDetails;

  constructor(kind: DaemonErrorKind, message: string, options: DaemonErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.details = Object.freeze({ ...options.details });
  }
}

/** True for a DaemonError, and, when kinds are named, only for one of these. */
export function isDaemonError(error: unknown, ...kinds: DaemonErrorKind[]): error is DaemonError {
  return error instanceof DaemonError && (kinds.length === 0 || kinds.includes(error.kind));
}

/** The `code` of a system error (`ENOENT`, `EADDRINUSE`, `SQLITE_FULL`), or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Turns a failed read, write or listen into a DaemonError that names its subject. */
export function fromSystem(error: unknown, fallback: DaemonErrorKind, subject: string): DaemonError {
  if (error instanceof DaemonError) return error;
  const code = systemCode(error);
  const kind = kindsOfSystemCodes.get(code ?? '') ?? fallback;
  const details = { subject, ...(code === undefined ? {} : { systemCode: code }) };
  return new DaemonError(kind, `${failurePhrases[kind] ?? kind} ${subject}`, { cause: error, details });
}

/** The whole chain of causes in one line, outermost first, for a log or a terminal. */
export function errorChain(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < maxChainDepth && current !== undefined; depth += 1) {
    parts.push(describe(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(': ').replaceAll(/\s*\n\s*/g, ' ');
}

const maxChainDepth = 10;

const kindsOfSystemCodes: ReadonlyMap<string, DaemonErrorKind> = new Map([
  ['EADDRINUSE', 'port-taken'],
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
]);

const failurePhrases: Partial<Record<DaemonErrorKind, string>> = {
  'disk-full': 'no space left for',
  'listen-failed': 'cannot listen on',
  'path-unreadable': 'cannot read',
  'path-unwritable': 'cannot write',
  'port-taken': 'another program listens on',
};

function describe(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : `thrown ${typeof error}`;
  const label = error instanceof DaemonError ? `[${error.kind}] ` : labelOf(error);
  // A failed connection to a name with several addresses has an empty message and a list of errors.
  const inner = error instanceof AggregateError ? error.errors.map(describe).join('; ') : '';
  return `${label}${[messageOf(error), inner].filter((text) => text !== '').join(': ')}`;
}

/** What was no JSON is quoted by the parser, and may have been a token. */
function messageOf(error: Error): string {
  return error instanceof SyntaxError
    ? error.message.replace(quotedJson, ' in what is not valid JSON')
    : error.message;
}

const quotedJson = /,? ?(?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s;

function labelOf(error: Error): string {
  const code = systemCode(error);
  if (code !== undefined && !error.message.includes(code)) return `${code} `;
  return error.message === '' && !(error instanceof AggregateError) ? error.name : '';
}
