// How a site reaches its control plane: one TLS 1.3 channel that trusts the pinned CA alone, and before the first one a look
// at the certificates that the other side shows. Laws: no trust on first use (the join file names the CA by digest);
// nothing is sent before the CA was found; the name or IP that was dialled must stand in the certificate.
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import {
  Client,
  type ClientOptions,
  connectivityState,
  credentials,
  InterceptingCall,
  type Interceptor,
  status,
} from '@grpc/grpc-js';
import { DaemonError, errorChain } from '../../daemon/errors.ts';
import { fingerprint } from '../../daemon/tls.ts';
import { maxFrameBytes } from '../../proto/grpc.ts';

/** Our certificate and its key, PEM. */
export interface ClientIdentity {
  readonly key: string;
  readonly cert: string;
}

export interface DialOptions {
  /** `host:port`. */
  readonly address: string;
  /** The pinned CA, DER. */
  readonly ca: Uint8Array;
  /** Null for enrolment, which needs none. */
  readonly identity: ClientIdentity | null;
  /** Told of every message before it leaves, with its gRPC path and its bytes; what it throws keeps the message here. */
  readonly onSend: (path: string, bytes: Uint8Array) => void;
}

const keepaliveMs = 10_000;
const keepaliveTimeoutMs = 5_000;
const handshakeTimeoutMs = 10_000;

/** A channel of its own; the connection is made by the first call. `close` it when done. */
export function dial({ address, ca, identity, onSend }: DialOptions): Client {
  const { host } = parseAddress(address);
  const pem = Buffer.from(new X509Certificate(ca).toString());
  const secrets = identity === null ? [null, null] : [Buffer.from(identity.key), Buffer.from(identity.cert)];
  const check = {
    checkServerIdentity: (_name: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
      checkServerIdentity(host, certificate),
  };
  const client: Client = new Client(address, credentials.createSsl(pem, secrets[0], secrets[1], check), {
    ...channelOptions(host),
    interceptors: [announce(() => client.getChannel(), onSend)],
  });
  return client;
}

/** The one way out: no message passes before `onSend` has seen it, and none is announced that has no connection. */
function announce(channel: () => Channel, onSend: DialOptions['onSend']): Interceptor {
  return (options, nextCall) => {
    const { path, requestSerialize } = options.method_definition;
    const call = nextCall(options);
    return new InterceptingCall(call, {
      sendMessage: (message, next) => {
        const pass = (): void => {
          onSend(path, requestSerialize(message));
          next(message);
        };
        if (channel().getConnectivityState(false) === connectivityState.READY) return pass();
        whenReady(channel(), () => {
          try {
            pass();
          } catch (error) {
            call.cancelWithStatus(status.ABORTED, errorChain(error));
          }
        });
      },
    });
  };
}

/** Calls `fn` once there is a connection; never when there will be none: the call then ends by itself. */
function whenReady(channel: Channel, fn: () => void): void {
  const state = channel.getConnectivityState(false);
  if (state === connectivityState.READY) return fn();
  if (state === connectivityState.SHUTDOWN) return;
  channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, (error) => {
    if (error === undefined) whenReady(channel, fn);
  });
}

type Channel = ReturnType<Client['getChannel']>;

function channelOptions(host: string): ClientOptions {
  return {
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.keepalive_timeout_ms': keepaliveTimeoutMs,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.max_receive_message_length': maxFrameBytes,
    'grpc.max_send_message_length': maxFrameBytes,
    // Reconnecting, waiting and proxies are ours: one channel is one attempt, straight to the address.
    'grpc.enable_retries': 0,
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    // TLS has no server names that are IP addresses; which certificate is right is checked against the address itself.
    ...(isIP(host) === 0 ? {} : { 'grpc.ssl_target_name_override': 'tre-control-plane' }),
  };
}

/** What the other side shows: the pinned CA (DER), or the issuer that it shows instead. */
export type Presented =
  | { readonly ok: true; readonly ca: Uint8Array }
  | { readonly ok: false; readonly issuer: string };

/**
 * Shakes hands, sends nothing, and looks for the CA with this digest among the certificates that are shown.
 * @throws DaemonError `timeout`, and the system's error when nobody answers
 */
export async function findAuthority(
  address: string,
  caDigest: string,
  signal: AbortSignal,
): Promise<Presented> {
  const { host, port } = parseAddress(address);
  const servername = isIP(host) === 0 ? { servername: host } : {};
  // Nothing is trusted here: the certificates are read, compared with the digest, and the connection ends.
  const socket = connect({
    host,
    port,
    ...servername,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
    minVersion: 'TLSv1.3',
  });
  try {
    await handshake(socket, address, signal);
    const chain = chainOf(socket);
    const authority = chain.find(
      (certificate) => certificate.ca && fingerprint(certificate.raw) === caDigest,
    );
    if (authority !== undefined) return { ok: true, ca: new Uint8Array(authority.raw) };
    return { ok: false, issuer: chain[0]?.issuer.replaceAll('\n', ', ') ?? '' };
  } finally {
    socket.destroy();
  }
}

/** `host:port` or `[ipv6]:port`. */
function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(`https://${address}`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port === '' ? 443 : port) };
}

function handshake(socket: TLSSocket, address: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => socket.destroy(new DaemonError('aborted', 'asked to stop'));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.setTimeout(handshakeTimeoutMs, () =>
      socket.destroy(new DaemonError('timeout', `${address} does not answer`)),
    );
    socket.once('secureConnect', resolve).once('error', reject);
    socket.once('close', () => {
      signal.removeEventListener('abort', onAbort);
      reject(new DaemonError('aborted', `${address} closed the connection`));
    });
  });
}

function chainOf(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < maxChainLength) {
    chain.push(certificate);
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

const maxChainLength = 10;
