// Signed documents and releases for tests, made with real keys: an author with a keyset, a director, one site.
// Everything can be bent on the way (another key, another site, a changed field), which is what the tests are about.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { canonicalBytes } from '../../proto/canonical.ts';
import type { Desired, Release, ReleaseObject } from '../../proto/document.ts';
import {
  digestOf,
  encodeEnvelope,
  encodeSignatures,
  type PublicKey,
  payloadTypes,
  publicKeyOf,
  signPayload,
} from '../../proto/envelope.ts';
import type { Keyset } from '../../proto/join-file.ts';
import type { Parameter } from '../../proto/parameter.ts';
import type { JsonObject, JsonValue } from '../../proto/strict-json.ts';

/** A key pair with the public half as documents name it. */
export interface Signer {
  readonly privateKey: KeyObject;
  readonly publicKey: PublicKey;
}

export const siteId = '019aaf00-0000-7000-8000-000000000001';
export const clusterUid = '5f0cd2a4-7b5e-4b26-9c3e-1f2a3b4c5d6e';

export function newSigner(name: string): Signer {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { privateKey, publicKey: publicKeyOf(name, privateKey) };
}

export function keysetOf(threshold: number, ...signers: readonly Signer[]): Keyset {
  return { type: 'tre.keyset/v1', version: 1, threshold, keys: signers.map((signer) => signer.publicKey) };
}

/** Canonical bytes; throws for what has none. */
export function bytesOf(value: JsonValue): Buffer {
  const written = canonicalBytes(value);
  if (!written.ok) throw new TypeError(`${written.reason} at ${written.pointer}`);
  return Buffer.from(written.bytes);
}

/** A release with its objects' bytes in the same order. */
export interface MadeRelease {
  readonly release: Release;
  readonly manifest: Buffer;
  readonly digest: string;
  readonly objects: readonly Buffer[];
}

/** A ConfigMap of the namespace demo. */
export function configMapObject(name: string, data: Readonly<Record<string, string>> = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'demo' }, data };
}

/** A release of plain namespaced or (without a namespace) cluster-scoped objects. */
export function makeRelease(
  objects: readonly JsonObject[],
  changes: Partial<Release> & { readonly parameters?: readonly Parameter[] } = {},
): MadeRelease {
  const bytes = objects.map(bytesOf);
  const release: Release = {
    type: 'tre.release/v1',
    capability: 1,
    name: 'demo',
    version: '1.0.0',
    components: ['base'],
    kubernetes: ['1.36'],
    objects: objects.map((object, index) => listed(object, bytes[index] ?? Buffer.alloc(0))),
    parameters: [],
    health: [],
    images: [],
    prune: [],
    inputs: {},
    tool: '0.1.0',
    ...changes,
  };
  const manifest = bytesOf(release as unknown as JsonValue);
  return { release, manifest, digest: digestOf(manifest), objects: bytes };
}

/** Detached signatures of a manifest. */
export function signaturesOf(manifest: Uint8Array, ...signers: readonly Signer[]): Buffer {
  const signatures = signers.map((signer) => signPayload(signer.privateKey, payloadTypes.release, manifest));
  return encodeSignatures({ payloadType: payloadTypes.release, digest: digestOf(manifest), signatures });
}

/** A desired document for a release, signed, and the digest that the next one must name. */
export interface MadeDocument {
  readonly desired: Desired;
  readonly envelope: Buffer;
  readonly digest: string;
}

export function makeDocument(
  director: Signer,
  made: MadeRelease,
  changes: Partial<Desired> & Record<string, unknown> = {},
): MadeDocument {
  const desired: Desired = {
    type: 'tre.desired/v1',
    capability: 1,
    siteId,
    clusterUid: null,
    epoch: 1,
    generation: 1,
    previous: null,
    release: { name: made.release.name, version: made.release.version, digest: made.digest },
    parameters: {},
    issuedAt: '2026-11-23T10:00:00Z',
    notAfter: '2027-05-22T10:00:00Z',
    ...changes,
  };
  return signDocument(director, desired);
}

/** Signs any value as a desired document. */
export function signDocument(director: Signer, desired: Desired): MadeDocument {
  const payload = bytesOf(desired as unknown as JsonValue);
  const payloadType = payloadTypes.desired;
  const signatures = [signPayload(director.privateKey, payloadType, payload)];
  return {
    desired,
    envelope: encodeEnvelope({ payloadType, payload, signatures }),
    digest: digestOf(payload),
  };
}

/** Documents of generations 1 to `length`, each naming the one before. */
export function makeChain(director: Signer, made: MadeRelease, length: number): readonly MadeDocument[] {
  const chain: MadeDocument[] = [];
  for (let generation = 1; generation <= length; generation += 1) {
    const previous = chain.at(-1)?.digest ?? null;
    chain.push(makeDocument(director, made, { generation, previous }));
  }
  return chain;
}

/** A parameter declaration of type string without bounds; `changes` says the rest. */
export function parameter(name: string, changes: Partial<Parameter> = {}): Parameter {
  const bounds = { pattern: null, maxLength: null, minimum: null, maximum: null, values: [], places: [] };
  return { name, type: 'string', default: null, ...bounds, ...changes };
}

function listed(object: JsonObject, bytes: Buffer): ReleaseObject {
  const [version = '', group = ''] = (object['apiVersion'] as string).split('/').reverse();
  const metadata = object['metadata'] as JsonObject;
  const namespace = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : null;
  return {
    group,
    version,
    kind: object['kind'] as string,
    namespace,
    name: metadata['name'] as string,
    scope: namespace === null ? 'Cluster' : 'Namespaced',
    component: 'base',
    digest: digestOf(bytes),
    size: bytes.length,
  };
}
