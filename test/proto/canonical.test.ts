// Canonical bytes: the vectors of RFC 8785, our own rules for numbers, and the laws that make a digest a name.

import test from 'ava';
import fc from 'fast-check';
import { canonicalBytes } from '../../proto/canonical.ts';
import { type JsonValue, objectLimits, readJson } from '../../proto/strict-json.ts';

const writes = test.macro({
  exec(t, value: JsonValue, expected: string) {
    const result = canonicalBytes(value);
    t.is(result.ok ? new TextDecoder().decode(result.bytes) : result.reason, expected);
  },
  title: (_, __, expected) => `writes ${expected}`,
});

test(writes, null, 'null');
test(writes, true, 'true');
test(writes, 1.0, '1');
test(writes, -0, '0');
test(writes, 1.5, '1.5');
test(writes, 1e-7, '1e-7');
test(writes, 0.000001, '0.000001');
test(writes, 333333333.33333329, '333333333.3333333');
test(writes, 5e-324, '5e-324');
test(writes, 9007199254740993n, '9007199254740993');
test(writes, 9223372036854775807n, '9223372036854775807');
test(writes, -9223372036854775808n, '-9223372036854775808');
test(writes, 2 ** 60, '1152921504606846976');
test(writes, [], '[]');
test(writes, {}, '{}');
test(writes, { b: [1, { d: 1, c: 2 }], a: 'x' }, '{"a":"x","b":[1,{"c":2,"d":1}]}');

test('RFC 8785: keys are sorted by UTF-16 code units, not by code points', (t) => {
  const object = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 };
  const result = canonicalBytes(object);
  t.true(result.ok);
  if (!result.ok) return;
  const values = [...new TextDecoder().decode(result.bytes).matchAll(/:(\d)/g)].map((match) => match[1]);
  t.deepEqual(values, ['2', '4', '6', '7', '1', '5', '3']);
});

test('RFC 8785: strings are escaped as little as possible', (t) => {
  const result = canonicalBytes('\u20ac$\u000f\nA\'B"\\\\"/\u2028');
  t.is(result.ok && new TextDecoder().decode(result.bytes), '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u2028"');
});

const refuses = test.macro({
  exec(t, value: JsonValue, reason: string, pointer: string) {
    t.deepEqual(canonicalBytes(value), { ok: false, reason, pointer } as never);
  },
  title: (name, _, reason) => `refuses ${name ?? ''} (${reason})`,
});

test('half a surrogate pair', refuses, { a: ['x', '\ud800'] }, 'LONE_SURROGATE', '/a/1');
test('half a surrogate pair in a key', refuses, { a: { '\udc00': 1 } }, 'LONE_SURROGATE', '/a/\udc00');
test('NaN', refuses, { 'a/b': { '~': Number.NaN } }, 'NOT_FINITE', '/a~1b/~0');
test('infinity', refuses, [Number.NEGATIVE_INFINITY], 'NOT_FINITE', '/0');
test('2^63', refuses, { n: 2n ** 63n }, 'INTEGER_TOO_LARGE', '/n');
test('2^63 as a double', refuses, { n: 2 ** 63 }, 'INTEGER_TOO_LARGE', '/n');
test('-2^63 - 1', refuses, { n: -(2n ** 63n) - 1n }, 'INTEGER_TOO_LARGE', '/n');
test('undefined', refuses, { n: undefined as unknown as JsonValue }, 'NOT_JSON', '/n');

test('what the strict reader would not read back for its depth is refused', (t) => {
  const nested = (levels: number): JsonValue => (levels === 0 ? 1 : [nested(levels - 1)]);
  const deepest = canonicalBytes(nested(objectLimits.maxDepth - 1));
  t.true(deepest.ok && readJson(deepest.bytes, objectLimits) !== undefined);
  const tooDeep = canonicalBytes(nested(objectLimits.maxDepth));
  t.is(tooDeep.ok ? '' : tooDeep.reason, 'TOO_DEEP');
});

/** Any value that can be written: well-formed text, int64, and doubles that are no integers beyond int64. */
const number = fc.oneof(
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((value) => !Number.isInteger(value) || Math.abs(value) < 2 ** 63),
);
const key = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__proto__');
const { value: anyValue } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constant(null),
    fc.boolean(),
    number,
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
  ),
}));

test('what is written reads back to a value that is written the same', (t) => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const first = bytesOf(value);
      const again = bytesOf(readJson(first, objectLimits));
      return Buffer.compare(first, again) === 0;
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

test('the order in which keys were set does not matter', (t) => {
  fc.assert(
    fc.property(
      anyValue,
      fc.integer(),
      (value, seed) => Buffer.compare(bytesOf(value), bytesOf(shuffled(value, seed))) === 0,
    ),
    { numRuns: 1000 },
  );
  t.pass();
});

test('different values have different bytes', (t) => {
  fc.assert(
    fc.property(anyValue, anyValue, (one, other) => {
      const equalBytes = Buffer.compare(bytesOf(one), bytesOf(other)) === 0;
      return equalBytes === (JSON.stringify(plain(one)) === JSON.stringify(plain(other)));
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

function bytesOf(value: JsonValue): Uint8Array {
  const result = canonicalBytes(value);
  if (!result.ok) throw new Error(`${result.reason} at ${result.pointer}`);
  return result.bytes;
}

/** The same value with its keys set in another order. */
function shuffled(value: JsonValue, seed: number): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue) => shuffled(item, seed));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([name, item]): [string, JsonValue] => [
    name,
    shuffled(item, seed),
  ]);
  const start = entries.length === 0 ? 0 : Math.abs(seed % entries.length);
  return Object.fromEntries([...entries.slice(start), ...entries.slice(0, start)].toReversed());
}

/** A value that JSON.stringify tells apart exactly when canonical bytes do: sorted keys, numbers as exact text. */
function plain(value: JsonValue): unknown {
  if (typeof value === 'bigint') return { integer: value.toString() };
  if (typeof value === 'number') {
    return Number.isInteger(value) ? { integer: BigInt(value).toString() } : { fraction: String(value) };
  }
  if (Array.isArray(value)) return value.map((item: JsonValue) => plain(item));
  if (value === null || typeof value !== 'object') return value;
  const names = Object.keys(value).sort();
  return {
    names,
    values: names.map((name) => plain((value as Record<string, JsonValue>)[name] as JsonValue)),
  };
}
