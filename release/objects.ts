// The objects of a release after its patches: each judged against the targets, given its namespace, written
// canonically and entered into the manifest, in apply order. No object twice, none too large, none with a field that
// belongs to the server. Pure; called by build.ts.

import { canonicalBytes, type NotCanonicalReason } from '../proto/canonical.ts';
import { documentBounds, objectId, type ReleaseObject } from '../proto/document.ts';
import { digestOf } from '../proto/envelope.ts';
import type { ErrorCode } from '../proto/errors.ts';
import { parsePointer } from '../proto/pointer.ts';
import { findServerFields, type Identity, identify, withNamespace } from './identity.ts';
import { compareObjects } from './order.ts';
import type { PlacedObject } from './parameters.ts';
import type { Problem } from './problem.ts';
import { placeOf, type SourceObject } from './read/sources.ts';
import type { KubernetesApi } from './validate/catalogue.ts';
import { customKinds } from './validate/custom-kinds.ts';
import { judge, scopeOf, type Target } from './validate/judge.ts';

/** An object that passed, with its bytes and its entry in the manifest. */
export interface JudgedObject extends PlacedObject {
  readonly entry: ReleaseObject;
  readonly bytes: Uint8Array;
  readonly custom: boolean;
}

/** All objects that could be written, in apply order, and everything that is wrong with any of them. */
export function judgeObjects(
  sources: readonly SourceObject[],
  apis: readonly KubernetesApi[],
): { readonly objects: readonly JudgedObject[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const objects: JudgedObject[] = [];
  const target: Target = { apis, custom: customKinds(sources.map((source) => source.value)) };
  const firstPlaces = new Map<string, string>();
  for (const source of sources) {
    const result = judgeOne(source, target);
    problems.push(...result.problems);
    if (result.object === undefined) continue;
    const id = objectId(result.object.entry);
    const { file, line } = placeOf(source, []);
    const first = firstPlaces.get(id);
    if (first === undefined) firstPlaces.set(id, `${file}:${line}`);
    else
      problems.push({
        code: 'OBJECT_DUPLICATE',
        file,
        line,
        detail: `${nameOf(result.object.entry)} stands in ${first} too`,
      });
    objects.push(result.object);
  }
  if (objects.length > documentBounds.maxObjects) {
    const [first] = sources;
    const detail = `${objects.length} objects are more than ${documentBounds.maxObjects}`;
    problems.push({ code: 'RELEASE_TOO_LARGE', file: first?.file ?? '', line: 1, detail });
  }
  objects.sort((a, b) => compareObjects({ ...a.entry, custom: a.custom }, { ...b.entry, custom: b.custom }));
  return { objects, problems };
}

function judgeOne(source: SourceObject, target: Target): { object?: JudgedObject; problems: Problem[] } {
  const identified = identify(source);
  if (!identified.ok) return { problems: [identified.problem] };
  const { identity } = identified;
  const problems = findServerFields(source);
  for (const { code, path, detail } of judge(source.value, identity, target)) {
    problems.push({ code, ...placeOf(source, path), detail });
  }
  const scope = scopeOf(identity, target);
  if (scope === undefined) return { problems };
  const namespace = namespaceOf(source, identity, scope);
  if (typeof namespace === 'object' && namespace !== null) return { problems: [...problems, namespace] };

  const value = withNamespace(source.value, namespace);
  const written = canonicalBytes(value);
  if (!written.ok) {
    const path = parsePointer(written.pointer) ?? [];
    const detail = `${identity.kind} ${identity.name}: ${written.pointer} cannot be written (${notCanonical[written.reason].what})`;
    return {
      problems: [...problems, { code: notCanonical[written.reason].code, ...placeOf(source, path), detail }],
    };
  }
  const { bytes } = written;
  if (bytes.byteLength > documentBounds.maxObjectBytes) {
    const detail = `${identity.kind} ${identity.name} has ${bytes.byteLength} bytes`;
    problems.push({ code: 'RELEASE_TOO_LARGE', ...placeOf(source, []), detail });
  }
  const { group, version, kind, name } = identity;
  const { component } = source;
  const entry = {
    group,
    version,
    kind,
    namespace,
    name,
    scope,
    component,
    digest: digestOf(bytes),
    size: bytes.byteLength,
  };
  const custom = target.apis.every((api) => api.lookUp(identity.apiVersion, kind).found !== 'served');
  return { object: { identity, source, value, entry, bytes, custom }, problems };
}

/** The namespace that the object gets, null for a cluster-scoped one, or the problem with it. */
function namespaceOf(
  source: SourceObject,
  identity: Identity,
  scope: ReleaseObject['scope'],
): string | null | Problem {
  const { kind, name, namespace } = identity;
  if (scope === 'Cluster') {
    if (namespace === undefined) return null;
    const detail = `${kind} ${name} belongs to the whole cluster, not to the namespace ${namespace}`;
    return { code: 'OBJECT_NAMESPACE_FORBIDDEN', ...placeOf(source, ['metadata', 'namespace']), detail };
  }
  const chosen = namespace ?? source.defaultNamespace;
  if (chosen !== undefined) return chosen;
  const detail = `${kind} ${name} names no namespace and its component ${source.component} has no default one`;
  return { code: 'OBJECT_NAMESPACE_MISSING', ...placeOf(source, ['metadata']), detail };
}

const notCanonical: Readonly<Record<NotCanonicalReason, { code: ErrorCode; what: string }>> = {
  LONE_SURROGATE: { code: 'TEXT_NOT_UNICODE', what: 'half a surrogate pair' },
  NOT_FINITE: { code: 'NUMBER_OUT_OF_RANGE', what: 'not a finite number' },
  INTEGER_TOO_LARGE: { code: 'NUMBER_OUT_OF_RANGE', what: 'an integer beyond 64 bits' },
  TOO_DEEP: { code: 'FIELD_VALUE_REFUSED', what: 'nested too deeply' },
  NOT_JSON: { code: 'FIELD_VALUE_REFUSED', what: 'not a JSON value' },
};

function nameOf(entry: ReleaseObject): string {
  return `${entry.kind} ${entry.namespace === null ? '' : `${entry.namespace}/`}${entry.name}`;
}
