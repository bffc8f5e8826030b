// Every failed request answers application/problem+json (RFC 9457) with a code of the closed list and what to do next.
// Used by server.ts and by handlers that turn an Outcome into an answer.
import type { FastifyError } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isDaemonError } from '../../daemon/errors.ts';
import type { Log } from '../../daemon/log.ts';
import { type ErrorCode, errors, TreError } from '../../proto/errors.ts';
import type { Outcome } from '../trust/outcome.ts';

export const problemSchema = z
  .object({
    type: z.string().describe('urn:tre:error:<code>'),
    title: z.string().describe('The sentence of the code.'),
    status: z.int(),
    code: z.string().describe('A code of docs/errors.md.'),
    detail: z.string().describe('The facts of this case.'),
    next: z.string().describe('What to do.'),
  })
  .describe('Why a request was not carried out.');

/** What was asked for, or the refusal thrown for the error handler below. */
export function take<T extends object>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new TreError(outcome.code, outcome.detail);
  return outcome;
}

/** The body for a code. */
export function problem(code: ErrorCode, detail?: string): z.infer<typeof problemSchema> {
  const { http, text, next } = errors[code];
  return { type: `urn:tre:error:${code}`, title: text, status: http, code, detail: detail ?? text, next };
}

/** What answering needs of a reply; its full type depends on the route. */
interface Reply {
  code(status: number): Reply;
  type(contentType: string): Reply;
  serializer(serialize: (body: unknown) => string): Reply;
  send(body: unknown): unknown;
}

/** Answers with a problem. */
export function sendProblem(reply: Reply, code: ErrorCode, detail?: string): unknown {
  const body = problem(code, detail);
  return reply.code(body.status).type('application/problem+json').serializer(JSON.stringify).send(body);
}

/** The error handler of the server: what was thrown -> a problem. What nobody planned for is logged, not told. */
export function problemHandler(log: Log) {
  return (
    error: FastifyError | Error,
    request: { readonly routeOptions: { readonly url?: string | undefined } },
    reply: Reply,
  ): unknown => {
    if (error instanceof TreError)
      return sendProblem(reply, error.code, error.message.slice(error.code.length + 2));
    if (hasZodFastifySchemaValidationErrors(error)) {
      const [first] = error.validation;
      return sendProblem(
        reply,
        'REQUEST_INVALID',
        `${error.validationContext ?? 'request'}${first?.instancePath ?? ''}: ${first?.message ?? ''}`,
      );
    }
    if (isDaemonError(error, 'disk-full')) return sendProblem(reply, 'DISK_FULL');
    const status = 'statusCode' in error ? error.statusCode : undefined;
    if (status === 413)
      return sendProblem(reply, 'RELEASE_TOO_LARGE', 'The body is larger than this call accepts.');
    if (status !== undefined && status >= 400 && status < 500)
      return sendProblem(reply, 'REQUEST_INVALID', error.message);
    log.error({ error, route: request.routeOptions.url ?? '', code: 'INTERNAL' }, 'a request failed');
    return sendProblem(reply, 'INTERNAL');
  };
}
