// A custom resource against the structural schema of its CRD, as the API server judges it: unknown fields, types,
// null only where `nullable`, required after defaults, enum, pattern, bounds, allOf/anyOf/oneOf/not, int-or-string,
// embedded resources, list keys. CEL rules and formats are left to the server. Pure; called by validate.ts.

import { isList, isObject } from '../../proto/pointer.ts';
import type { JsonObject, JsonValue } from '../../proto/strict-json.ts';
import type { FieldPath } from '../read/positions.ts';
import { sameValue } from '../same-value.ts';
import { findBounds } from './custom-values.ts';
import { describe } from './scalars.ts';
import { type Finding, findEqualItems, findEqualKeys } from './shape.ts';

/** Everything that is wrong with a custom resource; `metadata` is judged elsewhere. */
export function findInCustomResource(value: JsonObject, schema: JsonObject): Finding[] {
  const { metadata: _, ...rest } = value;
  return visit(rest, schema, { path: [], implicit: ['apiVersion', 'kind', 'metadata'], closed: true });
}

interface Place {
  readonly path: FieldPath;
  /** Fields that every object of this place has, whatever the schema says. */
  readonly implicit: readonly string[];
  /** False inside allOf, anyOf, oneOf and not, which judge values and declare no fields. */
  readonly closed: boolean;
}

function visit(value: JsonValue, schema: JsonObject, place: Place): Finding[] {
  if (value === null) return nullFindings(schema, place);
  const expected = typeMismatch(value, schema);
  if (expected !== undefined)
    return [finding('FIELD_TYPE_WRONG', place, `must be ${expected}, not ${describe(value)}`)];
  const findings = [...findBounds(value, schema, place.path), ...junctions(value, schema, place)];
  if (isObject(value)) findings.push(...fieldFindings(value, schema, place));
  if (isList(value)) findings.push(...itemFindings(value, schema, place));
  return findings;
}

/** Where a default stands in for it null is dropped; elsewhere it must be allowed. */
function nullFindings(schema: JsonObject, place: Place): Finding[] {
  if (schema['nullable'] === true || schema['default'] !== undefined || schema['type'] === undefined)
    return [];
  return [finding('FIELD_TYPE_WRONG', place, 'must not be null')];
}

function typeMismatch(value: JsonValue, schema: JsonObject): string | undefined {
  const whole = typeof value === 'bigint' || Number.isInteger(value);
  if (schema['x-kubernetes-int-or-string'] === true) {
    return whole || typeof value === 'string' ? undefined : 'a whole number or a text';
  }
  switch (schema['type']) {
    case 'object':
      return isObject(value) ? undefined : 'an object';
    case 'array':
      return isList(value) ? undefined : 'a list';
    case 'string':
      return typeof value === 'string' ? undefined : 'a text';
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'true or false';
    case 'integer':
      return whole ? undefined : 'a whole number';
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? undefined : 'a number';
    default:
      return undefined;
  }
}

function fieldFindings(value: JsonObject, schema: JsonObject, place: Place): Finding[] {
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const implicit = embedded ? ['apiVersion', 'kind', 'metadata'] : place.implicit;
  const properties = asObject(schema['properties']);
  const extra = schema['additionalProperties'];
  const open = !place.closed || schema['x-kubernetes-preserve-unknown-fields'] === true || extra === true;
  const findings: Finding[] = [];
  for (const [key, item] of Object.entries(value)) {
    const inside = { path: [...place.path, key], implicit: [], closed: place.closed };
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (isObject(property)) findings.push(...visit(item, property, inside));
    else if (isObject(extra)) findings.push(...visit(item, extra, inside));
    else if (!open && !implicit.includes(key))
      findings.push(finding('FIELD_UNKNOWN', inside, 'is not a field of the CRD'));
  }
  const required = [...(embedded ? ['apiVersion', 'kind'] : []), ...texts(schema['required'])];
  for (const name of required) {
    const supplied = value[name] !== undefined || place.implicit.includes(name);
    if (supplied || asObject(properties[name])['default'] !== undefined) continue;
    findings.push({ code: 'FIELD_REQUIRED', path: [...place.path, name], detail: 'is missing' });
  }
  return findings;
}

function itemFindings(value: readonly JsonValue[], schema: JsonObject, place: Place): Finding[] {
  const items = schema['items'];
  if (!isObject(items)) return [];
  const findings = value.flatMap((item, index) =>
    visit(item, items, { path: [...place.path, index], implicit: [], closed: place.closed }),
  );
  if (schema['x-kubernetes-list-type'] === 'set') findings.push(...findEqualItems(value, place.path));
  if (schema['x-kubernetes-list-type'] === 'map') {
    const keys = texts(schema['x-kubernetes-list-map-keys']).map((name) => {
      const byDefault = asObject(asObject(items['properties'])[name])['default'];
      const scalar =
        typeof byDefault === 'string' || typeof byDefault === 'number' || typeof byDefault === 'boolean';
      return scalar ? ([name, byDefault] as const) : ([name] as const);
    });
    findings.push(...findEqualKeys(value, keys, place.path));
  }
  return findings;
}

function junctions(value: JsonValue, schema: JsonObject, place: Place): Finding[] {
  const inside = { ...place, closed: false };
  const matches = (one: JsonValue): boolean => isObject(one) && visit(value, one, inside).length === 0;
  const findings = objects(schema['allOf']).flatMap((one) => visit(value, one, inside));
  const anyOf = objects(schema['anyOf']);
  if (anyOf.length > 0 && !anyOf.some(matches)) {
    findings.push(finding('FIELD_VALUE_REFUSED', place, 'matches none of the alternatives of the CRD'));
  }
  const oneOf = objects(schema['oneOf']);
  if (oneOf.length > 0 && oneOf.filter(matches).length !== 1) {
    findings.push(
      finding('FIELD_VALUE_REFUSED', place, 'must match exactly one of the alternatives of the CRD'),
    );
  }
  if (isObject(schema['not']) && matches(schema['not'])) {
    findings.push(finding('FIELD_VALUE_REFUSED', place, 'has a form that the CRD forbids'));
  }
  const allowed = schema['enum'];
  if (isList(allowed) && !allowed.some((one) => sameValue(one, value))) {
    findings.push(
      finding(
        'FIELD_VALUE_REFUSED',
        place,
        `must be one of ${allowed.map((one) => describe(one)).join(', ')}`,
      ),
    );
  }
  return findings;
}

function finding(code: Finding['code'], place: Place, detail: string): Finding {
  return { code, path: place.path, detail };
}

function asObject(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function objects(value: JsonValue | undefined): readonly JsonObject[] {
  return isList(value) ? value.filter(isObject) : [];
}

function texts(value: JsonValue | undefined): readonly string[] {
  return isList(value) ? value.filter((item) => typeof item === 'string') : [];
}
