// Named faults for the proxy in front of a real API server, and how to put one on and off.
import type { Interference, RecordedRequest, RecordingProxy } from './recording-proxy.ts';

const status = (code: number, message: string, reason: string): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code });

export const faults = {
  unauthenticated: { status: 401, body: status(401, 'Unauthorized', 'Unauthorized') },
  forbidden: { status: 403, body: status(403, 'forbidden: User "tre-agent" cannot patch', 'Forbidden') },
  busy: {
    status: 429,
    headers: { 'retry-after': '1' },
    body: status(429, 'too many requests', 'TooManyRequests'),
  },
  failing: { status: 500, body: status(500, 'Internal error occurred', 'InternalError') },
  failingInText: { status: 500, headers: { 'content-type': 'text/plain' }, body: 'authorizer timed out' },
  unavailable: { status: 503, headers: { 'content-type': 'text/plain' }, body: 'apiserver not ready' },
} as const satisfies Record<string, Interference>;

/** Every request that `when` picks meets the fault until the result is called. */
export function inject(
  proxy: RecordingProxy,
  fault: Interference,
  when: (request: RecordedRequest) => boolean = () => true,
): () => void {
  proxy.interfere = (request) => (when(request) ? fault : null);
  return () => {
    proxy.interfere = () => null;
  };
}
