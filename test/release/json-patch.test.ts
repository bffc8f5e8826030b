// RFC 6902 over exact values: the operations, what is refused, and that the input never changes.

import test from 'ava';
import fc from 'fast-check';
import type { JsonValue } from '../../proto/strict-json.ts';
import { applyOperations, type Operation } from '../../release/json-patch.ts';

const patches = test.macro({
  exec(t, root: JsonValue, operations: readonly Operation[], expected: JsonValue) {
    const before = structuredClone(root);
    const result = applyOperations(root, operations);
    t.deepEqual(result, { ok: true, value: expected } as never);
    t.deepEqual(root, before as never, 'the input has changed');
  },
  title: (name = '') => `carries out ${name}`,
});

test('add of a field', patches, { a: 1 }, [{ op: 'add', path: '/b', value: [1] }], { a: 1, b: [1] });
test('add over a field', patches, { a: 1 }, [{ op: 'add', path: '/a', value: null }], { a: null });
test('add into a list', patches, { a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] });
test(
  'add at the end',
  patches,
  { a: [1] },
  [
    { op: 'add', path: '/a/-', value: 2 },
    { op: 'add', path: '/a/2', value: 3 },
  ],
  {
    a: [1, 2, 3],
  },
);
test('add of the whole', patches, { a: 1 }, [{ op: 'add', path: '', value: { b: 2 } }], { b: 2 });
test('remove of a field', patches, { a: { b: 1, c: 2 } }, [{ op: 'remove', path: '/a/b' }], { a: { c: 2 } });
test('remove from a list', patches, [1, 2, 3], [{ op: 'remove', path: '/1' }], [1, 3]);
test('replace', patches, { a: [{ b: 1 }] }, [{ op: 'replace', path: '/a/0/b', value: 2n ** 62n }], {
  a: [{ b: 2n ** 62n }],
});
test('move', patches, { a: { b: 1 }, c: {} }, [{ op: 'move', from: '/a/b', path: '/c/d' }], {
  a: {},
  c: { d: 1 },
});
test(
  'move inside a list',
  patches,
  ['a', 'b', 'c'],
  [{ op: 'move', from: '/0', path: '/2' }],
  ['b', 'c', 'a'],
);
test('copy', patches, { a: { b: [1] } }, [{ op: 'copy', from: '/a/b', path: '/c' }], {
  a: { b: [1] },
  c: [1],
});
test(
  'test',
  patches,
  { a: { y: 1, x: 2n ** 60n } },
  [{ op: 'test', path: '/a', value: { x: 2n ** 60n, y: 1.0 } }],
  {
    a: { y: 1, x: 2n ** 60n },
  },
);
test('escaped steps', patches, { 'a/b': { '~': 1 } }, [{ op: 'replace', path: '/a~1b/~0', value: 2 }], {
  'a/b': { '~': 2 },
});
test('an empty key', patches, { '': 1 }, [{ op: 'replace', path: '/', value: 2 }], { '': 2 });

const refuses = test.macro({
  exec(t, root: JsonValue, operations: readonly Operation[], index: number, words: RegExp) {
    const result = applyOperations(root, operations);
    if (result.ok) return t.fail(JSON.stringify(result.value));
    t.is(result.index, index);
    t.regex(result.why, words);
  },
  title: (name = '') => `refuses ${name}`,
});

test('remove of nothing', refuses, { a: 1 }, [{ op: 'remove', path: '/b' }], 0, /no field b/);
test('replace of nothing', refuses, { a: 1 }, [{ op: 'replace', path: '/b', value: 1 }], 0, /nothing at \/b/);
test('add into nothing', refuses, { a: 1 }, [{ op: 'add', path: '/b/c', value: 1 }], 0, /nothing at b/);
test('add into a text', refuses, { a: 'x' }, [{ op: 'add', path: '/a/b', value: 1 }], 0, /not inside/);
test('an index beyond the end', refuses, [1], [{ op: 'add', path: '/2', value: 1 }], 0, /no entry 2/);
test('an index with a leading zero', refuses, [1, 2], [{ op: 'remove', path: '/01' }], 0, /no entry 01/);
test(
  'a move into itself',
  refuses,
  { a: { b: 1 } },
  [{ op: 'move', from: '/a', path: '/a/b/c' }],
  0,
  /into itself/,
);
test(
  'a failed test',
  refuses,
  { a: 1 },
  [
    { op: 'remove', path: '/a' },
    { op: 'test', path: '', value: { a: 1 } },
  ],
  1,
  /another one/,
);
test('no value', refuses, { a: 1 }, [{ op: 'add', path: '/b' }], 0, /needs a value/);
test('the key __proto__', refuses, {}, [{ op: 'add', path: '/__proto__', value: {} }], 0, /__proto__/);
test('an inherited key', refuses, {}, [{ op: 'remove', path: '/toString' }], 0, /no field toString/);
test('a path that is no pointer', refuses, {}, [{ op: 'add', path: 'a', value: 1 }], 0, /not a JSON pointer/);

test('what was added and removed again leaves the value as it was', (t) => {
  const value = fc.dictionary(
    fc.string().filter((key) => key !== '__proto__'),
    fc.jsonValue(),
  ) as fc.Arbitrary<JsonValue>;
  fc.assert(
    fc.property(value, fc.jsonValue(), (root, added) => {
      const path = '/a new field';
      const there = applyOperations(root, [{ op: 'add', path, value: added as JsonValue }]);
      const back = there.ok
        ? applyOperations(there.value, [
            { op: 'test', path, value: added as JsonValue },
            { op: 'remove', path },
          ])
        : there;
      t.deepEqual(back, { ok: true, value: root } as never);
    }),
  );
});
