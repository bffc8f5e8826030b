// One object against the shape that a Kubernetes minor declares: unknown fields, wrong types, missing fields, list
// entries with equal keys (compared as the server does, after defaults). null is allowed wherever the server takes
// it for "not set". Pure; every finding is collected. Called by validate.ts for Kubernetes' own kinds.

import { isList, isObject } from '../../proto/pointer.ts';
import type { JsonValue } from '../../proto/strict-json.ts';
import type { FieldPath } from '../read/positions.ts';
import type { ListShape, ObjectShape, Shape } from './catalogue.ts';
import { describe, scalarMismatch } from './scalars.ts';

export type FindingCode =
  | 'FIELD_UNKNOWN'
  | 'FIELD_TYPE_WRONG'
  | 'FIELD_REQUIRED'
  | 'FIELD_VALUE_REFUSED'
  | 'LIST_KEY_DUPLICATE';

/** One thing wrong inside an object. `path` is the field; the caller knows file and line. */
export interface Finding {
  readonly code: FindingCode;
  readonly path: FieldPath;
  /** What is wrong with the field, to be read after its name. */
  readonly detail: string;
}

/** Everything that is wrong with a value of this shape. */
export function findInShape(
  value: JsonValue,
  shape: Shape,
  shapes: Readonly<Record<string, Shape>>,
): Finding[] {
  const search = new Search(shapes);
  search.visit(value, shape, []);
  return search.findings;
}

class Search {
  readonly findings: Finding[] = [];
  readonly #shapes: Readonly<Record<string, Shape>>;

  constructor(shapes: Readonly<Record<string, Shape>>) {
    this.#shapes = shapes;
  }

  visit(value: JsonValue, shape: Shape, path: FieldPath): void {
    if (value === null) return;
    if (typeof shape === 'string') {
      if (shape.startsWith('#')) return this.visit(value, this.#named(shape.slice(1)), path);
      const expected = scalarMismatch(shape, value);
      if (expected !== undefined) this.#wrongType(path, expected, value);
    } else if ('list' in shape) {
      this.#list(value, shape, path);
    } else if ('map' in shape) {
      if (!isObject(value)) return this.#wrongType(path, 'an object', value);
      for (const [key, item] of Object.entries(value)) this.visit(item, shape.map, [...path, key]);
    } else {
      this.#object(value, shape, path);
    }
  }

  #object(value: JsonValue, shape: ObjectShape, path: FieldPath): void {
    if (!isObject(value)) return this.#wrongType(path, 'an object', value);
    for (const [key, item] of Object.entries(value)) {
      const field = Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
      if (field === undefined) this.#add('FIELD_UNKNOWN', [...path, key], 'is not a field of the schema');
      else this.visit(item, field, [...path, key]);
    }
    for (const name of shape.required ?? []) {
      if ((value[name] ?? null) === null) this.#add('FIELD_REQUIRED', [...path, name], 'is missing');
    }
  }

  #list(value: JsonValue, shape: ListShape, path: FieldPath): void {
    if (!isList(value)) return this.#wrongType(path, 'a list', value);
    for (const [index, item] of value.entries()) this.visit(item, shape.list, [...path, index]);
    if (shape.keys !== undefined) this.findings.push(...findEqualKeys(value, shape.keys, path));
    if (shape.set === true) this.findings.push(...findEqualItems(value, path));
  }

  #named(name: string): Shape {
    const shape = this.#shapes[name];
    if (shape === undefined) throw new Error(`the schema data have no shape ${name}`);
    return shape;
  }

  #wrongType(path: FieldPath, expected: string, value: JsonValue): void {
    this.#add('FIELD_TYPE_WRONG', path, `must be ${expected}, not ${describe(value)}`);
  }

  #add(code: FindingCode, path: FieldPath, detail: string): void {
    this.findings.push({ code, path, detail });
  }
}

/** Entries of a list that the server cannot tell apart, or cannot name at all. */
export function findEqualKeys(
  items: readonly JsonValue[],
  keys: NonNullable<ListShape['keys']>,
  path: FieldPath,
): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    if (item === null) findings.push(nullEntry([...path, index]));
    if (!isObject(item)) continue;
    const tuple = keys.map(([name, byDefault]) => item[name] ?? byDefault);
    const missing = tuple.indexOf(undefined);
    if (missing >= 0) {
      findings.push({
        code: 'FIELD_REQUIRED',
        path: [...path, index, keys[missing]?.[0] ?? ''],
        detail: 'is missing',
      });
      continue;
    }
    // A key that is no scalar is a wrong type, which is said elsewhere.
    if (tuple.some((key) => typeof key === 'object')) continue;
    const text = keys.map(([name], position) => `${name} ${scalarText(tuple[position])}`).join(', ');
    if (seen.has(text))
      findings.push({ code: 'LIST_KEY_DUPLICATE', path: [...path, index], detail: `repeats ${text}` });
    seen.add(text);
  }
  return findings;
}

/** Scalars that stand twice in a list that is a set. */
export function findEqualItems(items: readonly JsonValue[], path: FieldPath): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<JsonValue>();
  for (const [index, item] of items.entries()) {
    if (item === null) findings.push(nullEntry([...path, index]));
    if (typeof item === 'object') continue;
    if (seen.has(item))
      findings.push({
        code: 'LIST_KEY_DUPLICATE',
        path: [...path, index],
        detail: `repeats ${String(item)}`,
      });
    seen.add(item);
  }
  return findings;
}

/** Elsewhere null means "not set"; an entry that is told apart by its content must have one. */
function nullEntry(path: FieldPath): Finding {
  return { code: 'FIELD_TYPE_WRONG', path, detail: 'must not be null' };
}

function scalarText(value: JsonValue | undefined): string {
  return typeof value === 'object' || value === undefined ? '' : String(value);
}
