// A verified release and its resolved parameters -> the objects that this site shall have.
// Laws: every byte is checked against its digest; a value goes to its declared places and nowhere else, and never
// changes which object it is; one object is in memory at a time. Called by accept.ts before the commit.
import { type ContentStore, isDigest } from '../../daemon/content-files.ts';
import { isDaemonError } from '../../daemon/errors.ts';
import type { Release, ReleaseObject } from '../../proto/document.ts';
import type { ErrorCode } from '../../proto/errors.ts';
import { fillObject, type ParameterValue } from '../../proto/parameter.ts';
import { valueAt } from '../../proto/pointer.ts';
import { JsonRefused, type JsonValue, objectLimits, readJson } from '../../proto/strict-json.ts';
import type { WantedObject } from '../plan/world.ts';
import { describeObject } from '../store/describe-object.ts';

export type Resolved =
  | { readonly ok: true; readonly objects: readonly WantedObject[] }
  | { readonly ok: false; readonly code: ErrorCode };

interface Filling {
  readonly pointer: string;
  readonly value: ParameterValue;
}

/** All objects of the release, filled in and described; filled bytes are kept under their own digest. */
export async function resolveObjects(
  content: ContentStore,
  release: Release,
  parameters: ReadonlyMap<string, ParameterValue>,
): Promise<Resolved> {
  const fillings = fillingsByObject(release, parameters);
  const objects: WantedObject[] = [];
  for (const [index, object] of release.objects.entries()) {
    const resolved = await resolveObject(content, object, fillings.get(index) ?? []);
    if (!resolved.ok) return resolved;
    objects.push(describeObject(object, index, resolved.bytes));
  }
  return { ok: true, objects };
}

type ResolvedBytes =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly code: ErrorCode };

async function resolveObject(
  content: ContentStore,
  object: ReleaseObject,
  fillings: readonly Filling[],
): Promise<ResolvedBytes> {
  const read = await readContent(content, object.digest);
  if (!read.ok) return read;
  if (read.bytes.byteLength !== object.size || !isObjectItself(read.bytes, object))
    return { ok: false, code: 'DOCUMENT_INVALID' };
  if (fillings.length === 0) return read;
  const bytes = filled(read.bytes, fillings);
  if (bytes === undefined) return { ok: false, code: 'DOCUMENT_INVALID' };
  if (!isObjectItself(bytes, object)) return { ok: false, code: 'PARAMETER_REFUSED' };
  await content.put(bytes);
  return { ok: true, bytes };
}

async function readContent(content: ContentStore, digest: string): Promise<ResolvedBytes> {
  try {
    return isDigest(digest)
      ? { ok: true, bytes: await content.get(digest) }
      : { ok: false, code: 'DOCUMENT_INVALID' };
  } catch (error) {
    if (isDaemonError(error, 'content-missing')) return { ok: false, code: 'CONTENT_MISSING' };
    if (isDaemonError(error, 'content-mismatch')) return { ok: false, code: 'DIGEST_MISMATCH' };
    throw error;
  }
}

function fillingsByObject(
  release: Release,
  parameters: ReadonlyMap<string, ParameterValue>,
): ReadonlyMap<number, readonly Filling[]> {
  const byObject = new Map<number, Filling[]>();
  for (const { name, places } of release.parameters) {
    const value = parameters.get(name);
    if (value === undefined) continue;
    for (const { object, pointer } of places)
      byObject.set(object, [...(byObject.get(object) ?? []), { pointer, value }]);
  }
  return byObject;
}

/** Undefined when a pointer of the release matches nothing. */
function filled(bytes: Uint8Array, fillings: readonly Filling[]): Uint8Array | undefined {
  try {
    return fillObject(bytes, fillings).bytes;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** True when the bytes are the object that the manifest lists. */
function isObjectItself(bytes: Uint8Array, object: ReleaseObject): boolean {
  const { group, version, kind, namespace, name } = object;
  const root = parsed(bytes);
  if (root === undefined) return false;
  const named = (...steps: string[]) => valueAt(root, steps);
  return (
    named('apiVersion') === (group === '' ? version : `${group}/${version}`) &&
    named('kind') === kind &&
    named('metadata', 'name') === name &&
    (named('metadata', 'namespace') ?? null) === namespace
  );
}

function parsed(bytes: Uint8Array): JsonValue | undefined {
  try {
    return readJson(bytes, objectLimits);
  } catch (error) {
    if (error instanceof JsonRefused) return undefined;
    throw error;
  }
}
