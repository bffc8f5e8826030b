// What a command of tre-control-plane prints and exits with when it fails: code, sentence, next step.
// Used by main.ts only.
import { type DaemonErrorKind, errorChain, isDaemonError } from '../daemon/errors.ts';
import { type ErrorCode, errors, TreError } from '../proto/errors.ts';

export interface Failure {
  readonly exitCode: number;
  readonly text: string;
}

const codes: Partial<Record<DaemonErrorKind, ErrorCode>> = {
  'config-invalid': 'CONFIG_INVALID',
  'database-corrupt': 'DATA_CORRUPT',
  'database-failed': 'DATA_UNREADABLE',
  'database-locked': 'DATA_LOCKED',
  'database-newer': 'DATA_NEWER',
  'disk-full': 'DISK_FULL',
  'folder-locked': 'DATA_LOCKED',
  'listen-failed': 'CONFIG_INVALID',
  'path-unreadable': 'DATA_UNREADABLE',
  'path-unwritable': 'DATA_UNREADABLE',
  'port-taken': 'PORT_TAKEN',
  'runtime-unsupported': 'RUNTIME_TOO_OLD',
};

export function describeFailure(error: unknown): Failure {
  if (error instanceof TreError) return failureOf(error.code, error.message);
  if (!isDaemonError(error)) return failureOf('INTERNAL', `INTERNAL: ${errorChain(error)}`);
  const code = codes[error.kind] ?? 'INTERNAL';
  return failureOf(code, `${code}: ${error.message}`);
}

function failureOf(code: ErrorCode, text: string): Failure {
  return { exitCode: errors[code].exit, text: `${text}\n    ${errors[code].next}` };
}
