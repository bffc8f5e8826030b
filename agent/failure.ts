// What was thrown -> what a person reads (code, sentence, facts, next step) and the exit code. The only place where
// errors of other rooms become words of tre-agent. Called by main.ts.
import { type DaemonErrorKind, errorChain, isDaemonError } from '../daemon/errors.ts';
import { type ErrorCode, errors, TreError } from '../proto/errors.ts';

/** A failure in words, whole lines without the last line break. */
export interface Failure {
  readonly code: ErrorCode;
  readonly exitCode: number;
  readonly text: string;
}

const codeOfKind: Partial<Record<DaemonErrorKind, ErrorCode>> = {
  'config-invalid': 'CONFIG_INVALID',
  'database-corrupt': 'DATA_CORRUPT',
  'database-failed': 'DATA_UNREADABLE',
  'database-locked': 'DATA_LOCKED',
  'database-newer': 'DATA_NEWER',
  'disk-full': 'DISK_FULL',
  'folder-locked': 'DATA_LOCKED',
  'listen-failed': 'CONFIG_INVALID',
  'path-unreadable': 'FILE_UNREADABLE',
  'path-unwritable': 'FILE_UNWRITABLE',
  'runtime-unsupported': 'RUNTIME_TOO_OLD',
};

export function describeFailure(error: unknown): Failure {
  if (error instanceof TreError) {
    const facts = Object.entries(error.facts).map(([name, value]) => `\n    ${name}: ${String(value)}`);
    return failure(error.code, `${error.message}${facts.join('')}`);
  }
  if (isDaemonError(error)) {
    const code = codeOfKind[error.kind] ?? 'INTERNAL';
    return failure(code, `${code}: ${error.message}`);
  }
  return failure('INTERNAL', `INTERNAL: ${errorChain(error)}`);
}

function failure(code: ErrorCode, text: string): Failure {
  return { code, exitCode: errors[code].exit, text: `${text}\n    ${errors[code].next}` };
}
