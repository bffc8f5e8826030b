// What a failed attempt means: one code of the closed list. A network that does not carry us is no fault of anybody here;
// what is left is ours and is called INTERNAL, so that it is not mistaken for the network. Called by run-session.ts.
import { status } from '@grpc/grpc-js';
import { errorChain, isDaemonError, systemCode } from '../../daemon/errors.ts';
import { type ErrorCode, TreError } from '../../proto/errors.ts';
import { CallFailed } from '../../proto/grpc.ts';

export function codeOfFailure(error: unknown): ErrorCode {
  if (error instanceof TreError) return error.code;
  if (error instanceof CallFailed)
    return error.code ?? (networkStatuses.has(error.status) ? 'CONTROL_PLANE_UNREACHABLE' : 'INTERNAL');
  if (isDaemonError(error, 'disk-full')) return 'DISK_FULL';
  if (isDaemonError(error, 'timeout', 'aborted')) return 'CONTROL_PLANE_UNREACHABLE';
  return /^(E[A-Z]+|ERR_(SSL|TLS)_)/.test(systemCode(error) ?? '') ? 'CONTROL_PLANE_UNREACHABLE' : 'INTERNAL';
}

/** What a person on site may read of a failure. A failed call repeats itself in its cause and in empty notes. */
export function detailOfFailure(error: unknown): string {
  if (error instanceof CallFailed) return error.message.replace(/\.? Resolution note: $/, '');
  return errorChain(error);
}

/** The other side shows certificates of this issuer, and not the CA of the join file. */
export function foreignAuthority(issuer: string): TreError {
  return new TreError(
    'CA_MISMATCH',
    `the certificate that is shown was issued by ${issuer === '' ? 'nobody' : issuer}`,
  );
}

const networkStatuses: ReadonlySet<number> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
]);
