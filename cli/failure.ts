// Turns whatever a command threw, and refusals it returned, into what a person reads: code, sentence, facts, next
// step; and into the exit code. The only place where errors of other rooms become words of trectl.

import { CommanderError } from 'commander';
import { type DaemonErrorKind, isDaemonError } from '../daemon/errors.ts';
import { type ErrorCode, errors, TreError } from '../proto/errors.ts';
import { type CommandContext, exitCodes } from './context.ts';

/** A failure in words. `code` is undefined when commander has said everything already. */
export interface Failure {
  readonly exitCode: number;
  readonly text: string;
}

const codeOfKind: Partial<Record<DaemonErrorKind, ErrorCode>> = {
  'config-invalid': 'CONFIG_INVALID',
  'content-mismatch': 'DIGEST_MISMATCH',
  'content-missing': 'CONTENT_MISSING',
  'database-corrupt': 'DATA_CORRUPT',
  'database-locked': 'DATA_LOCKED',
  'database-newer': 'DATA_NEWER',
  'disk-full': 'DISK_FULL',
  'folder-locked': 'DATA_LOCKED',
  'path-unreadable': 'FILE_UNREADABLE',
  'path-unwritable': 'FILE_UNWRITABLE',
  'port-taken': 'PORT_TAKEN',
  'runtime-unsupported': 'RUNTIME_TOO_OLD',
  'tls-invalid': 'CERTIFICATE_UNTRUSTED',
};

/** What to print and how to end after an exception. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CommanderError) {
    return { exitCode: error.exitCode === 0 ? exitCodes.done : exitCodes.usage, text: '' };
  }
  if (error instanceof TreError) {
    const facts = Object.entries(error.facts).map(([name, value]) => `\n    ${name}: ${String(value)}`);
    return {
      exitCode: errors[error.code].exit,
      text: `${error.message}${facts.join('')}\n    ${errors[error.code].next}`,
    };
  }
  if (isDaemonError(error)) {
    const code = codeOfKind[error.kind] ?? 'INTERNAL';
    return { exitCode: errors[code].exit, text: refusalText(code, error.message) };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    exitCode: errors.INTERNAL.exit,
    text: `${refusalText('INTERNAL', errors.INTERNAL.text)}\n${stack}`,
  };
}

/** `CODE: what is wrong` and, on the next line, what to do. */
function refusalText(code: ErrorCode, detail: string): string {
  return `${code}: ${detail}\n    ${errors[code].next}`;
}

/** Prints refusals that a command got as values, and leaves the exit code of the gravest. */
export function refuse(
  context: CommandContext,
  refusals: readonly { readonly code: ErrorCode; readonly detail: string }[],
): void {
  for (const { code, detail } of refusals) context.err(refusalText(code, detail));
  context.exitCode = Math.max(...refusals.map(({ code }) => errors[code].exit));
}
