// The agents' listener: TLS of our own in front of grpc-js, because enrolment needs no client certificate and
// everything else does. Invariants: a connection that shows a certificate which our CA did not issue, or which has
// expired, is ended here (grpc-js would only hide the certificate); connections, handshakes and frames are bounded.
import { createServer, type TLSSocket } from 'node:tls';
import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { fromSystem } from '../../daemon/errors.ts';
import { listening } from '../../daemon/lifecycle.ts';
import type { Log } from '../../daemon/log.ts';
import { ContentService } from '../../proto/gen/tre/v1/content_pb.ts';
import { EnrolmentService } from '../../proto/gen/tre/v1/enrolment_pb.ts';
import { SyncService } from '../../proto/gen/tre/v1/sync_pb.ts';
import { maxFrameBytes, serviceDefinition } from '../../proto/grpc.ts';
import type { ServerIdentity } from '../trust/authority.ts';

export interface AgentListenerOptions {
  /** Interface to listen on, and the port; 0 for any. */
  readonly host: string;
  readonly port: number;
  readonly identity: ServerIdentity;
  readonly caPem: string;
  readonly maxConnections: number;
  readonly services: {
    readonly enrolment: UntypedServiceImplementation;
    readonly sync: UntypedServiceImplementation;
    readonly content: UntypedServiceImplementation;
  };
  readonly log: Log;
}

export interface AgentListener extends AsyncDisposable {
  readonly port: number;
  /** Connections made from now on see this certificate. */
  setIdentity(identity: ServerIdentity): void;
}

const handshakeTimeoutMs = 10_000;
const keepaliveMs = 10_000;
const keepaliveTimeoutMs = 5_000;
const idleConnectionMs = 5 * 60_000;
const drainMs = 1_000;

/** Listens. Throws DaemonError `port-taken`. */
export async function openAgentListener(options: AgentListenerOptions): Promise<AgentListener> {
  const { host, log, caPem } = options;
  const grpc = grpcServer(options.services);
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const tls = createServer({
    ...secrets(options.identity, caPem),
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
    minVersion: 'TLSv1.3',
    handshakeTimeout: handshakeTimeoutMs,
  });
  tls.maxConnections = options.maxConnections;
  const sockets = new Set<TLSSocket>();
  tls.on('secureConnection', (socket) => {
    socket.on('error', (error) => log.debug({ error }, 'a connection broke'));
    if (socket.getPeerX509Certificate() !== undefined && !socket.authorized) {
      log.warn({ reason: String(socket.authorizationError) }, 'a client certificate was not accepted');
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    injector.injectConnection(socket);
  });
  tls.on('tlsClientError', (error) => log.debug({ error }, 'a handshake failed'));
  await listening(tls, () => tls.listen(options.port, host), `${host}:${options.port}`);
  const address = tls.address();
  if (address === null || typeof address === 'string')
    throw fromSystem(new Error('no address'), 'port-taken', host);
  return {
    port: address.port,
    setIdentity: (identity) => tls.setSecureContext(secrets(identity, caPem)),
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => tls.close(() => resolve()));
      injector.drain(drainMs);
      const force = setTimeout(() => sockets.forEach((socket) => socket.destroy()), drainMs * 2);
      await closed;
      clearTimeout(force);
      grpc.forceShutdown();
    },
  };
}

function grpcServer(services: AgentListenerOptions['services']): Server {
  const grpc = new Server({
    'grpc.max_receive_message_length': maxFrameBytes,
    'grpc.max_send_message_length': maxFrameBytes,
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.keepalive_timeout_ms': keepaliveTimeoutMs,
    'grpc.max_connection_idle_ms': idleConnectionMs,
    'grpc.max_concurrent_streams': 8,
  });
  grpc.addService(serviceDefinition(EnrolmentService), services.enrolment);
  grpc.addService(serviceDefinition(SyncService), services.sync);
  grpc.addService(serviceDefinition(ContentService), services.content);
  return grpc;
}

function secrets({ chain, key }: ServerIdentity, ca: string) {
  return { cert: chain, key, ca };
}
