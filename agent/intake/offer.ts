// Shall this site act on what it was offered? PURE: signed bytes in, a verdict out.
// Laws: nothing is parsed before its signature is verified; a document counts only for this site and this cluster, in an
// epoch no lower and with a generation higher than what is held, at the end of an unbroken chain from there; a release
// counts only when enough distinct keys of the keyset signed these very bytes. Everything else is refused with one code.
// Called by accept.ts.
import {
  type Desired,
  documentBounds,
  objectId,
  parseDesired,
  parseRelease,
  type Release,
} from '../../proto/document.ts';
import {
  decodeEnvelope,
  decodeSignatures,
  digestOf,
  type PublicKey,
  payloadTypes,
  verifiedSigners,
} from '../../proto/envelope.ts';
import type { ErrorCode } from '../../proto/errors.ts';
import type { Keyset } from '../../proto/join-file.ts';
import { type ParameterValue, resolveParameters } from '../../proto/parameter.ts';
import { isObject } from '../../proto/pointer.ts';
import { readJson } from '../../proto/strict-json.ts';

/** A document's place in the chain of this site. */
export interface ChainPosition {
  readonly epoch: number;
  readonly generation: number;
  /** Digest of the payload. */
  readonly documentDigest: string;
}

/** What a verdict depends on besides what was offered. */
export interface SiteView {
  readonly siteId: string;
  /** Null while the cluster was not seen. */
  readonly clusterUid: string | null;
  readonly director: PublicKey;
  readonly keyset: Keyset;
  /** What this agent understands. */
  readonly capability: number;
  /** Somebody on site does not want new generations now. */
  readonly isHeld: boolean;
  readonly nowMs: number;
}

/** A document whose signature and place in the chain are right. `envelope` is what was received. */
export interface JudgedDocument extends ChainPosition {
  readonly desired: Desired;
  readonly envelope: Uint8Array;
}

/** `generation` and `epoch` are 0 while the document is not verified. */
export interface Refused extends ChainPosition {
  readonly ok: false;
  readonly code: ErrorCode;
}

/** `document` is the last one of the chain, null when there is none beyond what is known; `digests` those of all new ones. */
export type ChainVerdict =
  | { readonly ok: true; readonly document: JudgedDocument | null; readonly digests: readonly string[] }
  | Refused;

export type ReleaseVerdict =
  | { readonly ok: true; readonly release: Release; readonly parameters: ReadonlyMap<string, ParameterValue> }
  | { readonly ok: false; readonly code: ErrorCode };

/** Base64 and signatures around the largest payload. */
const maxEnvelopeBytes = 2 * documentBounds.maxDesiredBytes;

/**
 * Judges documents that shall follow `held`, oldest first. A long chain may come in parts: `held` is then the last one
 * judged. Leading documents that are `known` by digest are skipped: the news of their acceptance was on its way.
 */
export function judgeChain(
  view: SiteView,
  held: ChainPosition | null,
  documents: readonly Uint8Array[],
  known: ReadonlySet<string> = new Set(held === null ? [] : [held.documentDigest]),
): ChainVerdict {
  let position = held;
  let document: JudgedDocument | null = null;
  const digests: string[] = [];
  for (const envelope of documents) {
    const read = readDocument(view, envelope);
    if (!read.ok) return read;
    if (document === null && known.has(read.document.documentDigest)) continue;
    const code = misfit(view, position, read.document);
    if (code !== undefined) return refused(code, read.document);
    position = document = read.document;
    digests.push(document.documentDigest);
  }
  return { ok: true, document, digests };
}

/**
 * Why a document that was judged may not be acted on here and now. Only the last one of a chain has to pass: those
 * before it may have run out, or name the cluster that this site had then.
 */
export function hindrance(view: SiteView, { desired }: JudgedDocument): ErrorCode | undefined {
  const { clusterUid, notAfter } = desired;
  if (clusterUid !== null && view.clusterUid !== null && clusterUid !== view.clusterUid)
    return 'CLUSTER_MISMATCH';
  if (Date.parse(notAfter) <= view.nowMs) return 'DOCUMENT_EXPIRED';
  return view.isHeld ? 'SITE_HELD' : undefined;
}

/** Judges the release that a document names, by its manifest and the detached signatures that came with it. */
export function judgeRelease(
  view: SiteView,
  desired: Desired,
  manifest: Uint8Array,
  signatures: Uint8Array,
): ReleaseVerdict {
  if (manifest.byteLength > documentBounds.maxManifestBytes) return { ok: false, code: 'RELEASE_TOO_LARGE' };
  if (digestOf(manifest) !== desired.release.digest) return { ok: false, code: 'DIGEST_MISMATCH' };
  if (countSigners(view.keyset, manifest, signatures) < view.keyset.threshold)
    return { ok: false, code: 'RELEASE_UNDER_SIGNED' };
  if (needsNewerAgent(manifest, view.capability)) return { ok: false, code: 'CAPABILITY_NEWER' };
  const release = parsed(parseRelease, manifest);
  if (release === undefined || !isSound(release)) return { ok: false, code: 'DOCUMENT_INVALID' };
  if (release.name !== desired.release.name || release.version !== desired.release.version)
    return { ok: false, code: 'RELEASE_MISMATCH' };
  const resolved = resolveParameters(release.parameters, desired.parameters);
  return resolved.ok
    ? { ok: true, release, parameters: resolved.values }
    : { ok: false, code: resolved.code };
}

function readDocument(
  view: SiteView,
  bytes: Uint8Array,
): { readonly ok: true; readonly document: JudgedDocument } | Refused {
  const unread = { epoch: 0, generation: 0, documentDigest: digestOf(bytes) };
  if (bytes.byteLength > maxEnvelopeBytes) return refused('DOCUMENT_TOO_LARGE', unread);
  const envelope = parsed(decodeEnvelope, bytes);
  if (envelope === undefined || envelope.payloadType !== payloadTypes.desired)
    return refused('ENVELOPE_INVALID', unread);
  const { payload } = envelope;
  const unverified = { ...unread, documentDigest: digestOf(payload) };
  if (verifiedSigners([view.director], envelope).length !== 1)
    return refused('DIRECTOR_SIGNATURE_INVALID', unverified);
  if (payload.byteLength > documentBounds.maxDesiredBytes) return refused('DOCUMENT_TOO_LARGE', unverified);
  if (needsNewerAgent(payload, view.capability)) return refused('CAPABILITY_NEWER', unverified);
  const desired = parsed(parseDesired, payload);
  if (desired === undefined) return refused('DOCUMENT_INVALID', unverified);
  const { epoch, generation } = desired;
  return {
    ok: true,
    document: { epoch, generation, documentDigest: unverified.documentDigest, desired, envelope: bytes },
  };
}

/** Why a verified document does not follow the position, or undefined when it does. */
function misfit(
  view: SiteView,
  position: ChainPosition | null,
  { desired }: JudgedDocument,
): ErrorCode | undefined {
  if (desired.siteId !== view.siteId) return 'SITE_MISMATCH';
  if (desired.epoch < (position?.epoch ?? 0)) return 'EPOCH_LOWER';
  if (desired.generation <= (position?.generation ?? 0)) return 'GENERATION_LOWER';
  return desired.previous === (position?.documentDigest ?? null) ? undefined : 'CHAIN_BROKEN';
}

function countSigners(keyset: Keyset, manifest: Uint8Array, bytes: Uint8Array): number {
  const detached = parsed(decodeSignatures, bytes);
  if (detached === undefined || detached.payloadType !== payloadTypes.release) return 0;
  return verifiedSigners(keyset.keys, { ...detached, payload: manifest }).length;
}

/** Asked before the shape is: a newer form has fields that we would have to refuse without saying why. */
function needsNewerAgent(verified: Uint8Array, capability: number): boolean {
  const document = parsed(readJson, verified);
  const needed = isObject(document) ? document['capability'] : undefined;
  return typeof needed === 'number' && needed > capability;
}

/** What the shape of a manifest does not say: every object once, every place in an object that is there, patterns that compile. */
function isSound({ objects, parameters }: Release): boolean {
  const places = parameters.flatMap((parameter) => parameter.places);
  const patterns = parameters.flatMap(({ pattern }) => (pattern === null ? [] : [pattern]));
  return (
    new Set(objects.map(objectId)).size === objects.length &&
    places.every((place) => place.object < objects.length) &&
    patterns.every((pattern) => parsed((source) => new RegExp(source, 'u'), pattern) !== undefined)
  );
}

function refused(code: ErrorCode, { epoch, generation, documentDigest }: ChainPosition): Refused {
  return { ok: false, code, epoch, generation, documentDigest };
}

function parsed<I, T>(parse: (input: I) => T, input: I): T | undefined {
  try {
    return parse(input);
  } catch {
    return undefined;
  }
}
