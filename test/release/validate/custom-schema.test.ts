// Custom resources against the schema of their CRD: each rule of a structural schema, and what an open one allows.

import test from 'ava';
import type { JsonObject } from '../../../proto/strict-json.ts';
import { readYaml } from '../../../release/read/yaml.ts';
import { customKinds, kindKey } from '../../../release/validate/custom-kinds.ts';
import { findInCustomResource } from '../../../release/validate/custom-schema.ts';
import { fieldName } from '../../../release/validate/judge.ts';

function parse(text: string): JsonObject {
  const read = readYaml(text, 'a.yaml');
  if (!read.ok) throw new Error(read.problem.detail);
  return read.documents[0]?.value as JsonObject;
}

const finds = test.macro({
  exec(t, spec: string, schema: string, ...expected: string[]) {
    const object = parse(`{apiVersion: g/v1, kind: K, metadata: {name: x}, spec: ${spec}}`);
    const root = parse(`{type: object, properties: {spec: ${schema}}}`);
    const found = findInCustomResource(object, root).map(
      ({ code, path, detail }) => `${code} ${fieldName(path)} ${detail}`,
    );
    t.deepEqual(found, expected);
  },
  title: (name = '') => name,
});

test('what fits is fine', finds, '{a: 1}', '{type: object, properties: {a: {type: integer}}}');
test(
  'unknown fields',
  finds,
  '{b: 1}',
  '{type: object, properties: {a: {type: integer}}}',
  'FIELD_UNKNOWN .spec.b is not a field of the CRD',
);
test(
  'fields of an object that declares none',
  finds,
  '{b: 1}',
  '{type: object}',
  'FIELD_UNKNOWN .spec.b is not a field of the CRD',
);
test(
  'unknown fields where they are kept',
  finds,
  '{b: {c: 1}}',
  '{type: object, x-kubernetes-preserve-unknown-fields: true}',
);
test(
  'declared fields where unknown ones are kept',
  finds,
  '{a: x}',
  '{type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: integer}}}',
  'FIELD_TYPE_WRONG .spec.a must be a whole number, not the text "x"',
);
test(
  'maps',
  finds,
  '{b: 1, c: x}',
  '{type: object, additionalProperties: {type: integer}}',
  'FIELD_TYPE_WRONG .spec.c must be a whole number, not the text "x"',
);
test('maps of anything', finds, '{b: 1}', '{type: object, additionalProperties: true}');
test(
  'every type',
  finds,
  '[1, x, true, 1.5, {}, []]',
  '{type: array, items: {type: string}}',
  ...[
    '[0] must be a text, not 1',
    '[2] must be a text, not true',
    '[3] must be a text, not 1.5',
    '[4] must be a text, not an object',
    '[5] must be a text, not a list',
  ].map((text) => `FIELD_TYPE_WRONG .spec${text}`),
);
test('whole numbers beyond 2^53', finds, '9223372036854775807', '{type: integer}');
test('a number that is whole', finds, '3', '{type: number}');
test(
  'int or string',
  finds,
  '[1, x, 1.5]',
  '{type: array, items: {x-kubernetes-int-or-string: true}}',
  'FIELD_TYPE_WRONG .spec[2] must be a whole number or a text, not 1.5',
);
test(
  'null',
  finds,
  '{a: ~}',
  '{type: object, properties: {a: {type: string}}}',
  'FIELD_TYPE_WRONG .spec.a must not be null',
);
test(
  'null where allowed, defaulted or untyped',
  finds,
  '{a: ~, b: ~, c: ~}',
  '{type: object, properties: {a: {type: string, nullable: true}, b: {type: string, default: x}, c: {x-kubernetes-preserve-unknown-fields: true}}}',
);
test(
  'required fields',
  finds,
  '{}',
  '{type: object, required: [a, b], properties: {a: {type: string}, b: {type: string, default: x}}}',
  'FIELD_REQUIRED .spec.a is missing',
);
test(
  'enum',
  finds,
  '[1, {b: 2, a: 1}, 3]',
  '{type: array, items: {x-kubernetes-preserve-unknown-fields: true, enum: [1, {a: 1, b: 2}]}}',
  'FIELD_VALUE_REFUSED .spec[2] must be one of 1, an object',
);
test(
  'pattern',
  finds,
  '[ab, AB]',
  '{type: array, items: {type: string, pattern: "^[a-z]+$"}}',
  'FIELD_VALUE_REFUSED .spec[1] must match ^[a-z]+$',
);
test('a pattern that only Go can read', finds, 'AB', '{type: string, pattern: "(?i)^[a-z]+\\\\z"}');
test(
  'lengths count characters',
  finds,
  '["\u{1f600}", abc]',
  '{type: array, items: {type: string, minLength: 1, maxLength: 1}}',
  'FIELD_VALUE_REFUSED .spec[1] must have at most 1 characters',
);
test(
  'ranges',
  finds,
  '[0, 1, 5, 6]',
  '{type: array, items: {type: integer, minimum: 1, maximum: 5}}',
  'FIELD_VALUE_REFUSED .spec[0] must be at least 1',
  'FIELD_VALUE_REFUSED .spec[3] must be at most 5',
);
test(
  'open ranges',
  finds,
  '[1, 2, 5]',
  '{type: array, items: {type: integer, minimum: 1, exclusiveMinimum: true, maximum: 5, exclusiveMaximum: true}}',
  'FIELD_VALUE_REFUSED .spec[0] must be more than 1',
  'FIELD_VALUE_REFUSED .spec[2] must be less than 5',
);
test(
  'multiples',
  finds,
  '[4, 5]',
  '{type: array, items: {type: integer, multipleOf: 2}}',
  'FIELD_VALUE_REFUSED .spec[1] must be a multiple of 2',
);
test(
  'counts',
  finds,
  '{a: [], b: {}}',
  '{type: object, maxProperties: 1, properties: {a: {type: array, minItems: 1}, b: {type: object, minProperties: 1}}}',
  'FIELD_VALUE_REFUSED .spec must have at most 1 fields',
  'FIELD_VALUE_REFUSED .spec.a must have at least 1 items',
  'FIELD_VALUE_REFUSED .spec.b must have at least 1 fields',
);
test(
  'sets',
  finds,
  '[a, b, a]',
  '{type: array, x-kubernetes-list-type: set, items: {type: string}}',
  'LIST_KEY_DUPLICATE .spec[2] repeats a',
);
test(
  'lists by key, after defaults',
  finds,
  '[{p: 1}, {p: 1, q: TCP}, {p: 1, q: UDP}]',
  '{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [p, q], items: {type: object, properties: {p: {type: integer}, q: {type: string, default: TCP}}}}',
  'LIST_KEY_DUPLICATE .spec[1] repeats p 1, q TCP',
);
test(
  'allOf',
  finds,
  '3',
  '{type: integer, allOf: [{minimum: 5}, {multipleOf: 2}]}',
  'FIELD_VALUE_REFUSED .spec must be at least 5',
  'FIELD_VALUE_REFUSED .spec must be a multiple of 2',
);
test(
  'anyOf',
  finds,
  '[1, x, true]',
  '{type: array, items: {x-kubernetes-preserve-unknown-fields: true, anyOf: [{type: integer}, {type: string}]}}',
  'FIELD_VALUE_REFUSED .spec[2] matches none of the alternatives of the CRD',
);
test(
  'oneOf by required fields',
  finds,
  '[{a: 1}, {a: 1, b: 1}, {}]',
  '{type: array, items: {type: object, properties: {a: {type: integer}, b: {type: integer}}, oneOf: [{required: [a]}, {required: [b]}]}}',
  'FIELD_VALUE_REFUSED .spec[1] must match exactly one of the alternatives of the CRD',
  'FIELD_VALUE_REFUSED .spec[2] must match exactly one of the alternatives of the CRD',
);
test(
  'not',
  finds,
  '{a: 1}',
  '{type: object, properties: {a: {type: integer}}, not: {required: [a]}}',
  'FIELD_VALUE_REFUSED .spec has a form that the CRD forbids',
);
test(
  'embedded resources',
  finds,
  '{apiVersion: v1, metadata: {name: y}, data: 1}',
  '{type: object, x-kubernetes-embedded-resource: true, properties: {data: {type: integer}}}',
  'FIELD_REQUIRED .spec.kind is missing',
);
test(
  'metadata inside is no implicit field',
  finds,
  '{metadata: {}}',
  '{type: object, properties: {a: {type: string}}}',
  'FIELD_UNKNOWN .spec.metadata is not a field of the CRD',
);

test('the served versions of a CRD are its kinds', (t) => {
  const crd = parse(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ks.g.example}
spec:
  group: g.example
  scope: Cluster
  names: {kind: K}
  versions:
    - {name: v1, served: true, schema: {openAPIV3Schema: {type: object}}}
    - {name: v1beta1, served: false, schema: {openAPIV3Schema: {type: object}}}`);
  const kinds = customKinds([
    crd,
    { kind: 'CustomResourceDefinition', apiVersion: 'apiextensions.k8s.io/v1' },
  ]);
  t.deepEqual([...kinds.keys()], [kindKey('g.example/v1', 'K')]);
  t.is(kinds.get(kindKey('g.example/v1', 'K'))?.scope, 'Cluster');
});
