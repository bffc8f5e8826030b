// What counts as a difference between an asked and a live object, and what does not.

import test from 'ava';
import type { JsonValue } from '../../proto/strict-json.ts';
import { differences, isDroppedEmpty } from './asked-is-live.ts';

const finds = test.macro({
  exec(t, asked: JsonValue, live: JsonValue, pointers: readonly string[]) {
    t.deepEqual(
      differences(asked, live).map(({ pointer }) => pointer),
      pointers,
    );
  },
  title: (name = '') => `asked and live: ${name}`,
});

test('equal', finds, { a: { b: [1, 'x', null, true] } }, { a: { b: [1, 'x', null, true] } }, []);
test('more in a map is not asked about', finds, { a: { b: 1 } }, { a: { b: 1, c: 2 }, status: {} }, []);
test('a missing field', finds, { a: { b: 1, c: 2 } }, { a: { b: 1 } }, ['/a/c']);
test('another value', finds, { a: 1 }, { a: 2 }, ['/a']);
test('another type', finds, { a: '1', b: false }, { a: 1, b: 0 }, ['/a', '/b']);
test('null is a value', finds, { a: null }, {}, ['/a']);
test('a list with more elements', finds, { a: [1] }, { a: [1, 2] }, ['/a']);
test('a list with fewer elements', finds, { a: [1, 2] }, { a: [1] }, ['/a']);
test('a list in another order', finds, { a: [1, 2] }, { a: [2, 1] }, ['/a/0', '/a/1']);
test('fields inside of elements', finds, { a: [{ b: 1, c: 2 }] }, { a: [{ b: 1, c: 3, d: 4 }] }, ['/a/0/c']);
test('a map where a list is asked', finds, { a: [] }, { a: {} }, ['/a']);
test('a list where a map is asked', finds, { a: {} }, { a: [] }, ['/a']);
test('null where a map is asked', finds, { a: {} }, { a: null }, ['/a']);
test('an inherited name is no field', finds, { toString: 1 }, {}, ['/toString']);
test('slashes and tildes in keys', finds, { 'a/b~c': 1 }, {}, ['/a~1b~0c']);

test('an empty map or list left out is told from one that was replaced', (t) => {
  const dropped = (asked: JsonValue, live: JsonValue) => differences(asked, live).map(isDroppedEmpty);
  t.deepEqual(dropped({ a: {}, b: [] }, {}), [true, true]);
  t.deepEqual(dropped({ a: { c: {} } }, {}), [false]);
  t.deepEqual(dropped({ a: {}, b: null, c: '' }, { a: null }), [false, false, false]);
});
