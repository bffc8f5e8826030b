// One object of a release, as the planner wants to know it: its name and what can only be read from its bytes.
// PURE. Called when a desired document is committed, with the bytes after parameters were filled in, so that
// nobody parses content again on the way to the API server.
import { canonicalBytes } from '../../proto/canonical.ts';
import { objectId, type ReleaseObject } from '../../proto/document.ts';
import { digestOf } from '../../proto/envelope.ts';
import { isList, isObject, valueAt } from '../../proto/pointer.ts';
import { type JsonObject, type JsonValue, objectLimits, readJson } from '../../proto/strict-json.ts';
import type { KindKey, WantedObject } from '../plan/world.ts';

/** Throws JsonRefused when the bytes are not JSON; they are canonical bytes of a verified release. */
export function describeObject(object: ReleaseObject, index: number, bytes: Uint8Array): WantedObject {
  const { group, version, kind, namespace, name } = object;
  const plain = {
    id: objectId(object),
    group,
    version,
    kind,
    namespace,
    name,
    index,
    component: object.component,
    digest: digestOf(bytes),
  };
  const isJob = group === 'batch' && kind === 'Job';
  const isDefinition = group === 'apiextensions.k8s.io' && kind === 'CustomResourceDefinition';
  if (!isJob && !isDefinition)
    return { ...plain, immutableDigest: null, ttlAfterFinishedMs: null, defines: [] };
  const spec = valueAt(readJson(bytes, objectLimits), ['spec']);
  return {
    ...plain,
    immutableDigest: isJob ? digestOfImmutable(spec) : null,
    ttlAfterFinishedMs: isJob ? ttlOf(spec) : null,
    defines: isDefinition ? kindsOf(spec) : [],
  };
}

/** The fields of a Job's spec that the API server lets change; all others need a new Job. */
const mutableJobFields: ReadonlySet<string> = new Set([
  'parallelism',
  'suspend',
  'activeDeadlineSeconds',
  'ttlSecondsAfterFinished',
  'backoffLimit',
]);

function digestOfImmutable(spec: JsonValue | undefined): string {
  const kept = Object.entries(asObject(spec)).filter(([field]) => !mutableJobFields.has(field));
  const written = canonicalBytes(Object.fromEntries(kept));
  if (!written.ok) throw new RangeError(`${written.reason} at ${written.pointer}`);
  return digestOf(written.bytes);
}

function ttlOf(spec: JsonValue | undefined): number | null {
  const seconds = asObject(spec)['ttlSecondsAfterFinished'];
  return typeof seconds === 'number' ? seconds * 1000 : null;
}

function kindsOf(spec: JsonValue | undefined): KindKey[] {
  const { group, names, versions } = asObject(spec);
  const kind = asObject(names)['kind'];
  if (typeof group !== 'string' || typeof kind !== 'string' || !isList(versions)) return [];
  const served = versions.map(asObject).filter((version) => version['served'] === true);
  return served.flatMap(({ name }) => (typeof name === 'string' ? [`${group}/${name}/${kind}`] : []));
}

function asObject(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}
