// One Kubernetes object -> canonical JSON bytes, whose sha256 is its name. Key order and string escapes follow
// RFC 8785; integers that fit int64 are written as decimals (bigint above 2^53), every other number in the shortest
// ECMAScript form. What cannot be written that way (lone surrogates, NaN, integers beyond int64) is refused with a
// JSON pointer, never rounded: these bytes are what a site sends to its API server. Used by release/ to make
// objects and by parameter.ts to rebuild one after a value was filled in.
import { formatPointer, isList } from './pointer.ts';
import { type JsonObject, type JsonValue, maxInt64, minInt64, objectLimits } from './strict-json.ts';

export type NotCanonicalReason =
  | 'LONE_SURROGATE'
  | 'NOT_FINITE'
  | 'INTEGER_TOO_LARGE'
  | 'TOO_DEEP'
  | 'NOT_JSON';

export type CanonicalResult =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: NotCanonicalReason; readonly pointer: string };

/** Writes one value canonically, or says which field cannot be written (RFC 6901 pointer, '' for the whole). */
export function canonicalBytes(value: JsonValue): CanonicalResult {
  try {
    return { ok: true, bytes: new TextEncoder().encode(write(value, [])) };
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error;
    return { ok: false, reason: error.reason, pointer: formatPointer(error.path) };
  }
}

class NotCanonical extends Error {
  readonly reason: NotCanonicalReason;
  readonly path: readonly (string | number)[];

  constructor(reason: NotCanonicalReason, path: readonly (string | number)[]) {
    super(reason);
    this.reason = reason;
    this.path = [...path];
  }
}

function write(value: JsonValue, path: (string | number)[]): string {
  if (path.length >= objectLimits.maxDepth) throw new NotCanonical('TOO_DEEP', path);
  if (value === null) return 'null';
  switch (typeof value) {
    case 'boolean':
      return value ? 'true' : 'false';
    case 'string':
      return writeString(value, path);
    case 'number':
      return writeNumber(value, path);
    case 'bigint':
      return writeInteger(value, path);
    case 'object':
      return isList(value) ? writeArray(value, path) : writeObject(value, path);
    default:
      throw new NotCanonical('NOT_JSON', path);
  }
}

function writeArray(items: readonly JsonValue[], path: (string | number)[]): string {
  const parts: string[] = [];
  for (const [index, item] of items.entries()) {
    path.push(index);
    parts.push(write(item, path));
    path.pop();
  }
  return `[${parts.join(',')}]`;
}

function writeObject(object: JsonObject, path: (string | number)[]): string {
  const parts: string[] = [];
  // The default sort compares UTF-16 code units, which is the order RFC 8785 asks for.
  for (const key of Object.keys(object).sort()) {
    path.push(key);
    parts.push(`${writeString(key, path)}:${write(object[key] as JsonValue, path)}`);
    path.pop();
  }
  return `{${parts.join(',')}}`;
}

function writeString(text: string, path: readonly (string | number)[]): string {
  if (!text.isWellFormed()) throw new NotCanonical('LONE_SURROGATE', path);
  // For well-formed text JSON.stringify escapes exactly what RFC 8785 section 3.2.2.2 escapes.
  return JSON.stringify(text);
}

function writeNumber(value: number, path: readonly (string | number)[]): string {
  if (!Number.isFinite(value)) throw new NotCanonical('NOT_FINITE', path);
  // ECMAScript pads integers above 2^53 with zeros ("1152921504606847000"); the decimal of the exact value is meant.
  return Number.isInteger(value) ? writeInteger(BigInt(value), path) : String(value);
}

function writeInteger(value: bigint, path: readonly (string | number)[]): string {
  if (value < minInt64 || value > maxInt64) throw new NotCanonical('INTEGER_TOO_LARGE', path);
  return value.toString();
}
