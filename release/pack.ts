// A release on disk: release.json (the manifest's canonical bytes), blobs/sha256/<hex> (one object each) and, once
// signed, signatures.json. Writing replaces an earlier pack and nothing else; reading trusts no byte before its
// digest was checked. Called by the release commands of trectl.

import { join } from 'node:path';
import type { Files } from '../daemon/files.ts';
import { documentBounds, parseRelease, type Release } from '../proto/document.ts';
import {
  type DetachedSignatures,
  decodeSignatures,
  digestOf,
  encodeSignatures,
  payloadTypes,
} from '../proto/envelope.ts';
import type { ErrorCode } from '../proto/errors.ts';
import { ShapeRefused } from '../proto/shape.ts';
import { JsonRefused } from '../proto/strict-json.ts';
import type { BuiltRelease } from './build.ts';

/** A pack whose manifest was read; its objects are checked by `findDamage`. */
export interface Pack {
  readonly folder: string;
  readonly release: Release;
  readonly manifest: Uint8Array;
  readonly digest: string;
  readonly signatures: DetachedSignatures;
}

/** A refusal: what is wrong with which file. */
export interface PackProblem {
  readonly code: ErrorCode;
  readonly detail: string;
}

export type PackResult =
  | { readonly ok: true; readonly pack: Pack }
  | { readonly ok: false; readonly problem: PackProblem };

const manifestName = 'release.json';
const signaturesName = 'signatures.json';
const packNames = [manifestName, signaturesName, 'blobs'];
const maxSignaturesBytes = 64 * 1024;
const filesAtOnce = 16;
const publicFile = { mode: 0o644 };

/** Where the bytes of an object lie. */
export function blobPath(folder: string, digest: string): string {
  return join(folder, 'blobs', 'sha256', digest.slice('sha256:'.length));
}

/** Writes a built release. Signatures of other content are dropped. Refused when the folder holds something else. */
export async function writePack(
  files: Files,
  folder: string,
  built: BuiltRelease,
): Promise<PackProblem | undefined> {
  const facts = await files.stat(folder);
  if (facts !== undefined && facts.kind !== 'folder')
    return { code: 'OUTPUT_EXISTS', detail: `${folder} is no folder` };
  const names = await files.list(folder);
  const strange = names.find((name) => !packNames.includes(name));
  if (strange !== undefined)
    return { code: 'OUTPUT_EXISTS', detail: `${folder} is no release: it holds ${strange}` };
  const before = await files.read(join(folder, manifestName), documentBounds.maxManifestBytes);
  if (before === undefined || digestOf(before) !== built.digest) {
    for (const name of packNames) await files.remove(join(folder, name));
  }
  await files.mkdir(join(folder, 'blobs', 'sha256'));
  await eachOf(built.blobs, async ([digest, bytes]) =>
    files.writeAtomic(blobPath(folder, digest), bytes, publicFile),
  );
  await files.writeAtomic(join(folder, manifestName), built.manifest, publicFile);
  return undefined;
}

/** Reads a pack. Trust is not judged here. */
export async function readPack(files: Files, folder: string): Promise<PackResult> {
  const path = join(folder, manifestName);
  const manifest = await files.read(path, documentBounds.maxManifestBytes);
  if (manifest === undefined)
    return {
      ok: false,
      problem: {
        code: 'CONTENT_MISSING',
        detail: `${folder} is no built release: it holds no ${manifestName}`,
      },
    };
  const release = refusable('DOCUMENT_INVALID', path, () => parseRelease(manifest));
  if (!release.ok) return release;
  const digest = digestOf(manifest);
  const bytes = await files.read(join(folder, signaturesName), maxSignaturesBytes);
  const none: DetachedSignatures = { payloadType: payloadTypes.release, digest, signatures: [] };
  const signatures = refusable('ENVELOPE_INVALID', join(folder, signaturesName), () =>
    bytes === undefined ? none : decodeSignatures(bytes),
  );
  if (!signatures.ok) return signatures;
  if (signatures.value.digest !== digest || signatures.value.payloadType !== payloadTypes.release) {
    return {
      ok: false,
      problem: { code: 'DIGEST_MISMATCH', detail: `the signatures in ${folder} are for other content` },
    };
  }
  return {
    ok: true,
    pack: { folder, release: release.value, manifest, digest, signatures: signatures.value },
  };
}

/** Everything that is wrong with the objects of a pack: missing, or not what the manifest says. */
export async function findDamage(files: Files, pack: Pack): Promise<readonly PackProblem[]> {
  const found: PackProblem[] = [];
  await eachOf(pack.release.objects, async ({ kind, name, digest, size }) => {
    const path = blobPath(pack.folder, digest);
    const bytes = await files.read(path, documentBounds.maxObjectBytes);
    if (bytes === undefined)
      found.push({ code: 'CONTENT_MISSING', detail: `${kind} ${name}: there is no ${path}` });
    else if (digestOf(bytes) !== digest || bytes.byteLength !== size) {
      found.push({ code: 'DIGEST_MISMATCH', detail: `${kind} ${name}: ${path} was changed` });
    }
  });
  return found.toSorted((a, b) => (a.detail < b.detail ? -1 : 1));
}

/** Replaces the signatures of a pack. */
export async function writeSignatures(
  files: Files,
  folder: string,
  signatures: DetachedSignatures,
): Promise<void> {
  await files.writeAtomic(join(folder, signaturesName), encodeSignatures(signatures), publicFile);
}

type Refusable<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: PackProblem };

function refusable<T>(code: ErrorCode, path: string, read: () => T): Refusable<T> {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    if (!(error instanceof JsonRefused) && !(error instanceof ShapeRefused)) throw error;
    return { ok: false, problem: { code, detail: `${path}: ${error.message}` } };
  }
}

async function eachOf<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const queue = Iterator.from(items);
  await Promise.all(
    Array.from({ length: filesAtOnce }, async () => {
      for (let next = queue.next(); next.done !== true; next = queue.next()) await work(next.value);
    }),
  );
}
