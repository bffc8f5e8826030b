// The reader of manifests: what becomes which value, on which line, and what is refused with which line.

import test from 'ava';
import type { JsonValue } from '../../../proto/strict-json.ts';
import { maxAliases, readYaml } from '../../../release/read/yaml.ts';

const reads = test.macro({
  exec(t, text: string, expected: readonly JsonValue[]) {
    const result = readYaml(text, 'a.yaml');
    t.deepEqual(
      result.ok ? result.documents.map((document) => document.value) : result.problem,
      expected as never,
    );
  },
  title: (name = '') => `reads ${name}`,
});

test(
  'many documents, without the empty ones',
  reads,
  '# nothing\n---\n---\na: 1\n---\n# only words\n---\nb: 2\n...\n',
  [{ a: 1 }, { b: 2 }],
);
test('nothing at all', reads, '', []);
test('JSON', reads, '{"a": [1, null, "\\ud83d\\ude00\\/"], "b": {"c": 9223372036854775807}}', [
  { a: [1, null, '\u{1f600}/'], b: { c: 9223372036854775807n } },
]);
test('text that looks like a variable as text', reads, 'a: ${X}\nb: "$(Y) {{ z }}"\nc: |\n  ${A:-b}\n', [
  { a: '${X}', b: '$(Y) {{ z }}', c: '${A:-b}\n' },
]);
test('quoted scalars as text', reads, `a: "0644"\nb: 'yes'\nc: !!str 1\nd: ! 2`, [
  { a: '0644', b: 'yes', c: '1', d: '2' },
]);
test('explicit tags', reads, 'a: !!int "5"\nb: !!float 5\nc: !!bool yes\nd: !!null ""', [
  { a: 5, b: 5, c: true, d: null },
]);
test('keys that are no texts as kubectl does', reads, 'n: 1\n0644: 2\n1.5: 3', [
  { false: 1, '420': 2, '1.5': 3 },
]);
test('aliases as values of their own', reads, 'a: &x {b: [1]}\nc: *x', [{ a: { b: [1] }, c: { b: [1] } }]);
test(
  'merge keys, explicit keys first',
  reads,
  'a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  p: 3\nc: {<<: [*x, {q: 9, r: 4}]}',
  [{ a: { p: 1, q: 2 }, b: { p: 3, q: 2 }, c: { p: 1, q: 2, r: 4 } }],
);
test('block texts', reads, 'a: |\n  one\n   two\nb: >-\n  one\n  two\n', [
  { a: 'one\n two\n', b: 'one two' },
]);
test('a byte order mark and Windows lines', reads, '\ufeffa: 1\r\nb:\r\n  - c\r\n', [{ a: 1, b: ['c'] }]);

const refuses = test.macro({
  exec(t, text: string, line: number, words: RegExp) {
    const result = readYaml(text, 'a.yaml');
    if (result.ok) return t.fail(JSON.stringify(result.documents));
    t.is(result.problem.code, 'YAML_INVALID');
    t.is(result.problem.file, 'a.yaml');
    t.is(result.problem.line, line);
    t.regex(result.problem.detail, words);
  },
  title: (name = '') => `refuses ${name}`,
});

test('a key that stands twice', refuses, 'a:\n  b: 1\n  c: 2\n  b: 3\n', 4, /"b" stands twice/);
test('two keys that become one text', refuses, 'yes: 1\n"true": 2\n', 2, /"true" stands twice/);
test('a JSON key that stands twice', refuses, '{"a": 1,\n"a": 2}', 2, /"a" stands twice/);
test('a document that does not end', refuses, 'a: 1\nb: [1,\n', 3, /./);
test('wrong indentation', refuses, 'a:\n  b: 1\n c: 2\n', 3, /./);
test('a tab as indentation', refuses, 'a:\n\tb: 1\n', 2, /tab/);
test('an unknown tag', refuses, 'a: 1\nb: !secret x\n', 2, /!secret/);
test('a tag that does not fit', refuses, 'a: !!int x\n', 1, /!!int/);
test('a tag of Python', refuses, 'a: !!python/object:os.system {}\n', 1, /not allowed/);
test('an alias inside its own anchor', refuses, 'a: 1\nb: &x [*x]\n', 2, /no finished anchor/);
test('an alias without anchor', refuses, 'a: *y\n', 1, /y/);
test('an anchor of another document', refuses, 'a: &x 1\n---\nb: *x\n', 3, /x/);
test('a list as key', refuses, '? [a]\n: 1\n', 1, /a key must be/);
test('null as key', refuses, 'a: 1\n~: 1\n', 2, /a key must be/);
test('the key __proto__', refuses, 'a:\n  __proto__: {b: 1}\n', 2, /__proto__/);
test('a merge of a text', refuses, 'a:\n  <<: x\n', 2, /merge key/);
test('a NUL character', refuses, 'a: "\0"\n', 1, /null byte/);
test('nesting beyond the limit, at once', refuses, `a: ${'['.repeat(20_000)}`, 1, /depth/i);
test(
  'more aliases than the limit',
  refuses,
  `a: &x 1\nb: [${'*x,'.repeat(maxAliases + 1)}]`,
  2,
  /more than 100 aliases/,
);
test('aliases of aliases before they fill the memory', refuses, bomb(), 6, /more than 200000 values/);

function bomb(): string {
  const names = 'a b c d e f g h i j'.split(' ');
  const lines = names.map((name, index) => {
    const items = index === 0 ? 'x' : `*${names[index - 1] ?? ''}`;
    return `${name}: &${name} [${Array.from({ length: 9 }, () => items).join(', ')}]`;
  });
  return `${lines.join('\n')}\n`;
}

test('every field knows its line, also after a merge, an alias and a document', (t) => {
  const text = [
    '# header', // 1
    'a: 1', // 2
    '---', // 3
    'base: &base', // 4
    '  p:', // 5
    '    q: 1', // 6
    'list:', // 7
    '  - 1', // 8
    '  - k: {x: 1,', // 9
    '        z: 2}', // 10
    'merged:', // 11
    '  <<: *base', // 12
    'alias: *base', // 13
  ].join('\n');
  const result = readYaml(text, 'a.yaml');
  if (!result.ok) return t.fail(result.problem.detail);
  const [, second] = result.documents;
  if (second === undefined) return t.fail('no second document');
  const line = (...path: (string | number)[]): number =>
    result.positions.lineOf(second.value, path, second.line);
  t.is(line(), 4);
  t.is(line('base', 'p', 'q'), 6);
  t.is(line('list', 0), 8);
  t.is(line('list', 1), 9);
  t.is(line('list', 1, 'k', 'z'), 10);
  t.is(line('merged', 'p'), 12);
  t.is(line('alias', 'p', 'q'), 6);
  t.is(line('list', 1, 'absent', 'deeper'), 9);
});
