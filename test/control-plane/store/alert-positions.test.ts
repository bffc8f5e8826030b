// How far each target has come: never back, and since when it fails.

import test from 'ava';
import { openStore } from '../../../control-plane/store/store.ts';
import { scratch } from '../../support/scratch.ts';

test('a target that has given something up goes on failing, one that has taken something does not', (t) => {
  const store = openStore(scratch(t));
  t.teardown(() => void store[Symbol.asyncDispose]());
  const { alertPositions: positions } = store;
  t.is(positions.find('k'), undefined);
  positions.moveTo('k', 3);
  positions.moveTo('other', 9);
  positions.fails('k', 100);
  positions.fails('k', 200);
  t.deepEqual(positions.find('k'), { eventId: 3, failingSinceMs: 100 }, 'since the first trial');
  positions.giveUp('k', 5);
  t.deepEqual(positions.find('k'), { eventId: 5, failingSinceMs: 100 });
  positions.giveUp('k', 4);
  positions.moveTo('k', 2);
  t.deepEqual(positions.find('k'), { eventId: 5, failingSinceMs: null }, 'never back');
  t.deepEqual(positions.find('other'), { eventId: 9, failingSinceMs: null });
});
