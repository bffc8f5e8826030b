// What leaves an agent, read on its way. Stands where the control plane is, with a certificate of the same authority: the
// agent's TLS ends here, every byte inside it is kept, and the calls go on to the control plane in the agent's name, with
// the agent's own key. Invariant: nothing is changed on the way. Called by the trial of egress on a real node.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, connect, type Server } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { ServerIdentity } from '../../control-plane/trust/authority.ts';

/** One call of the agent: its path, its headers as text, and its messages in the order in which they came. */
export interface TappedCall {
  readonly path: string;
  readonly headers: string;
  readonly messages: readonly Buffer[];
}

export interface EgressTap extends AsyncDisposable {
  readonly address: string;
  /** Every byte that the agent sent, inside TLS and before anything is made of it. */
  readonly raw: () => Buffer;
  readonly calls: () => readonly TappedCall[];
}

export interface TapOptions {
  /** `host:port` of the control plane. */
  readonly target: string;
  readonly ca: string;
  readonly identity: ServerIdentity;
  /** Key and certificate of the agent, PEM, once it has them. */
  readonly leafFile: string;
}

export async function openEgressTap({ target, ca, identity, leafFile }: TapOptions): Promise<EgressTap> {
  const chunks: Buffer[] = [];
  const calls: { path: string; headers: string; data: Buffer[] }[] = [];
  /** Connections that showed a certificate, by the port from which they go on within this process. */
  const identified = new Set<number>();
  const upstreams = new Set<ClientHttp2Session>();

  const dialled = (port: number | undefined): ClientHttp2Session => {
    const leaf = identified.has(port ?? 0) ? readFileSync(leafFile, 'utf8') : undefined;
    return connectHttp2(`https://${target}`, { ca, ...(leaf !== undefined && { key: leaf, cert: leaf }) });
  };
  const inner = createServer();
  inner.on('session', (session) => {
    let upstream: ClientHttp2Session | undefined;
    const opened = (): ClientHttp2Session => {
      const made = dialled(session.socket.remotePort);
      upstreams.add(made);
      made.on('error', () => session.destroy()).on('close', () => session.close());
      return made;
    };
    session.on('error', () => undefined);
    session.on('close', () => upstream?.destroy());
    session.on('stream', (stream, headers) => {
      const data: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => data.push(chunk));
      calls.push({ path: String(headers[':path']), headers: JSON.stringify(headers), data });
      // Not before the first call: then it is known whether there was a certificate.
      upstream ??= opened();
      passOn(stream, headers, upstream);
    });
  });
  const innerPort = await listening(inner);
  const outer = createTlsServer(
    {
      cert: identity.chain,
      key: identity.key,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
      requestCert: true,
      rejectUnauthorized: false,
    },
    (socket) => {
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      tunnel(socket, innerPort, identified);
    },
  );
  const port = await listening(outer);
  return {
    address: `localhost:${port}`,
    raw: () => Buffer.concat(chunks),
    calls: () => calls.map(({ data, ...call }) => ({ ...call, messages: messagesOf(Buffer.concat(data)) })),
    [Symbol.asyncDispose]: async () => {
      for (const upstream of upstreams) upstream.destroy();
      outer.close();
      inner.close();
    },
  };
}

async function listening(server: Pick<Server, 'listen' | 'once' | 'address'>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server as Server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** The plain bytes of one connection to the server of this process that knows HTTP/2. */
function tunnel(socket: TLSSocket, port: number, identified: Set<number>): void {
  const onwards = connect(port, '127.0.0.1');
  for (const end of [socket, onwards]) end.on('error', () => undefined);
  const hasCertificate = socket.getPeerX509Certificate() !== undefined;
  socket.pause();
  onwards.once('connect', () => {
    if (hasCertificate) identified.add(onwards.localPort ?? 0);
    socket.pipe(onwards).once('close', () => socket.destroy());
    onwards.pipe(socket).once('close', () => onwards.destroy());
  });
}

function passOn(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, upstream: ClientHttp2Session): void {
  const onwards = upstream.request(headers as OutgoingHttpHeaders, { endStream: false });
  const trailers = Promise.withResolvers<OutgoingHttpHeaders>();
  stream.on('error', () => onwards.close());
  stream.on('close', () => onwards.close(stream.rstCode));
  onwards.on('error', () => stream.close());
  onwards.on('response', (answer, flags) => {
    const endStream = (flags & endStreamFlag) !== 0;
    stream.respond(answer, { endStream, waitForTrailers: !endStream });
    if (!endStream) onwards.pipe(stream);
  });
  onwards.on('trailers', (sent: OutgoingHttpHeaders) => trailers.resolve(sent));
  stream.on('wantTrailers', () => void trailers.promise.then((sent) => stream.sendTrailers(sent)));
  stream.pipe(onwards);
}

const endStreamFlag = 0x1;

/** Five bytes say whether a message is compressed, and its length. */
function messagesOf(data: Buffer): readonly Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at + 5 <= data.length; ) {
    if (data[at] !== 0) throw new Error('a compressed message: its text could not be searched');
    const end = at + 5 + data.readUInt32BE(at + 1);
    // Cut off on the way.
    if (end > data.length) break;
    messages.push(data.subarray(at + 5, end));
    at = end;
  }
  return messages;
}
