// Between grpc-js and our handlers: who calls, refusals as statuses with our code, and nothing thrown that ends the
// process. Called by the three services of this folder.

import type { handleUnaryCall } from '@grpc/grpc-js';
import type { AuthContext } from '@grpc/grpc-js/build/src/auth-context.js';
import type { Log } from '../../daemon/log.ts';
import { digestOf } from '../../proto/envelope.ts';
import type { ErrorCode } from '../../proto/errors.ts';
import { statusOf } from '../../proto/grpc.ts';
import type { Outcome } from '../trust/outcome.ts';

/** What a call shows of its caller. */
interface Caller {
  getAuthContext(): AuthContext;
}

/** Digest of the client certificate of a call, undefined without one. The listener has checked its issuer. */
export function leafOf(call: Caller): string | undefined {
  const { sslPeerCertificate } = call.getAuthContext();
  return sslPeerCertificate === undefined ? undefined : digestOf(sslPeerCertificate.raw);
}

/** A handler for one request and one answer. */
export function unary<Request, Answer extends object>(
  log: Log,
  handle: (request: Request) => Promise<Outcome<{ readonly answer: Answer }>>,
): handleUnaryCall<Request, Answer> {
  return (call, callback) => {
    handle(call.request).then(
      (outcome) =>
        outcome.ok ? callback(null, outcome.answer) : callback(statusOf(outcome.code, outcome.detail)),
      (error: unknown) => callback(statusOf(failure(log, error, call.getPath()))),
    );
  };
}

/** A stream that the server writes to. */
interface Answering {
  emit(event: 'error', status: ReturnType<typeof statusOf>): boolean;
}

/** Ends a stream with one of our codes. */
export function endWith(call: Answering, code: ErrorCode, detail?: string): void {
  call.emit('error', statusOf(code, detail));
}

/** Logs what nobody planned for; the caller only learns that something did not work. */
export function failure(log: Log, error: unknown, path: string): ErrorCode {
  log.error({ error, path, code: 'INTERNAL' }, 'a call failed');
  return 'INTERNAL';
}
