// The epoch after a restore: above what sites hold, but not at the mercy of what one of them says.

import test from 'ava';
import { openStore, type Store } from '../../../control-plane/store/store.ts';
import { raiseEpoch } from '../../../control-plane/trust/initialise.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { scratch } from '../../support/scratch.ts';

function says(store: Store, name: string, heldEpoch: number): void {
  const id = `019aaf00-0000-7000-8000-0000000000${name}`;
  store.sites.add({ id, name: `site-${name}`, createdAtMs: 0 });
  const held = { heldEpoch, heldGeneration: 1, heldDigest: `sha256:${'a'.repeat(64)}` };
  const facts = { capability: 1, agentVersion: '0.1.0', bootId: id, clusterUid: null, ...held };
  store.contacts.hello(id, { ...facts, refusedGeneration: null, refusedCode: null }, 0);
}

test('it rises above every epoch that a site holds, and over no claim that cannot be true', async (t) => {
  const store = openStore(scratch(t));
  t.teardown(() => store[Symbol.asyncDispose]());
  const recover = () => raiseEpoch(store, { clock: manualClock(), why: 'a test' });
  says(store, '01', 7);
  t.is(recover(), 8);
  says(store, '02', 2 ** 32 - 1);
  t.is(recover(), 9);
});
