// JSON pointers find and replace what exists, and never create anything.
import test from 'ava';
import fc from 'fast-check';
import { formatPointer, parsePointer, replaceAt, valueAt } from '../../proto/pointer.ts';

const value = { a: [{ b: 1 }, 2], 'x/y': { '~': true }, '': 0 };

const found = test.macro({
  exec: (t, pointer: string, expected: unknown) =>
    t.deepEqual(valueAt(value, parsePointer(pointer) ?? ['missing']), expected as never),
  title: (_, pointer) => `looks up ${pointer === '' ? 'the whole value' : pointer}`,
});

test(found, '', value);
test(found, '/a/0/b', 1);
test(found, '/a/1', 2);
test(found, '/x~1y/~0', true);
test(found, '/', 0);
test(found, '/a/2', undefined);
test(found, '/a/01', undefined);
test(found, '/a/-', undefined);
test(found, '/toString', undefined);
test(found, '/a/length', undefined);

test('a text that is no pointer is refused', (t) => {
  t.is(parsePointer('a'), undefined);
  t.is(parsePointer('/a~2'), undefined);
  t.is(parsePointer('/a~'), undefined);
});

test('replacing leaves the original alone and touches nothing else', (t) => {
  const changed = replaceAt(value, ['a', '0', 'b'], 'new');
  t.deepEqual(changed, { ...value, a: [{ b: 'new' }, 2] });
  t.is(value.a.length, 2);
  t.is(replaceAt(value, ['a', '7'], 1), undefined);
  t.is(replaceAt(value, ['nothing'], 1), undefined);
});

test('any steps survive being written as a pointer', (t) => {
  fc.assert(
    fc.property(fc.array(fc.string()), (steps) => t.deepEqual(parsePointer(formatPointer(steps)), steps)),
  );
});
