// Requests to the API server as one user, JSON in and out: just enough to see that it is ready, to set up the
// cluster, and for tests to look at it. Never what the product itself uses; that is agent/cluster.
import { Agent, request } from 'node:https';
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

export function apiOf(server: string, credentials: Credentials): Api {
  const agent = new Agent({ ...credentials, keepAlive: true });
  return {
    request: (options) => send(agent, server, options),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

function send(agent: Agent, server: string, options: ApiRequest): Promise<Answer> {
  const { method = 'GET', path, body, accept = 'application/json' } = options;
  const contentType =
    options.contentType ?? (method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json');
  const headers = body === undefined ? { accept } : { accept, 'content-type': contentType };
  const bound = AbortSignal.timeout(requestTimeoutMs);
  const signal = options.signal === undefined ? bound : AbortSignal.any([options.signal, bound]);
  return new Promise((resolve, reject) => {
    const sent = request(`${server}${path}`, { agent, method, headers, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const isJson = response.headers['content-type']?.includes('json') === true;
        resolve({ status: response.statusCode ?? 0, body: isJson ? (JSON.parse(text) as unknown) : text });
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
