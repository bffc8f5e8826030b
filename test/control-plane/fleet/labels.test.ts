// What a label may be: as in Kubernetes, so that one can be copied to the other.

import test from 'ava';
import { hasLabels, isLabelKey, isLabelValue, readLabelWish } from '../../../control-plane/fleet/labels.ts';

test('keys', (t) => {
  for (const key of [
    'region',
    'a',
    'tre.example.org/ring',
    'Ring_1.b',
    'x'.repeat(63),
    `${'p'.repeat(253)}/n`,
  ])
    t.true(isLabelKey(key), key);
  for (const key of [
    '',
    '-a',
    'a-',
    'a b',
    'a/b/c',
    '/a',
    'a/',
    'Ü',
    'Upper.example/ring',
    'x'.repeat(64),
    `${'p'.repeat(254)}/n`,
    'a..b/c',
    '__proto__',
  ])
    t.false(isLabelKey(key), key);
});

test('values', (t) => {
  for (const value of ['', 'north', 'A_b.c-1', 'x'.repeat(63)]) t.true(isLabelValue(value), value);
  for (const value of ['-a', 'a-', 'a b', 'a=b', 'x'.repeat(64), 'é']) t.false(isLabelValue(value), value);
});

test('wishes', (t) => {
  t.deepEqual(readLabelWish('ring=one'), { key: 'ring', value: 'one' });
  t.deepEqual(readLabelWish('ring'), { key: 'ring', value: null });
  t.deepEqual(readLabelWish('ring='), { key: 'ring', value: '' });
  t.is(readLabelWish('=x'), undefined);
  t.is(readLabelWish('a=b=c'), undefined);
  const labels = { ring: 'one', region: '' };
  t.true(hasLabels(labels, []));
  t.true(
    hasLabels(labels, [
      { key: 'ring', value: null },
      { key: 'region', value: '' },
    ]),
  );
  t.false(hasLabels(labels, [{ key: 'ring', value: 'two' }]));
  t.false(hasLabels(labels, [{ key: 'toString', value: null }]));
});
