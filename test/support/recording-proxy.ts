// A TLS proxy in front of a real API server that keeps every request byte for byte and may answer some itself. The
// agent connects to it without credentials; the proxy uses those of the agent towards the server.
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  createSecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { ClusterAccess } from '../../agent/cluster/kubeconfig.ts';
import { loopbackIdentity } from './loopback-certificate.ts';

export interface RecordedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly contentType: string;
  readonly body: Buffer;
}

/** Instead of the server's answer; `hang` never answers, `cut` ends the connection after the server has acted. */
export type Interference =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | 'hang'
  | 'cut';

export interface RecordingProxy extends AsyncDisposable {
  /** How to reach the cluster through the proxy. */
  readonly access: ClusterAccess;
  readonly requests: readonly RecordedRequest[];
  /** Asked for every request; null lets it pass. */
  interfere: (request: RecordedRequest) => Interference | null;
}

export async function recordingProxy(target: ClusterAccess): Promise<RecordingProxy> {
  const identity = await loopbackIdentity();
  const requests: RecordedRequest[] = [];
  const upstream = connect(target.server, { ca: target.ca ?? undefined, ...target.certificate });
  upstream.on('error', () => undefined);
  const server = createSecureServer({ cert: identity.cert, key: identity.key });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    const serve = async (): Promise<void> => {
      const body = await bodyOf(stream);
      const recorded = {
        method: String(headers[':method']),
        path: String(headers[':path']),
        contentType: headers['content-type'] ?? '',
        body,
      };
      requests.push(recorded);
      const what = proxy.interfere(recorded);
      if (what === 'hang') return;
      if (what !== null && what !== 'cut') {
        stream.respond({ ':status': what.status, 'content-type': 'application/json', ...what.headers });
        stream.end(what.body ?? '');
        return;
      }
      const answer = await forward(upstream, headers, body);
      if (what === 'cut') stream.session?.destroy();
      if (stream.destroyed) return;
      stream.respond(answer.headers);
      stream.end(answer.body);
    };
    // The server is away: so is the proxy.
    serve().catch(() => stream.session?.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy: RecordingProxy = {
    access: {
      server: new URL(`https://127.0.0.1:${port}`),
      ca: identity.cert,
      serverName: null,
      certificate: null,
      credential: null,
    },
    requests,
    interfere: () => null,
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy();
      upstream.destroy();
      server.close();
    },
  };
  return proxy;
}

async function bodyOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function forward(upstream: ClientHttp2Session, headers: IncomingHttpHeaders, body: Buffer) {
  const own = Object.entries(headers).filter(([name]) => name !== ':authority' && name !== ':scheme');
  const stream = upstream.request(Object.fromEntries(own), { endStream: body.length === 0 });
  if (body.length > 0) stream.end(body);
  const [received] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  const { 'content-length': _length, ...rest } = received;
  return { headers: rest, body: await bodyOf(stream) };
}
