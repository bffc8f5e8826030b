// A control plane for tests of the agent: real TLS, real gRPC, real certificates, and answers that a test decides.
// It keeps what it received and lets a test speak on the open streams. The real one is tested with test/system.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import type { X509Certificate } from '@peculiar/x509';
import { caCertificate, requestedKey, serverLeaf, siteLeaf } from '../../control-plane/trust/certificate.ts';
import { digestOf } from '../../proto/envelope.ts';
import type { ErrorCode } from '../../proto/errors.ts';
import { ContentService, type FetchRequest, FetchResponseSchema } from '../../proto/gen/tre/v1/content_pb.ts';
import {
  type BeginRequest,
  BeginResponseSchema,
  type CollectRequest,
  CollectResponseSchema,
  EnrolmentService,
  EnrolmentState,
  type RenewRequest,
  RenewResponseSchema,
} from '../../proto/gen/tre/v1/enrolment_pb.ts';
import { type SyncRequest, SyncResponseSchema, SyncService } from '../../proto/gen/tre/v1/sync_pb.ts';
import { maxFrameBytes, serviceDefinition, statusOf } from '../../proto/grpc.ts';
import { siteId } from './documents.ts';

type Answer = NonNullable<MessageInitShape<typeof SyncResponseSchema>['message']>;
type SyncCall = ServerDuplexStream<SyncRequest, object>;

/** What a test may change at any time. */
export interface Script {
  state: 'pending' | 'approved' | 'refused';
  /** Instead of an answer to Begin, Collect or Renew. */
  refuse: Partial<Record<'begin' | 'collect' | 'renew', ErrorCode>>;
  /** Life of the leaves that are issued from now on, ms before and after now. */
  leaf: { beforeMs: number; afterMs: number };
  /** Called for each message of a stream. */
  onMessage: (message: SyncRequest['message'], stream: OpenStream) => void;
  readonly contents: Map<string, Uint8Array>;
}

export interface OpenStream {
  say(message: Answer): void;
  /** Ends with a code, or without one. */
  end(code?: ErrorCode): void;
  /** Plain bytes on its connection so far, both ways. */
  bytes(): number;
}

export interface ModelledControlPlane extends AsyncDisposable {
  readonly port: number;
  readonly caDigest: string;
  readonly script: Script;
  /** Requests of the enrolment service, in order. */
  readonly requests: (BeginRequest | CollectRequest | RenewRequest)[];
  readonly received: SyncRequest['message'][];
  readonly streams: OpenStream[];
  /** Digest of the client certificate of each stream. */
  readonly clients: string[];
  /** Ends every connection; those who come later are served. */
  dropConnections(): void;
  /** Nobody listens any more, until `listen` is called. */
  close(): Promise<void>;
  listen(): Promise<void>;
}

/** Answers Hello with Welcome and acknowledges every row. */
export function answerAll(message: SyncRequest['message'], stream: OpenStream): void {
  if (message.case === 'hello')
    stream.say({ case: 'welcome', value: { capability: 1, heartbeatMs: 30_000, epoch: 1 } });
  if (message.case !== 'report') return;
  for (const { bootId, sequence } of message.value.rows)
    stream.say({ case: 'ack', value: { bootId, sequence } });
}

export async function modelledControlPlane(
  hosts: readonly string[] = ['localhost', '127.0.0.1'],
): Promise<ModelledControlPlane> {
  const model = new Model(await newAuthority());
  await model.start(hosts);
  return model;
}

interface Authority {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

async function newAuthority(): Promise<Authority> {
  const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const validity = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 3_600_000 };
  return { certificate: await caCertificate('modelled CA', keys, validity), key: keys.privateKey };
}

class Model implements ModelledControlPlane {
  readonly script: Script = {
    state: 'approved',
    refuse: {},
    leaf: { beforeMs: 1000, afterMs: 3_600_000 },
    onMessage: answerAll,
    contents: new Map(),
  };
  readonly requests: ModelledControlPlane['requests'] = [];
  readonly received: SyncRequest['message'][] = [];
  readonly streams: OpenStream[] = [];
  readonly clients: string[] = [];
  readonly caDigest: string;
  port = 0;
  readonly #authority: Authority;
  readonly #sockets = new Set<TLSSocket>();
  readonly #grpc = new Server({ 'grpc.max_receive_message_length': maxFrameBytes });
  #tls = createServer();
  #identity = { cert: '', key: '' };

  constructor(authority: Authority) {
    this.#authority = authority;
    this.caDigest = digestOf(new Uint8Array(authority.certificate.rawData));
    this.#grpc.addService(serviceDefinition(EnrolmentService), this.#enrolment());
    this.#grpc.addService(serviceDefinition(SyncService), { sync: (call: SyncCall) => this.#sync(call) });
    this.#grpc.addService(serviceDefinition(ContentService), {
      fetch: (call: ServerWritableStream<FetchRequest, object>) => this.#fetch(call),
    });
  }

  async start(hosts: readonly string[]): Promise<void> {
    const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const leaf = await serverLeaf(this.#authority, keys.publicKey, { ...this.#validity(), hosts });
    const pem = (certificate: X509Certificate) => `${certificate.toString('pem')}\n`;
    const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    this.#identity = { cert: pem(leaf) + pem(this.#authority.certificate), key };
    await this.listen();
  }

  async listen(): Promise<void> {
    const injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
    this.#tls = createServer({
      ...this.#identity,
      ca: this.#authority.certificate.toString('pem'),
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
    });
    this.#tls.on('tlsClientError', () => undefined);
    this.#tls.on('secureConnection', (socket) => {
      socket.on('error', () => undefined);
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      injector.injectConnection(socket);
    });
    this.#tls.listen(this.port, '127.0.0.1');
    await once(this.#tls, 'listening');
    this.port = (this.#tls.address() as AddressInfo).port;
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.#tls.close();
    this.dropConnections();
    await once(this.#tls, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#tls.listening) await this.close();
    this.#grpc.forceShutdown();
  }

  #validity() {
    const { beforeMs, afterMs } = this.script.leaf;
    return { notBeforeMs: Date.now() - beforeMs, notAfterMs: Date.now() + afterMs };
  }

  async #leafFor(csr: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const key = await requestedKey(csr);
    if (key === undefined) throw new Error('not a certificate request');
    const uri = `spiffe://tre.example/site/${siteId}/agent/1`;
    const leaf = await siteLeaf(this.#authority, key, { ...this.#validity(), uri, commonName: siteId });
    return new Uint8Array(leaf.rawData);
  }

  #enrolment() {
    const handler =
      <R extends BeginRequest | CollectRequest | RenewRequest>(
        name: 'begin' | 'collect' | 'renew',
        answer: (request: R) => Promise<object>,
      ): handleUnaryCall<R, object> =>
      (call, callback) => {
        this.requests.push(call.request);
        const code = this.script.refuse[name];
        if (code !== undefined) return callback(statusOf(code));
        answer(call.request).then(
          (message) => callback(null, message),
          () => callback(statusOf('CSR_INVALID')),
        );
      };
    return {
      begin: handler<BeginRequest>('begin', async () =>
        create(BeginResponseSchema, { requestId: 'request-1' }),
      ),
      collect: handler<CollectRequest>('collect', async () => {
        const state = {
          pending: EnrolmentState.PENDING,
          approved: EnrolmentState.APPROVED,
          refused: EnrolmentState.REFUSED,
        }[this.script.state];
        const begun = this.requests.findLast((request) => 'token' in request);
        const leaf =
          state === EnrolmentState.APPROVED && begun !== undefined
            ? { leaf: await this.#leafFor(begun.csr) }
            : {};
        return create(CollectResponseSchema, { state, ...leaf });
      }),
      renew: handler<RenewRequest>('renew', async ({ csr }) =>
        create(RenewResponseSchema, { leaf: await this.#leafFor(csr) }),
      ),
    };
  }

  #sync(call: SyncCall): void {
    const socket = [...this.#sockets].at(-1);
    const stream: OpenStream = {
      say: (message) => void call.write(create(SyncResponseSchema, { message })),
      end: (code) => void (code === undefined ? call.end() : call.emit('error', statusOf(code))),
      bytes: () => (socket?.bytesRead ?? 0) + (socket?.bytesWritten ?? 0),
    };
    this.streams.push(stream);
    const { sslPeerCertificate } = call.getAuthContext();
    this.clients.push(sslPeerCertificate === undefined ? '' : digestOf(sslPeerCertificate.raw));
    call.on('data', ({ message }: SyncRequest) => {
      this.received.push(message);
      this.script.onMessage(message, stream);
    });
    call.on('end', () => call.end());
    call.on('error', () => undefined);
  }

  #fetch(call: ServerWritableStream<FetchRequest, object>): void {
    for (const [index, digest] of call.request.digests.entries()) {
      const bytes = this.script.contents.get(digest);
      if (bytes === undefined) return void call.emit('error', statusOf('CONTENT_MISSING'));
      const from = index === 0 ? Number(call.request.offset) : 0;
      const chunk = Uint8Array.from(bytes.subarray(from));
      call.write(
        create(FetchResponseSchema, { digest, offset: BigInt(from), size: BigInt(bytes.length), chunk }),
      );
    }
    call.end();
  }
}
