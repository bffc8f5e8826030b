// Publishing: form and digests only. Whether the signatures are enough is judged at each site, by its own keyset.
// Laws: name@version means one digest for ever; a release exists only when all of its content does; signatures are
// only ever added. Called by the routes of releases.
import { type ContentStore, digestOf, isDigest } from '../../daemon/content-files.ts';
import { parseRelease, type Release, releaseName } from '../../proto/document.ts';
import {
  type DetachedSignatures,
  decodeSignatures,
  encodeSignatures,
  payloadTypes,
} from '../../proto/envelope.ts';
import { TreError } from '../../proto/errors.ts';
import { ShapeRefused } from '../../proto/shape.ts';
import { JsonRefused } from '../../proto/strict-json.ts';
import type { ReleaseRow } from '../store/releases.ts';
import type { ApiDeps } from './deps.ts';

export interface Publication {
  readonly row: ReleaseRow;
  readonly release: Release;
  /** False when exactly this was published before. */
  readonly isNew: boolean;
}

/** Publishes a manifest whose content was stored before. Throws TreError. */
export async function publish(
  deps: ApiDeps,
  manifest: Uint8Array,
  options: { who: string; why: string | null },
): Promise<Publication> {
  const { store, content, clock, signals } = deps;
  const release = readable('DOCUMENT_INVALID', () => parseRelease(manifest));
  const digest = digestOf(manifest);
  await checkContent(content, release);
  await content.put(manifest);
  // A site may have refused it for content that was missing here and is back now.
  for (const siteId of store.desired.sitesOf(digest)) signals.wake(siteId);
  const { name, version } = release;
  return store.transaction(() => {
    const known = store.releases.find(name, version);
    if (known !== undefined && known.digest !== digest) {
      throw new TreError(
        'RELEASE_CONFLICT',
        `${releaseName(release)} was published as ${known.digest}; this is ${digest}.`,
      );
    }
    if (known !== undefined) return { row: known, release, isNew: false };
    const { who, why } = options;
    const signatures = encodeSignatures({ payloadType: payloadTypes.release, digest, signatures: [] });
    const row: ReleaseRow = {
      digest,
      name,
      version,
      publishedAtMs: clock.now(),
      publishedBy: who,
      signatures,
    };
    store.releases.add(
      row,
      release.objects.map((object) => object.digest),
    );
    store.audit.append({
      atMs: row.publishedAtMs,
      who,
      what: 'release.publish',
      subject: releaseName(release),
      why,
      digest,
    });
    return { row, release, isNew: true };
  });
}

/** Adds signatures to a published release; the sites that wait for it are told. Known ones change nothing. Throws TreError. */
export function addSignatures(
  deps: ApiDeps,
  row: ReleaseRow,
  options: { given: Uint8Array; who: string; why: string | null },
): ReleaseRow {
  const { store, clock, signals } = deps;
  const { given, who, why } = options;
  const added = readable('ENVELOPE_INVALID', () => decodeSignatures(given));
  if (added.digest !== row.digest || added.payloadType !== payloadTypes.release) {
    throw new TreError(
      'DIGEST_MISMATCH',
      `These signatures are for ${added.digest}; the release is ${row.digest}.`,
    );
  }
  const signatures = store.transaction(() => {
    const present = decodeSignatures(store.releases.findByDigest(row.digest)?.signatures ?? row.signatures);
    const all = union(present, added);
    const merged = encodeSignatures(all);
    if (all.signatures.length === present.signatures.length) return merged;
    store.releases.setSignatures(row.digest, merged);
    store.audit.append({
      atMs: clock.now(),
      who,
      what: 'release.sign',
      subject: releaseName(row),
      why,
      digest: digestOf(merged),
    });
    return merged;
  });
  for (const siteId of store.desired.sitesOf(row.digest)) signals.wake(siteId);
  return { ...row, signatures };
}

function union(present: DetachedSignatures, added: DetachedSignatures): DetachedSignatures {
  const known = new Set(present.signatures.map((one) => one.sig));
  const signatures = [...present.signatures, ...added.signatures.filter((one) => !known.has(one.sig))];
  if (signatures.length > maxSignatures)
    throw new TreError('ENVELOPE_INVALID', `At most ${maxSignatures} signatures.`);
  return { ...present, signatures };
}

// The reader of detached signatures takes no more.
const maxSignatures = 32;

async function checkContent(content: ContentStore, release: Release): Promise<void> {
  for (const { digest, size, kind, name } of release.objects) {
    const found = isDigest(digest) ? await content.size(digest) : undefined;
    if (found === undefined) throw new TreError('CONTENT_MISSING', `${kind} ${name}: ${digest} is not here.`);
    if (found !== size)
      throw new TreError('DIGEST_MISMATCH', `${kind} ${name} has ${found} bytes; the manifest says ${size}.`);
  }
}

function readable<T>(code: 'DOCUMENT_INVALID' | 'ENVELOPE_INVALID', read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof JsonRefused || error instanceof ShapeRefused)
      throw new TreError(code, error.message, { cause: error });
    throw error;
  }
}
