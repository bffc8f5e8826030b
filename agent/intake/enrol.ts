// How this machine gets and keeps its certificate: device key -> request -> approval -> leaf, and a new leaf at half life.
// Laws: private keys never leave the machine; the device key is made once; the token is sent only to the pinned CA;
// each step can be repeated after any interruption and goes on where it was. Called by run-session.ts.
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import type { Client } from '@grpc/grpc-js';
import { certificateFacts, isIssuedBy } from '../../daemon/tls.ts';
import { capability } from '../../proto/capability.ts';
import { signEnrolment } from '../../proto/enrolment.ts';
import { type ErrorCode, TreError } from '../../proto/errors.ts';
import { fingerprintOf } from '../../proto/fingerprint.ts';
import { EnrolmentService, EnrolmentState } from '../../proto/gen/tre/v1/enrolment_pb.ts';
import { callUnary } from '../../proto/grpc.ts';
import type { KeyFiles } from '../store/keys.ts';
import type { SiteStore } from '../store/site.ts';
import { certificateRequest } from './csr.ts';
import type { ClientIdentity } from './dial.ts';

/** The leaf on disk. Times are milliseconds UTC. */
export interface Leaf extends ClientIdentity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export type EnrolResult =
  | { readonly kind: 'enrolled' }
  /** The operator has not decided yet. */
  | { readonly kind: 'pending' }
  /** This request will never succeed. */
  | { readonly kind: 'refused'; readonly code: ErrorCode };

export interface EnrolDeps {
  readonly site: SiteStore;
  readonly keys: KeyFiles;
  /** A channel to the enrolment service, its CA checked. */
  readonly client: Client;
  /** The pinned CA, DER. */
  readonly ca: Uint8Array;
}

const callTimeoutMs = 15_000;

/** The device key; made at the first call. */
export async function deviceKey(keys: KeyFiles): Promise<KeyObject> {
  const pem = await keys.device();
  if (pem !== undefined) return createPrivateKey(pem);
  const { privateKey } = newKey();
  await keys.writeDevice(pemOf(privateKey));
  return privateKey;
}

/** The six words of this machine. */
export function deviceFingerprint(key: KeyObject): string {
  return fingerprintOf(publicDer(key));
}

/** Undefined before the first one has arrived. */
export async function readLeaf(keys: KeyFiles): Promise<Leaf | undefined> {
  const pem = await keys.leaf();
  if (pem === undefined) return undefined;
  const [facts] = certificateFacts(pem, 'leaf.pem');
  if (facts === undefined) return undefined;
  return { key: pem, cert: pem, notBeforeMs: facts.notBeforeMs, notAfterMs: facts.notAfterMs };
}

/** When to ask for the next leaf: at half life, and up to a tenth of it later. `uniform` is in [0, 1). */
export function renewAtMs(leaf: Leaf, uniform: number): number {
  return leaf.notBeforeMs + (leaf.notAfterMs - leaf.notBeforeMs) * (0.5 + uniform / 10);
}

/**
 * One step towards the first leaf: spends the token if that is still to be done, then asks for the leaf.
 * Throws CallFailed, also for refusals; TreError when the answer is not to be trusted.
 */
export async function enrol(deps: EnrolDeps, signal: AbortSignal): Promise<EnrolResult> {
  const { site, keys, client } = deps;
  const siteId = site.read()?.id;
  if (siteId === undefined || site.enrolment() === undefined) return { kind: 'refused', code: 'NOT_JOINED' };
  const device = await deviceKey(keys);
  const requestId = site.enrolment()?.requestId ?? (await begin(deps, { siteId, device }, signal));
  const signature = own(signEnrolment(device, { purpose: 'collect', siteId, subject: requestId }));
  const request = { siteId, requestId, signature };
  const answer = await callUnary(client, EnrolmentService.method.collect, request, {
    signal,
    timeoutMs: callTimeoutMs,
  });
  if (answer.state === EnrolmentState.PENDING) return { kind: 'pending' };
  if (answer.state !== EnrolmentState.APPROVED) return { kind: 'refused', code: 'ENROLMENT_REFUSED' };
  await storeLeaf(deps, answer.leaf);
  site.endEnrolment();
  return { kind: 'enrolled' };
}

/** A new leaf for the device key, however old the present one is. Throws as `enrol`. */
export async function renew(deps: EnrolDeps, signal: AbortSignal): Promise<void> {
  const siteId = deps.site.read()?.id ?? '';
  const device = await deviceKey(deps.keys);
  const { privateKey } = newKey();
  await deps.keys.writeNext(pemOf(privateKey));
  const csr = own(certificateRequest(privateKey, siteId));
  const signature = own(signEnrolment(device, { purpose: 'renew', siteId, subject: csr }));
  const { leaf } = await callUnary(
    deps.client,
    EnrolmentService.method.renew,
    { siteId, csr, signature },
    { signal, timeoutMs: callTimeoutMs },
  );
  await storeLeaf(deps, leaf);
}

interface Machine {
  readonly siteId: string;
  readonly device: KeyObject;
}

/** Spends the token. The request is written down before it is sent, so that a lost answer costs nothing. */
async function begin(
  { site, keys, client }: EnrolDeps,
  { siteId, device }: Machine,
  signal: AbortSignal,
): Promise<string> {
  const csr = own(site.enrolment()?.csr ?? (await newRequest(site, keys, siteId)));
  const request = {
    siteId,
    token: site.enrolment()?.token ?? '',
    devicePublicKey: own(publicDer(device)),
    csr,
    signature: own(signEnrolment(device, { purpose: 'begin', siteId, subject: csr })),
    capability,
  };
  const { requestId } = await callUnary(client, EnrolmentService.method.begin, request, {
    signal,
    timeoutMs: callTimeoutMs,
  });
  site.setRequestId(requestId);
  return requestId;
}

async function newRequest(site: SiteStore, keys: KeyFiles, siteId: string): Promise<Uint8Array> {
  const { privateKey } = newKey();
  await keys.writeNext(pemOf(privateKey));
  const csr = certificateRequest(privateKey, siteId);
  site.setCsr(csr);
  return csr;
}

async function storeLeaf({ keys, ca }: EnrolDeps, der: Uint8Array): Promise<void> {
  const key = await keys.next();
  const pem = certificatePem(der);
  if (key === undefined || pem === undefined || !isIssuedBy(pem, new X509Certificate(ca).toString()))
    throw new TreError('CERTIFICATE_UNTRUSTED', 'the certificate that was sent is not of the pinned CA');
  if (!new X509Certificate(pem).checkPrivateKey(createPrivateKey(key)))
    throw new TreError('CERTIFICATE_UNTRUSTED', 'the certificate that was sent is for another key');
  await keys.writeLeaf(`${key.trim()}\n${pem}`);
}

function certificatePem(der: Uint8Array): string | undefined {
  try {
    return new X509Certificate(der).toString();
  } catch {
    return undefined;
  }
}

function newKey() {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

function publicDer(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

/** Bytes in a buffer of their own, as protobuf messages want them. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes);
}
