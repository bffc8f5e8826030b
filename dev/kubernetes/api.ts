// Requests to the API server as one user, JSON in and out: just enough to see that it is ready, to set up the
// cluster, and for tests to look at it. Never what the product itself uses; that is agent/cluster.
import { type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { Agent, request as tlsRequest } from 'node:https';
import type { Credentials } from './credentials.ts';

export interface Answer {
  readonly status: number;
  /** Parsed when it is JSON, else the text. */
  readonly body: unknown;
}

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  /** Sent as JSON; a PATCH is a server-side apply unless `contentType` says otherwise. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

export interface Api extends Disposable {
  /** Any status is an answer. @throws a system error when there is no connection, an AbortError when aborted */
  request(request: ApiRequest): Promise<Answer>;
}

const requestTimeoutMs = 10_000;

/** Over TLS with a client certificate. */
export function apiOf(server: string, credentials: Credentials): Api {
  const agent = new Agent({ ...credentials, keepAlive: true });
  return {
    request: (options) =>
      send(options, (path, how, seen) => tlsRequest(`${server}${path}`, { ...how, agent }, seen)),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

/** Over the unix socket of a `kubectl proxy`, which adds the credentials. */
export function apiOnSocket(socketPath: string): Api {
  return {
    request: (options) =>
      send(options, (path, how, seen) => plainRequest({ ...how, socketPath, path }, seen)),
    [Symbol.dispose]: () => undefined,
  };
}

interface How {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
}
type Open = (path: string, how: How, seen: (response: IncomingMessage) => void) => ClientRequest;

function send(options: ApiRequest, open: Open): Promise<Answer> {
  const { method = 'GET', path, body, accept = 'application/json' } = options;
  const contentType =
    options.contentType ?? (method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json');
  const text = body === undefined ? undefined : JSON.stringify(body);
  // The length is said, because Node frames the body of a DELETE in no other way.
  const headers: Record<string, string> =
    text === undefined
      ? { accept }
      : { accept, 'content-type': contentType, 'content-length': String(Buffer.byteLength(text)) };
  const bound = AbortSignal.timeout(requestTimeoutMs);
  const signal = options.signal === undefined ? bound : AbortSignal.any([options.signal, bound]);
  return new Promise((resolve, reject) => {
    const sent = open(path, { method, headers, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(answerOf(response, Buffer.concat(chunks).toString('utf8'))));
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

function answerOf(response: IncomingMessage, text: string): Answer {
  const isJson = response.headers['content-type']?.includes('json') === true;
  return { status: response.statusCode ?? 0, body: isJson ? (JSON.parse(text) as unknown) : text };
}
