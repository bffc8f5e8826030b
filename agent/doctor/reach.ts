// One TCP connection and one TLS handshake, tried for what they say: every way to fail has a kind of its own.
// Invariants: nothing is sent but the handshake; every wait is bounded; nothing is trusted here, only judged.
// Called by the hops on the way to the control plane and to the API server.
import { createSocket } from 'node:dgram';
import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { systemCode } from '../../daemon/errors.ts';

export type Reached =
  | {
      readonly kind: 'connected';
      readonly address: string;
      readonly port: number;
      readonly localAddress: string;
    }
  | {
      readonly kind: 'refused' | 'silent' | 'no-route' | 'closed';
      readonly address: string;
      readonly port: number;
    };

/** Never throws. */
export async function reach(
  { address, port }: { readonly address: string; readonly port: number },
  timeoutMs: number,
): Promise<Reached> {
  const socket = connect({ host: address, port });
  try {
    await opened(socket, 'connect', timeoutMs);
    return { kind: 'connected', address, port, localAddress: socket.localAddress ?? '' };
  } catch (error) {
    return { kind: tcpKinds[systemCode(error) ?? ''] ?? 'no-route', address, port };
  } finally {
    socket.destroy();
  }
}

const tcpKinds: Readonly<Record<string, 'refused' | 'silent' | 'closed'>> = {
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'silent',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
};

export type Handshake =
  /** `untrusted` is OpenSSL's word for what is wrong with the certificate, null when nothing is. */
  | {
      readonly kind: 'done';
      readonly untrusted: string | null;
      readonly chain: readonly PeerCertificate[];
      readonly hasHttp2: boolean;
    }
  | {
      readonly kind: 'silent' | 'closed' | 'not-tls' | 'too-old' | 'no-http2' | 'refused';
      readonly detail: string;
    };

export interface PeerCertificate {
  readonly der: Uint8Array;
  readonly pem: string;
  readonly issuer: string;
  readonly names: string;
  readonly isAuthority: boolean;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface HandshakeOptions {
  readonly address: string;
  readonly port: number;
  /** What the certificate must name, and what is asked for when it is no address. */
  readonly host: string;
  /** PEM of the authorities to judge by; those of this machine when null. */
  readonly ca: string | null;
  readonly timeoutMs: number;
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

/** Never throws. */
export async function shakeHands(options: HandshakeOptions): Promise<Handshake> {
  const socket = connectTls(tlsOptions(options));
  try {
    await opened(socket, 'secureConnect', options.timeoutMs);
    return {
      kind: 'done',
      // Its type says Error; what is kept is the code, or the message where there is none.
      untrusted: socket.authorized ? null : String(socket.authorizationError),
      chain: chainOf(socket),
      hasHttp2: socket.alpnProtocol === 'h2',
    };
  } catch (error) {
    const code = systemCode(error) ?? '';
    const kind = tlsKinds.find(([pattern]) => pattern.test(code))?.[1] ?? 'refused';
    return { kind, detail: code };
  } finally {
    socket.destroy();
  }
}

/** How node:tls is told to judge without refusing. */
export function tlsOptions({
  address,
  port,
  host,
  ca,
  minVersion = 'TLSv1.3',
}: HandshakeOptions): ConnectionOptions & { readonly host: string; readonly port: number } {
  return {
    host: address,
    port,
    ...(ca === null ? {} : { ca }),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ['h2'],
    minVersion,
    rejectUnauthorized: false,
  };
}

const tlsKinds: readonly (readonly [RegExp, Exclude<Handshake['kind'], 'done'>])[] = [
  [/^ETIMEDOUT$/, 'silent'],
  [/^(ECONNRESET|EPIPE)$/, 'closed'],
  [/NO_APPLICATION_PROTOCOL/, 'no-http2'],
  [/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS|INAPPROPRIATE_FALLBACK/, 'too-old'],
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH|HTTP_REQUEST|BAD_RECORD_TYPE|RECORD_LAYER/, 'not-tls'],
];

/** Our own address on the way to another one; nothing is sent. Undefined when there is no way. */
export function localAddressTowards(address: string): Promise<string | undefined> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  socket.once('error', () => resolve(undefined));
  socket.connect(anyPort, address, () => {
    const own = socket.address().address;
    resolve(isUnspecified(own) ? undefined : own);
  });
  return promise.finally(() => socket.close());
}

const anyPort = 9;

function isUnspecified(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** Rejects with an error that has a code: that of the system, ETIMEDOUT when it is late. */
export function opened(socket: Socket, event: 'connect' | 'secureConnect', timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (code: string) => reject(Object.assign(new Error(code), { code }));
    // What arrived while this process was busy counts: it is handled before the turn of setImmediate.
    const timer = setTimeout(() => setImmediate(fail, 'ETIMEDOUT'), timeoutMs);
    socket.once(event, () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once('error', reject);
    socket.once('close', () => {
      clearTimeout(timer);
      fail('ECONNRESET');
    });
  });
}

function chainOf(socket: TLSSocket): readonly PeerCertificate[] {
  const chain: PeerCertificate[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < maxChainLength) {
    chain.push({
      der: new Uint8Array(certificate.raw),
      pem: certificate.toString(),
      issuer: certificate.issuer.replaceAll('\n', ', '),
      names: certificate.subjectAltName ?? certificate.subject.replaceAll('\n', ', '),
      isAuthority: certificate.ca,
      notBeforeMs: certificate.validFromDate.getTime(),
      notAfterMs: certificate.validToDate.getTime(),
    });
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

const maxChainLength = 10;
