// How trectl speaks to a control plane: HTTPS with the CA of `trectl login` and no other, a bearer token from a 0600
// file, one connection kept open for many calls. A problem that the server answers is thrown as the same code; a
// server that cannot be reached or trusted has codes of its own. Used by the commands for operators.

import { Agent, type RequestOptions, request } from 'node:https';
import { errorChain, systemCode } from '../daemon/errors.ts';
import { isErrorCode, TreError } from '../proto/errors.ts';
import { printable } from './wrap.ts';

/** A control plane that somebody logged in to. */
export interface Server {
  /** https://host:port */
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly token: string;
}

export interface RestClient extends Disposable {
  /** The body of the answer, undefined for an empty one. Throws TreError with the code of the problem. */
  call<T>(method: Method, path: string, body?: unknown, bounds?: CallBounds): Promise<T>;
  /** What the clock of the server said last, milliseconds since 1970; ages are told by it. Undefined before any answer. */
  serverTime(): number | undefined;
}

/** What ends a call before the client ends. */
export interface CallBounds {
  /** How long the server may be silent; 60 s when not given. */
  readonly silenceMs?: number;
  readonly signal?: AbortSignal;
}

/** Whether a text can be a token at all: one word of printable characters. The server judges the rest. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const usualSilenceMs = 60_000;
const connections = 4;
const maxAnswerBytes = 64 * 2 ** 20;

export function restClient(server: Server, signal: AbortSignal): RestClient {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, ca: server.ca, minVersion: 'TLSv1.2' });
  let serverTimeMs: number | undefined;
  return {
    serverTime: () => serverTimeMs,
    call: async <T>(method: Method, path: string, body?: unknown, bounds: CallBounds = {}) => {
      const { silenceMs = usualSilenceMs } = bounds;
      const ending = bounds.signal === undefined ? signal : AbortSignal.any([signal, bounds.signal]);
      const payload = body === undefined ? '' : JSON.stringify(body);
      const headers = {
        authorization: `Bearer ${server.token}`,
        accept: 'application/json',
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
      };
      const options = { method, headers, agent, signal: ending, timeout: silenceMs };
      const answer = await exchange(`${server.url}${path}`, options, payload);
      serverTimeMs = Number.isNaN(answer.atMs) ? serverTimeMs : answer.atMs;
      return bodyOf<T>(server, answer);
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
  /** By the server's clock; NaN when it did not say. */
  readonly atMs: number;
}

function exchange(
  url: string,
  options: RequestOptions & { readonly timeout: number },
  payload: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > maxAnswerBytes) response.destroy(new Error('the answer is too large'));
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString('utf8'),
          atMs: Date.parse(response.headers.date ?? ''),
        }),
      );
      response.on('error', (error) => reject(failure(url, error)));
    });
    call.on('timeout', () => call.destroy(new Error(`no answer for ${options.timeout / 1000} s`)));
    call.on('error', (error) => reject(options.signal?.aborted === true ? error : failure(url, error)));
    call.end(payload);
  });
}

function bodyOf<T>(server: Server, { status, text }: Answer): T {
  if (status === 204) return undefined as T;
  const body = parsed(text);
  if (status >= 200 && status < 300 && body !== undefined) return body as T;
  const problem = body as { code?: unknown; detail?: unknown } | undefined;
  const { code } = problem ?? {};
  const detail = typeof problem?.detail === 'string' ? printable(problem.detail) : undefined;
  // What stands between, or another service: the port for agents answers 403.
  if (typeof code !== 'string')
    throw new TreError(
      'CONTROL_PLANE_UNREACHABLE',
      `${server.url} answered ${status} and not as a control plane does: is it the address for people?`,
    );
  if (isErrorCode(code)) throw new TreError(code, detail);
  // A newer control plane. What it refuses is refused; what it cannot do just now is waited for by whoever waits.
  const known = status >= 500 ? 'INTERNAL' : 'CAPABILITY_UNSUPPORTED';
  throw new TreError(known, `${printable(code)}${detail === undefined ? '' : `: ${detail}`}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Certificate errors have codes of OpenSSL and Node; whatever else goes wrong before an answer is a matter of reach. */
function failure(url: string, error: Error): TreError {
  const { host } = new URL(url);
  const code = systemCode(error) ?? '';
  const untrusted = /CERT|SIGNED|UNABLE_TO_|ISSUER|ALTNAME|ERR_SSL|EPROTO/.test(code);
  const detail = `${host}: ${errorChain(error)}`;
  return new TreError(untrusted ? 'CERTIFICATE_UNTRUSTED' : 'CONTROL_PLANE_UNREACHABLE', detail, {
    cause: error,
  });
}
