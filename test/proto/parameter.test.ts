// Parameters: the declared type decides, and a value goes to its declared places and nowhere else.
import test from 'ava';
import fc from 'fast-check';
import {
  checkParameter,
  fillObject,
  type Parameter,
  type ParameterValue,
  resolveParameters,
} from '../../proto/parameter.ts';

const declare = (parts: Partial<Parameter>): Parameter => ({
  name: 'p',
  type: 'string',
  default: null,
  pattern: null,
  maxLength: null,
  minimum: null,
  maximum: null,
  values: [],
  places: [],
  ...parts,
});

const judged = test.macro({
  exec: (t, parts: Partial<Parameter>, value: ParameterValue, ok: boolean) =>
    t.is(checkParameter(declare(parts), value).ok, ok),
  title: (_, parts, value, ok) =>
    `${JSON.stringify(parts)} ${ok ? 'allows' : 'refuses'} ${JSON.stringify(value)}`,
});

test(judged, { type: 'string' }, 'any', true);
test(judged, { type: 'string' }, 3, false);
test(judged, { type: 'string' }, '\ud800', false);
test(judged, { type: 'string', maxLength: 3 }, 'four', false);
test(judged, { type: 'string', pattern: '[a-z]+' }, 'abc', true);
test(judged, { type: 'string', pattern: '[a-z]+' }, 'abc\n', false);
test(judged, { type: 'string', pattern: 'a|b' }, 'ab', false);
test(judged, { type: 'integer', minimum: 1, maximum: 3 }, 3, true);
test(judged, { type: 'integer', minimum: 1, maximum: 3 }, 4, false);
test(judged, { type: 'integer', minimum: 1, maximum: 3 }, 0, false);
test(judged, { type: 'integer' }, 1.5, false);
test(judged, { type: 'integer' }, '1', false);
test(judged, { type: 'boolean' }, true, true);
test(judged, { type: 'boolean' }, 'true', false);
test(judged, { type: 'enum', values: ['a', 'b'] }, 'b', true);
test(judged, { type: 'enum', values: ['a', 'b'] }, 'c', false);
test(judged, { type: 'cidr' }, '10.0.0.0/8', true);
test(judged, { type: 'cidr' }, '0.0.0.0/0', true);
test(judged, { type: 'cidr' }, '10.0.0/8', false);
test(judged, { type: 'cidr' }, '10.0.0.256/8', false);
test(judged, { type: 'cidr' }, '010.0.0.1/8', false);
test(judged, { type: 'cidr' }, '10.0.0.0/33', false);
test(judged, { type: 'cidr' }, '10.0.0.0', false);
test(judged, { type: 'cidr' }, '2001:db8::/32', true);
test(judged, { type: 'cidr' }, '::/0', true);
test(judged, { type: 'cidr' }, '1:2:3:4:5:6:7:8/128', true);
test(judged, { type: 'cidr' }, '1:2:3:4:5:6:7/64', false);
test(judged, { type: 'cidr' }, '2001:db8::1::/32', false);

test('given values go over defaults; unknown, missing and refused ones have their own codes', (t) => {
  const parameters = [
    declare({ name: 'title', default: 'x' }),
    declare({ name: 'count', type: 'integer', minimum: 1 }),
  ];
  const resolved = resolveParameters(parameters, { count: 2 });
  t.true(resolved.ok);
  if (resolved.ok)
    t.deepEqual(
      [...resolved.values],
      [
        ['title', 'x'],
        ['count', 2],
      ],
    );
  const code = (given: Record<string, ParameterValue>) => {
    const result = resolveParameters(parameters, given);
    return result.ok ? 'ok' : `${result.code} ${result.name}`;
  };
  t.is(code({}), 'PARAMETER_WITHOUT_VALUE count');
  t.is(code({ count: 0 }), 'PARAMETER_REFUSED count');
  t.is(code({ count: 1, other: 1 }), 'PARAMETER_UNKNOWN other');
  t.is(code({ count: 1, toString: 1 }), 'PARAMETER_UNKNOWN toString');
});

test('an object without places is left as it is, byte for byte', (t) => {
  const bytes = Buffer.from('{ "b" : 1.50, "a": 2 }');
  t.is(fillObject(bytes, []).bytes, bytes);
});

test('only the declared field changes; integers of 64 bits stay exact', (t) => {
  const bytes = Buffer.from('{"data":{"big":9223372036854775807,"title":"old"},"list":[{"x":1}]}');
  const filled = fillObject(bytes, [
    { pointer: '/data/title', value: 'new ${X} "quoted"' },
    { pointer: '/list/0/x', value: 7 },
  ]);
  t.is(
    Buffer.from(filled.bytes).toString(),
    '{"data":{"big":9223372036854775807,"title":"new ${X} \\"quoted\\""},"list":[{"x":7}]}',
  );
});

test('a pointer that matches nothing is an error, never a new field', (t) => {
  t.throws(() => fillObject(Buffer.from('{"a":1}'), [{ pointer: '/b', value: 1 }]), {
    instanceOf: RangeError,
  });
  t.throws(() => fillObject(Buffer.from('{"a":1}'), [{ pointer: 'a', value: 1 }]), {
    instanceOf: RangeError,
  });
});

test('whatever text is filled in is read back as that text', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const { bytes } = fillObject(Buffer.from('{"a":"x"}'), [{ pointer: '/a', value }]);
      t.deepEqual(JSON.parse(Buffer.from(bytes).toString()), { a: value });
    }),
  );
});

test('a pattern that is endless for a value refuses it after a second', (t) => {
  const startedMs = performance.now();
  t.false(checkParameter(declare({ pattern: '(a+)+' }), `${'a'.repeat(100)}b`).ok);
  t.true(performance.now() - startedMs < 10_000);
  t.true(checkParameter(declare({ pattern: '(a+)+' }), 'a'.repeat(100)).ok);
});
