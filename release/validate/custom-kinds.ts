// The custom kinds that a release brings itself: its CustomResourceDefinitions as a table of kinds. Reads the parts
// it needs leniently, because the definition as an object is judged like any other. Pure; called by validate.ts.

import { isList, isObject } from '../../proto/pointer.ts';
import type { JsonObject, JsonValue } from '../../proto/strict-json.ts';
import type { Scope } from './catalogue.ts';

/** A kind of a CRD. `schema` is its openAPIV3Schema. */
export interface CustomKind {
  readonly scope: Scope;
  readonly schema: JsonObject;
}

/** Key of the table: `group/version kind`. */
export function kindKey(apiVersion: string, kind: string): string {
  return `${apiVersion} ${kind}`;
}

/** True for a CustomResourceDefinition of the only version that is still served. */
export function isCustomResourceDefinition(object: JsonObject): boolean {
  return object['apiVersion'] === 'apiextensions.k8s.io/v1' && object['kind'] === 'CustomResourceDefinition';
}

/** All served versions of all CRDs among the objects. A definition that is incomplete adds nothing. */
export function customKinds(objects: Iterable<JsonObject>): ReadonlyMap<string, CustomKind> {
  const kinds = new Map<string, CustomKind>();
  for (const object of objects) {
    if (!isCustomResourceDefinition(object)) continue;
    const spec = objectAt(object, 'spec');
    const group = spec['group'];
    const kind = objectAt(spec, 'names')['kind'];
    if (typeof group !== 'string' || typeof kind !== 'string') continue;
    for (const version of listAt(spec, 'versions')) {
      if (!isObject(version) || version['served'] !== true || typeof version['name'] !== 'string') continue;
      const schema = objectAt(objectAt(version, 'schema'), 'openAPIV3Schema');
      const scope = spec['scope'] === 'Cluster' ? 'Cluster' : 'Namespaced';
      kinds.set(kindKey(`${group}/${version['name']}`, kind), { scope, schema });
    }
  }
  return kinds;
}

function objectAt(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  return isObject(value) ? value : {};
}

function listAt(object: JsonObject, key: string): readonly JsonValue[] {
  const value = object[key];
  return isList(value) ? value : [];
}
