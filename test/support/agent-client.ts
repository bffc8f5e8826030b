// A site of the test's own making: speaks enrolment, sync and content over real TLS, and can say anything an agent could,
// also what no honest one would. Independent of agent/: what both agree on is the contract.
import 'reflect-metadata';
import { createHash, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Client, credentials } from '@grpc/grpc-js';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { capability } from '../../proto/capability.ts';
import { signEnrolment } from '../../proto/enrolment.ts';
import { ContentService } from '../../proto/gen/tre/v1/content_pb.ts';
import { EnrolmentService, EnrolmentState } from '../../proto/gen/tre/v1/enrolment_pb.ts';
import type { SyncResponseSchema } from '../../proto/gen/tre/v1/sync_pb.ts';
import {
  type HelloSchema,
  type SyncRequestSchema,
  type SyncResponse,
  SyncService,
} from '../../proto/gen/tre/v1/sync_pb.ts';
import { callDuplex, callServerStream, callUnary, type Duplex } from '../../proto/grpc.ts';
import type { Operator } from './control-plane.ts';

const callTimeoutMs = 10_000;

/** Where to dial and how to be known there. */
export interface Door {
  readonly address: string;
  readonly ca: string;
}

/** A machine with a device key, a leaf key and, once approved, a leaf. */
export interface Machine {
  readonly siteId: string;
  readonly deviceKey: KeyObject;
  readonly devicePublicKey: Uint8Array;
  readonly leafKey: KeyObject;
  readonly csr: Uint8Array;
}

export async function newMachine(siteId: string): Promise<Machine> {
  const device = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const leaf = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const devicePublicKey = new Uint8Array(device.publicKey.export({ type: 'spki', format: 'der' }));
  const csr = await makeCsr(leaf.privateKey, leaf.publicKey);
  return { siteId, deviceKey: device.privateKey, devicePublicKey, leafKey: leaf.privateKey, csr };
}

export async function makeCsr(privateKey: KeyObject, publicKey: KeyObject): Promise<Uint8Array> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const keys = {
    privateKey: privateKey.toCryptoKey(algorithm, false, ['sign']),
    publicKey: publicKey.toCryptoKey(algorithm, true, ['verify']),
  };
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=site',
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  return new Uint8Array(csr.rawData);
}

/** A channel; with a leaf it shows that as its certificate. */
export function openChannel(
  door: Door,
  identity?: { readonly leaf: Uint8Array; readonly key: KeyObject },
): Client {
  const ca = Buffer.from(door.ca);
  if (identity === undefined) return new Client(door.address, credentials.createSsl(ca));
  const key = Buffer.from(identity.key.export({ type: 'pkcs8', format: 'pem' }));
  const certificate = Buffer.from(new X509Certificate(identity.leaf).toString());
  return new Client(door.address, credentials.createSsl(ca, key, certificate));
}

export interface BeginChanges {
  readonly signature?: Uint8Array;
  readonly csr?: Uint8Array;
  readonly capability?: number;
  readonly siteId?: string;
}

/** Spends a token. Rejects with CallFailed. */
export function begin(channel: Client, machine: Machine, token: string, changes: BeginChanges = {}) {
  const csr = changes.csr ?? machine.csr;
  const siteId = changes.siteId ?? machine.siteId;
  const signature =
    changes.signature ?? signEnrolment(machine.deviceKey, { purpose: 'begin', siteId, subject: csr });
  const request = {
    siteId,
    token,
    devicePublicKey: machine.devicePublicKey,
    csr,
    signature,
    capability: changes.capability ?? capability,
  };
  return callUnary(channel, EnrolmentService.method.begin, request as never, callOptions());
}

export function collect(channel: Client, machine: Machine, requestId: string) {
  const { siteId } = machine;
  const signature = signEnrolment(machine.deviceKey, { purpose: 'collect', siteId, subject: requestId });
  return callUnary(
    channel,
    EnrolmentService.method.collect,
    { siteId, requestId, signature } as never,
    callOptions(),
  );
}

export function renew(channel: Client, machine: Machine, csr = machine.csr) {
  const { siteId } = machine;
  const signature = signEnrolment(machine.deviceKey, { purpose: 'renew', siteId, subject: csr });
  return callUnary(
    channel,
    EnrolmentService.method.renew,
    { siteId, csr, signature } as never,
    callOptions(),
  );
}

/** A site that has joined. */
export interface JoinedSite {
  readonly siteId: string;
  readonly name: string;
  readonly machine: Machine;
  readonly leaf: Uint8Array;
  readonly door: Door;
}

/** Creates a site and takes a machine through begin, approve and collect. */
export async function joinSite(plane: Operator, name: string): Promise<JoinedSite> {
  const created = await plane.rest<{ id: string }>('POST', '/v1/sites', { name });
  const siteId = created.body.id;
  const door = { address: plane.addresses.agents, ca: plane.ca };
  const { machine, leaf } = await joinMachine(plane, siteId, door);
  return { siteId, name, machine, leaf, door };
}

export async function joinMachine(plane: Operator, siteId: string, door: Door) {
  const machine = await newMachine(siteId);
  const { body } = await plane.rest<{ token: string }>('POST', `/v1/sites/${siteId}/join-token`, {});
  const channel = openChannel(door);
  try {
    const { requestId, fingerprint } = await begin(channel, machine, body.token);
    await plane.rest('POST', `/v1/sites/${siteId}/approve`, { fingerprint });
    const collected = await collect(channel, machine, requestId);
    if (collected.state !== EnrolmentState.APPROVED) throw new Error(`state ${collected.state}`);
    return { machine, leaf: collected.leaf, requestId };
  } finally {
    channel.close();
  }
}

type HelloInit = MessageInitShape<typeof HelloSchema>;

/** An open stream whose messages are read one by one. */
export interface TestStream {
  readonly channel: Client;
  readonly duplex: Duplex<typeof SyncRequestSchema, typeof SyncResponseSchema>;
  /** The next message; rejects with CallFailed when the stream breaks, with an Error when it ends or after 5 s. */
  next(): Promise<SyncResponse['message']>;
  /** The next message of a kind, whatever comes before it. */
  until<C extends SyncResponse['message']['case']>(
    wanted: C,
  ): Promise<Extract<SyncResponse['message'], { case: C }>>;
  /** Resolves to false when nothing comes within this time. */
  quiet(ms: number): Promise<boolean>;
  close(): void;
}

export const bootId = '019aaf00-0000-7000-8000-0000000000b1';

/** Opens a stream, on a channel of its own unless one is given, and says Hello (unless null). */
export async function openStream(
  site: JoinedSite,
  hello: HelloInit | null = {},
  channel = openChannel(site.door, { leaf: site.leaf, key: site.machine.leafKey }),
): Promise<TestStream> {
  const ending = new AbortController();
  const duplex = callDuplex(channel, SyncService.method.sync, ending.signal);
  if (hello !== null) {
    await duplex.send({
      message: { case: 'hello', value: { capability, bootId, agentVersion: '0.1.0', ...hello } },
    } as never);
  }
  // One read is under way at a time; what `quiet` did not wait for is what `next` gets.
  let pending: Promise<IteratorResult<SyncResponse>> | undefined;
  const read = () => (pending ??= duplex.received.next());
  const next = async (): Promise<SyncResponse['message']> => {
    const result = await within(5_000, read());
    pending = undefined;
    if (result.done === true) throw new Error('the stream has ended');
    return result.value.message;
  };
  return {
    channel,
    duplex,
    next,
    async until(wanted) {
      for (;;) {
        const message = await next();
        if (message.case === wanted) return message as never;
      }
    },
    async quiet(ms) {
      const waiting = read();
      waiting.catch(() => undefined);
      return (
        (await Promise.race([
          waiting.then(
            () => 'message',
            () => 'end',
          ),
          after(ms),
        ])) === 'time'
      );
    },
    close: () => {
      ending.abort();
      channel.close();
    },
  };
}

/** Fetches whole contents by digest. */
export async function fetchContent(
  site: JoinedSite,
  digests: readonly string[],
  offset = 0,
): Promise<ReadonlyMap<string, Buffer>> {
  const channel = openChannel(site.door, { leaf: site.leaf, key: site.machine.leafKey });
  const chunks = new Map<string, Buffer[]>();
  try {
    const request = { digests: [...digests], offset: BigInt(offset) };
    for await (const part of callServerStream(
      channel,
      ContentService.method.fetch,
      request,
      AbortSignal.timeout(callTimeoutMs),
    )) {
      chunks.set(part.digest, [...(chunks.get(part.digest) ?? []), Buffer.from(part.chunk)]);
    }
  } finally {
    channel.close();
  }
  return new Map([...chunks].map(([digest, parts]) => [digest, Buffer.concat(parts)]));
}

/** The certificates that a TLS listener shows, leaf first, as digests of their DER. */
export function shownChain(address: string): Promise<readonly string[]> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host, port: Number(port), servername: host, rejectUnauthorized: false, ALPNProtocols: ['h2'] },
      () => {
        const digests: string[] = [];
        for (let one = socket.getPeerX509Certificate(); one !== undefined; one = one.issuerCertificate) {
          digests.push(`sha256:${createHash('sha256').update(one.raw).digest('hex')}`);
        }
        socket.destroy();
        resolve(digests);
      },
    );
    socket.once('error', reject);
  });
}

function callOptions() {
  return { signal: AbortSignal.timeout(callTimeoutMs), timeoutMs: callTimeoutMs };
}

async function after(ms: number): Promise<'time'> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return 'time';
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`nothing came for ${ms} ms`)), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
