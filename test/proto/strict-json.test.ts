// The strict reader refuses what JSON.parse lets pass and keeps every integer exact.
import test from 'ava';
import fc from 'fast-check';
import {
  documentLimits,
  type JsonLimits,
  JsonRefused,
  objectLimits,
  readJson,
} from '../../proto/strict-json.ts';

const read = (text: string, limits = objectLimits) => readJson(new TextEncoder().encode(text), limits);

const refused = test.macro({
  exec: (t, text: string, reason: RegExp, limits: JsonLimits = objectLimits) => {
    const error = t.throws(() => read(text, limits), { instanceOf: JsonRefused });
    t.regex(error?.message ?? '', reason);
  },
  title: (_, text: string) => `refuses ${text.slice(0, 40)}`,
});

test(refused, '{"a":1,"a":2}', /twice/);
test(refused, '{"a":{"b":1,"b":1}}', /twice/);
test(refused, '{"__proto__":{}}', /__proto__/);
test(refused, '{"\\u005f_proto__":{}}', /__proto__/);
test(refused, '"\\ud800"', /surrogate/);
test(refused, '9223372036854775808', /out of range/);
test(refused, '-9223372036854775809', /out of range/);
test(refused, '1e999', /out of range/);
test(refused, '01', /text after/);
test(refused, '[1,]', /no value/);
test(refused, '{"a":1,}', /no valid string/);
test(refused, '{"a" 1}', /colon/);
test(refused, '[1', /does not end/);
test(refused, '{"a":1', /does not end/);
test(refused, '', /no value/);
test(refused, '1 2', /text after/);
test(refused, 'nul', /no value/);
test(refused, "{'a':1}", /no valid string/);
test(refused, '"a\nb"', /no valid string/);
test(refused, '\ufeff{}', /no value/);
test(refused, '1.5', /out of range/, documentLimits);
test(refused, '1e2', /out of range/, documentLimits);
test(refused, '['.repeat(33) + ']'.repeat(33), /deeper than 32/, documentLimits);
test(refused, '['.repeat(50_000), /deeper than 100/);

test('refuses more bytes than the limit and bytes that are not UTF-8', (t) => {
  t.throws(() => read('"aaaa"', { ...documentLimits, maxBytes: 5 }), { message: /more than 5 bytes/ });
  t.throws(() => readJson(Uint8Array.of(0x22, 0xc3, 0x28, 0x22)), { message: /UTF-8/ });
});

const integer = test.macro({
  exec: (t, text: string, value: number | bigint) => t.is(read(text), value),
  title: (_, text) => `reads ${text} exactly`,
});

test(integer, '9007199254740991', 9007199254740991);
test(integer, '9007199254740993', 9007199254740993n);
test(integer, '9223372036854775807', 9223372036854775807n);
test(integer, '-9223372036854775808', -9223372036854775808n);
test(integer, '-0', 0);
test(integer, '1.0', 1);
test(integer, '1e2', 100);

test('gives what JSON.parse gives for everything that JSON.stringify writes', (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify(value);
      fc.pre(!text.includes('__proto__') && text.isWellFormed() && !/\\ud[89a-f]/.test(text));
      fc.pre(!/\d{16}|e\+/.test(text));
      t.deepEqual(read(text), JSON.parse(text));
    }),
    { numRuns: 500 },
  );
});
