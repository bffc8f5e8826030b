// The bounds that a CRD puts on single values: lengths, counts, ranges, patterns. Patterns are written for Go's
// regular expressions; one that JavaScript cannot read is left to the server. Pure; called by custom-schema.ts.

import { isList, isObject } from '../../proto/pointer.ts';
import type { JsonObject, JsonValue } from '../../proto/strict-json.ts';
import type { FieldPath } from '../read/positions.ts';
import type { Finding } from './shape.ts';

/** Every bound of the schema that the value breaks. */
export function findBounds(value: JsonValue, schema: JsonObject, path: FieldPath): Finding[] {
  return brokenBounds(value, schema).map((detail) => ({ code: 'FIELD_VALUE_REFUSED', path, detail }));
}

function brokenBounds(value: JsonValue, schema: JsonObject): string[] {
  if (typeof value === 'string') return textBounds(value, schema);
  if (typeof value === 'number' || typeof value === 'bigint') return numberBounds(value, schema);
  if (isList(value)) return countBounds(value.length, schema, ['minItems', 'maxItems', 'items']);
  if (isObject(value))
    return countBounds(Object.keys(value).length, schema, ['minProperties', 'maxProperties', 'fields']);
  return [];
}

function textBounds(value: string, schema: JsonObject): string[] {
  const broken = countBounds(Array.from(value).length, schema, ['minLength', 'maxLength', 'characters']);
  const pattern = schema['pattern'];
  if (typeof pattern === 'string' && readPattern(pattern)?.test(value) === false) {
    broken.push(`must match ${pattern}`);
  }
  return broken;
}

function numberBounds(value: number | bigint, schema: JsonObject): string[] {
  const broken: string[] = [];
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (isNumber(minimum) && (exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    broken.push(`must be ${exclusiveMinimum === true ? 'more than' : 'at least'} ${minimum}`);
  }
  if (isNumber(maximum) && (exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    broken.push(`must be ${exclusiveMaximum === true ? 'less than' : 'at most'} ${maximum}`);
  }
  if (
    isNumber(multipleOf) &&
    Number.isInteger(Number(multipleOf)) &&
    Number(value) % Number(multipleOf) !== 0
  ) {
    broken.push(`must be a multiple of ${multipleOf}`);
  }
  return broken;
}

function countBounds(
  count: number,
  schema: JsonObject,
  names: readonly [min: string, max: string, what: string],
): string[] {
  const [minName, maxName, what] = names;
  const [minimum, maximum] = [schema[minName], schema[maxName]];
  const broken: string[] = [];
  if (isNumber(minimum) && count < minimum) broken.push(`must have at least ${minimum} ${what}`);
  if (isNumber(maximum) && count > maximum) broken.push(`must have at most ${maximum} ${what}`);
  return broken;
}

function readPattern(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return undefined;
  }
}

function isNumber(value: JsonValue | undefined): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}
