// Equality of JSON values that keep integers exact. Pure; used by patches (`test`), by differences between releases
// and by the `enum` of a CRD.

import { isList, isObject } from '../proto/pointer.ts';
import type { JsonValue } from '../proto/strict-json.ts';

/** Equal as JSON values: key order does not matter, 1 equals 1.0 and 1n. */
export function sameValue(one: JsonValue, other: JsonValue): boolean {
  if (isList(one) && isList(other)) {
    return one.length === other.length && one.every((item, index) => sameValue(item, other[index] ?? null));
  }
  if (isObject(one) && isObject(other)) {
    const keys = Object.keys(one);
    const isSame = (key: string): boolean =>
      Object.hasOwn(other, key) && sameValue(one[key] ?? null, other[key] ?? null);
    return keys.length === Object.keys(other).length && keys.every(isSame);
  }
  if (isNumber(one) && isNumber(other)) return !(one < other) && !(one > other);
  return one === other;
}

function isNumber(value: JsonValue): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}
