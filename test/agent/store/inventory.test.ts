// The SQLite inventory passes the suite of its port; its digest changes with what is owned.
import test, { type ExecutionContext } from 'ava';
import { openStore } from '../../../agent/store/store.ts';
import { configMap, inventoryConformance, type StoreUnderTest } from '../../conformance/store.ts';
import { scratch } from '../../support/scratch.ts';

async function open(t: ExecutionContext): Promise<StoreUnderTest> {
  const folder = scratch(t);
  const first = await openStore(folder, 'boot-1', 0);
  let current = first;
  t.teardown(() => current[Symbol.asyncDispose]());
  const reopen = async () => {
    await first[Symbol.asyncDispose]();
    current = await openStore(folder, 'boot-2', 0);
    return current.inventory;
  };
  return { store: first.inventory, reopen };
}

inventoryConformance(open);

test('the digest stands for identity, UID and applied content of every row, not for their release', async (t) => {
  const store = await openStore(scratch(t), 'boot-1', 0);
  t.teardown(() => store[Symbol.asyncDispose]());
  const { inventory } = store;
  const [a, b] = [configMap('a', 0), configMap('b', 1)];
  const empty = inventory.digest();
  inventory.intend([a, b], 'sha256:one');
  const intended = inventory.digest();
  t.not(intended, empty);
  inventory.intend([a, b], 'sha256:two');
  t.is(inventory.digest(), intended);
  const facts = {
    uid: 'uid-a',
    digest: a.digest,
    immutableDigest: null,
    ownHash: 'h',
    releaseDigest: 'sha256:two',
    index: 0,
  };
  inventory.recordApplied(new Map([[a.id, facts]]));
  t.not(inventory.digest(), intended);
});
