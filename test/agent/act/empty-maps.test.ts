// Finding maps that become empty, and leaving them out without touching anything else.
import test from 'ava';
import {
  emptyMapsAnsweredNull,
  mayHoldEmptyMap,
  shrunkMaps,
  withoutFields,
} from '../../../agent/act/empty-maps.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);

test('a first look tells objects without any empty map', (t) => {
  t.false(mayHoldEmptyMap(bytes('{"a":{"b":[]}}')));
  t.true(mayHoldEmptyMap(bytes('{"a":{"b":{}}}')));
});

test('asked {}, answered null: found, also inside lists', (t) => {
  const asked = bytes('{"spec":{"from":[{"x":{}},{"x":{}}],"kept":{},"selector":{}}}');
  const answer = bytes('{"spec":{"from":[{"x":{}},{"x":null}],"kept":{},"selector":null}}');
  t.deepEqual(emptyMapsAnsweredNull(asked, answer), [
    ['spec', 'from', 1, 'x'],
    ['spec', 'selector'],
  ]);
});

test('a field that the server left out altogether is not answered null', (t) => {
  t.deepEqual(emptyMapsAnsweredNull(bytes('{"spec":{"selector":{}}}'), bytes('{"spec":{}}')), []);
  t.deepEqual(emptyMapsAnsweredNull(bytes('{"spec":{"selector":{}}}'), bytes('{}')), []);
});

test('what held something before and shall be empty', (t) => {
  const asked = bytes('{"spec":{"a":{},"b":{},"c":{},"d":{}}}');
  const before = bytes('{"spec":{"a":{"x":1},"b":{},"c":[1]}}');
  t.deepEqual(shrunkMaps(asked, before), [['spec', 'a']]);
});

test('leaves out these fields and nothing else, large numbers included', (t) => {
  const asked = bytes('{"a":[{"x":{},"y":9007199254740993},{"x":{}}],"z":{}}');
  t.is(text(withoutFields(asked, [['a', 0, 'x'], ['z']])), '{"a":[{"y":9007199254740993},{"x":{}}]}');
});
