// Where a map that held something is to become `{}`: server-side apply first takes out what was in it, finds nothing
// left, and writes null (a permissive schema) or refuses the null (a typed one), for ever. The way round is to apply
// once without that field, then whole. Here: finding such fields and leaving them out. PURE. Called by apply.ts.
import { canonicalBytes } from '../../proto/canonical.ts';
import { isList, isObject } from '../../proto/pointer.ts';
import { type JsonValue, objectLimits, readJson } from '../../proto/strict-json.ts';

/** Steps from the root to a field. */
export type FieldPath = readonly (string | number)[];

/** Cheap first look: most objects hold no empty map at all. */
export function mayHoldEmptyMap(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('{}');
}

/** Fields that are `{}` in `asked` and null in the `answer` of the server. */
export function emptyMapsAnsweredNull(asked: Uint8Array, answer: Uint8Array): FieldPath[] {
  const live: unknown = JSON.parse(new TextDecoder().decode(answer));
  return emptyMapsWhere(readJson(asked, objectLimits), live, (other) => other === null);
}

/** Fields that are `{}` in `asked` and held something in the bytes applied before. */
export function shrunkMaps(asked: Uint8Array, previous: Uint8Array): FieldPath[] {
  const before = readJson(previous, objectLimits);
  const heldSomething = (other: unknown): boolean =>
    typeof other === 'object' && other !== null && !Array.isArray(other) && Object.keys(other).length > 0;
  return emptyMapsWhere(readJson(asked, objectLimits), before, heldSomething);
}

/** The same object without these fields, in canonical bytes. */
export function withoutFields(bytes: Uint8Array, paths: readonly FieldPath[]): Uint8Array {
  let value = readJson(bytes, objectLimits);
  for (const path of paths) value = without(value, path);
  const written = canonicalBytes(value);
  if (!written.ok) throw new RangeError(`${written.reason} at ${written.pointer}`);
  return written.bytes;
}

function emptyMapsWhere(asked: JsonValue, other: unknown, matches: (other: unknown) => boolean): FieldPath[] {
  const found: FieldPath[] = [];
  const visit = (value: JsonValue, beside: unknown, path: FieldPath): void => {
    if (isList(value)) {
      const items: readonly unknown[] = Array.isArray(beside) ? beside : [];
      for (const [index, item] of value.entries()) visit(item, items[index], [...path, index]);
    } else if (isObject(value)) {
      const entries = Object.entries(value);
      if (entries.length === 0 && matches(beside)) found.push(path);
      for (const [key, item] of entries) visit(item, valueOf(beside, key), [...path, key]);
    }
  };
  visit(asked, other, []);
  return found;
}

function valueOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

function without(value: JsonValue, [step, ...rest]: FieldPath): JsonValue {
  if (isList(value)) return value.map((item, index) => (index === step ? without(item, rest) : item));
  if (!isObject(value)) return value;
  const entries = Object.entries(value);
  if (rest.length === 0) return Object.fromEntries(entries.filter(([key]) => key !== step));
  return Object.fromEntries(entries.map(([key, item]) => [key, key === step ? without(item, rest) : item]));
}
