// Small decoders that turn a JSON value of our own documents into a readonly type, once, at the boundary.
// They are closed: an unknown key is refused, because a signer who wrote it meant something that we would ignore.
// Called by document.ts, envelope.ts and join-file.ts only.
import { isList, isObject } from './pointer.ts';
import type { JsonObject, JsonValue } from './strict-json.ts';

/** Turns a value into a T or throws ShapeRefused with the place. */
export type Shape<T> = (value: JsonValue, place: string) => T;

/** What was expected, and where. */
export class ShapeRefused extends Error {
  constructor(place: string, expected: string) {
    super(`${place === '' ? 'the document' : place}: expected ${expected}`);
    this.name = 'ShapeRefused';
  }
}

/** A text, at most `maxLength` characters, matching `form` as a whole when given. */
export function text(options: { maxLength?: number; form?: RegExp; what?: string } = {}): Shape<string> {
  const { maxLength = 4096, form, what = 'a text' } = options;
  return (value, place) => {
    if (typeof value !== 'string' || value.length > maxLength) throw new ShapeRefused(place, what);
    if (form !== undefined && !form.test(value)) throw new ShapeRefused(place, what);
    return value;
  };
}

/** A whole number between the bounds, both included. */
export function integer(minimum: number, maximum: number): Shape<number> {
  return (value, place) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < minimum || value > maximum)
      throw new ShapeRefused(place, `a whole number from ${minimum} to ${maximum}`);
    return value;
  };
}

/** true or false. */
export const flag: Shape<boolean> = (value, place) => {
  if (typeof value !== 'boolean') throw new ShapeRefused(place, 'true or false');
  return value;
};

/** One of the texts. */
export function oneOf<const T extends string>(...values: readonly T[]): Shape<T> {
  return (value, place) => {
    const found = values.find((one) => one === value);
    if (found === undefined) throw new ShapeRefused(place, `one of ${values.join(', ')}`);
    return found;
  };
}

/** null or the inner shape. */
export function nullable<T>(inner: Shape<T>): Shape<T | null> {
  return (value, place) => (value === null ? null : inner(value, place));
}

/** A list of the inner shape. */
export function list<T>(inner: Shape<T>, maxLength: number): Shape<readonly T[]> {
  return (value, place) => {
    if (!isList(value) || value.length > maxLength)
      throw new ShapeRefused(place, `a list of at most ${maxLength}`);
    return value.map((item, index) => inner(item, `${place}/${index}`));
  };
}

/** An object with any keys, each value of the inner shape. */
export function record<T>(inner: Shape<T>, maxKeys: number): Shape<Readonly<Record<string, T>>> {
  return (value, place) => {
    const object = asObject(value, place);
    if (Object.keys(object).length > maxKeys) throw new ShapeRefused(place, `at most ${maxKeys} keys`);
    return Object.fromEntries(
      Object.entries(object).map(([key, item]) => [key, inner(item, `${place}/${key}`)]),
    );
  };
}

/** An object with exactly these keys. */
export function struct<T extends object>(
  shapes: { readonly [K in keyof T]: Shape<T[K]> },
): Shape<Readonly<T>> {
  const keys = Object.keys(shapes) as (keyof T & string)[];
  return (value, place) => {
    const object = asObject(value, place);
    const unknown = Object.keys(object).find((key) => !Object.hasOwn(shapes, key));
    if (unknown !== undefined) throw new ShapeRefused(`${place}/${unknown}`, 'no such key');
    const result: Partial<T> = {};
    for (const key of keys) {
      const item = object[key];
      if (item === undefined) throw new ShapeRefused(`${place}/${key}`, 'a value');
      result[key] = shapes[key](item, `${place}/${key}`);
    }
    return result as T;
  };
}

function asObject(value: JsonValue, place: string): JsonObject {
  if (!isObject(value)) throw new ShapeRefused(place, 'an object');
  return value;
}
