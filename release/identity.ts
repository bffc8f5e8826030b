// What a document must have to be a Kubernetes object of a release at all: apiVersion, kind, metadata.name; and what
// it must not have: fields that belong to the server. Pure; called by build.ts before and after patches.

import { isObject } from '../proto/pointer.ts';
import type { JsonObject, JsonValue } from '../proto/strict-json.ts';
import type { Problem } from './problem.ts';
import { placeOf, type SourceObject } from './read/sources.ts';
import type { ObjectSelector } from './release-file.ts';
import { describe } from './validate/scalars.ts';

/** How an object calls itself. `group` is '' for the core group. */
export interface Identity {
  readonly apiVersion: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly name: string;
  /** As written; undefined when the object names none. */
  readonly namespace: string | undefined;
}

/** A field of `metadata` that only the server sets. */
const serverFields = [
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
];
const apiVersionForm = /^(?:([a-z0-9.-]+)\/)?([a-z0-9]+)$/;
const namespaceForm = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const maxNameLength = 253;

export type IdentityResult =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly problem: Problem };

/** Reads the identity of an object, or says what it lacks. */
export function identify(object: SourceObject): IdentityResult {
  const refuse = (path: readonly string[], detail: string): IdentityResult => {
    return { ok: false, problem: { code: 'NOT_KUBERNETES', ...placeOf(object, path), detail } };
  };
  const { apiVersion, kind, metadata } = object.value;
  if (typeof apiVersion !== 'string') return refuse(['apiVersion'], 'the object has no apiVersion');
  const [, group = '', version] = apiVersionForm.exec(apiVersion) ?? [];
  if (version === undefined) return refuse(['apiVersion'], `"${apiVersion}" is not an apiVersion`);
  if (typeof kind !== 'string' || !/^[A-Za-z][A-Za-z0-9]*$/.test(kind))
    return refuse(['kind'], 'the object has no kind');
  if (!isObject(metadata)) return refuse(['metadata'], `the ${kind} has no metadata`);
  const { name, namespace, generateName } = metadata;
  if (generateName !== undefined) {
    return refuse(
      ['metadata', 'generateName'],
      `the ${kind} asks for a generated name and would be made anew each time`,
    );
  }
  if (name === undefined || name === null || name === '')
    return refuse(['metadata', 'name'], `the ${kind} has no metadata.name`);
  if (typeof name !== 'string')
    return refuse(['metadata', 'name'], `the name of the ${kind} ${noText(name)}`);
  if (!isPathSegment(name)) return refuse(['metadata', 'name'], `"${name}" cannot be the name of an object`);
  if (namespace !== undefined && namespace !== null && !isNamespace(namespace)) {
    const what = typeof namespace === 'string' ? `"${namespace}" is not a DNS label` : noText(namespace);
    return refuse(['metadata', 'namespace'], `the namespace of ${kind} ${name} ${what}`);
  }
  const named = typeof namespace === 'string' ? namespace : undefined;
  return { ok: true, identity: { apiVersion, group, version, kind, name, namespace: named } };
}

/** Fields that belong to the server, at the top and in metadata. */
export function findServerFields(object: SourceObject): Problem[] {
  const { metadata, status } = object.value;
  const inMetadata = isObject(metadata) ? serverFields.filter((name) => Object.hasOwn(metadata, name)) : [];
  const paths = [
    ...(status === undefined ? [] : [['status']]),
    ...inMetadata.map((name) => ['metadata', name]),
  ];
  return paths.map((path) => ({
    code: 'FIELD_FORBIDDEN',
    ...placeOf(object, path),
    detail: `/${path.join('/')} is set by the server only`,
  }));
}

/** The object with its namespace written into it, or without the field when it has none. */
export function withNamespace(value: JsonObject, namespace: string | null): JsonObject {
  const metadata = isObject(value['metadata']) ? value['metadata'] : {};
  const { namespace: _, ...rest } = metadata;
  return { ...value, metadata: namespace === null ? rest : { ...rest, namespace } };
}

/** Does the selector of a patch or of a parameter's place mean this object? */
export function selects(selector: ObjectSelector, identity: Identity, object: SourceObject): boolean {
  const namespace = identity.namespace ?? object.defaultNamespace;
  return (
    selector.kind === identity.kind &&
    (selector.name === undefined || selector.name === identity.name) &&
    (selector.namespace === undefined || selector.namespace === namespace) &&
    (selector.group === undefined || selector.group === identity.group) &&
    (selector.component === undefined || selector.component === object.component)
  );
}

/** A selector in words. */
export function describeSelector(selector: ObjectSelector): string {
  const where = selector.namespace === undefined ? '' : `${selector.namespace}/`;
  const component = selector.component === undefined ? '' : ` in component ${selector.component}`;
  const group = selector.group === undefined ? '' : ` of group "${selector.group}"`;
  return `${selector.kind}${group} ${where}${selector.name ?? '*'}${component}`;
}

/** YAML reads n, no and off as false, as Kubernetes' own reader does. */
function noText(value: JsonValue): string {
  return `must be a text, not ${describe(value)}: put it in quotes`;
}

/** The rule of the API server for what may stand in a path: RBAC names may hold upper case and colons. */
function isPathSegment(name: string): boolean {
  return name.length <= maxNameLength && name !== '.' && name !== '..' && !/[/%]/.test(name);
}

function isNamespace(value: JsonValue): boolean {
  return typeof value === 'string' && namespaceForm.test(value);
}
