// What every InventoryStore does, the SQLite one and any modelled one: the behaviour that planner and executors rely on.
import test, { type ExecutionContext } from 'ava';
import type { AppliedFacts, InventoryStore } from '../../agent/act/ports.ts';
import type { WantedObject } from '../../agent/plan/world.ts';
import { objectId } from '../../proto/document.ts';

/** A store to test, and the same one after its process was killed and started again. */
export interface StoreUnderTest {
  readonly store: InventoryStore;
  readonly reopen: () => Promise<InventoryStore>;
}

/** A namespaced ConfigMap of a release. */
export function configMap(
  name: string,
  index: number,
  digest = `sha256:${String(index).padStart(64, '0')}`,
): WantedObject {
  const key = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'demo', name };
  return {
    ...key,
    id: objectId(key),
    index,
    component: 'one',
    digest,
    immutableDigest: null,
    ttlAfterFinishedMs: null,
    defines: [],
  };
}

const applied = (object: WantedObject, uid: string): AppliedFacts => ({
  uid,
  digest: object.digest,
  immutableDigest: object.immutableDigest,
  ownHash: `hash of ${uid}`,
  releaseDigest: 'sha256:one',
  index: object.index,
});

/** Declares the tests. */
export function inventoryConformance(open: (t: ExecutionContext) => Promise<StoreUnderTest>): void {
  const a = configMap('a', 0);
  const b = configMap('b', 1);

  test('an intended object is a row without a UID', async (t) => {
    const { store } = await open(t);
    store.intend([a, b], 'sha256:one');
    t.deepEqual(store.inventory().get(a.id), {
      id: a.id,
      group: '',
      version: 'v1',
      kind: 'ConfigMap',
      namespace: 'demo',
      name: 'a',
      releaseDigest: 'sha256:one',
      index: 0,
      uid: null,
      creating: false,
      appliedDigest: null,
      appliedImmutableDigest: null,
      ownHash: null,
      kept: false,
    });
    t.is(store.inventory().size, 2);
  });

  test('intending again keeps what was applied, moves to the new release and takes up a kept object', async (t) => {
    const { store } = await open(t);
    store.intend([a], 'sha256:one');
    store.recordApplied(new Map([[a.id, applied(a, 'uid-a')]]));
    store.keep([a.id]);
    t.true(store.inventory().get(a.id)?.kept);
    store.intend([{ ...a, version: 'v2', index: 7 }], 'sha256:two');
    const row = store.inventory().get(a.id);
    t.like(row, {
      uid: 'uid-a',
      appliedDigest: a.digest,
      kept: false,
      index: 7,
      version: 'v2',
      releaseDigest: 'sha256:two',
    });
  });

  test('a create is marked before it is sent, and the answer ends the mark', async (t) => {
    const { store } = await open(t);
    store.intend([a, b], 'sha256:one');
    store.recordApplied(new Map([[a.id, applied(a, 'uid-old')]]));
    store.markCreating([a.id]);
    t.like(store.inventory().get(a.id), { creating: true, uid: null, appliedDigest: a.digest });
    t.like(store.inventory().get(b.id), { creating: false });
    store.recordApplied(new Map([[a.id, applied(a, 'uid-new')]]));
    t.like(store.inventory().get(a.id), { creating: false, uid: 'uid-new', ownHash: 'hash of uid-new' });
  });

  test('failures of the same digest are counted, another digest begins anew, an apply clears them', async (t) => {
    const { store } = await open(t);
    const failure = { digest: a.digest, code: 'OBJECT_REFUSED', notBefore: 1000 } as const;
    store.intend([a], 'sha256:one');
    store.recordFailed(new Map([[a.id, failure]]));
    store.recordFailed(new Map([[a.id, { ...failure, code: 'CLUSTER_BUSY', notBefore: 2000 }]]));
    t.deepEqual(store.attempts().get(a.id), {
      digest: a.digest,
      count: 2,
      code: 'CLUSTER_BUSY',
      notBefore: 2000,
    });
    store.recordFailed(new Map([[a.id, { ...failure, digest: 'sha256:other' }]]));
    t.like(store.attempts().get(a.id), { digest: 'sha256:other', count: 1 });
    store.recordApplied(new Map([[a.id, applied(a, 'uid-a')]]));
    t.is(store.attempts().size, 0);
  });

  test('a forgotten object leaves with its attempts, the others stay', async (t) => {
    const { store } = await open(t);
    store.intend([a, b], 'sha256:one');
    const failure = { digest: a.digest, code: 'OBJECT_REFUSED', notBefore: 1000 } as const;
    store.recordFailed(
      new Map([
        [a.id, failure],
        [b.id, failure],
      ]),
    );
    store.forget([a.id]);
    t.deepEqual([...store.inventory().keys()], [b.id]);
    t.deepEqual([...store.attempts().keys()], [b.id]);
  });

  test('recording an apply of an object that was never intended records nothing at all', async (t) => {
    const { store } = await open(t);
    store.intend([a], 'sha256:one');
    const both = new Map([
      [a.id, applied(a, 'uid-a')],
      [b.id, applied(b, 'uid-b')],
    ]);
    t.throws(() => store.recordApplied(both));
    t.like(store.inventory().get(a.id), { uid: null, appliedDigest: null });
  });

  test('everything is there after the process was started again', async (t) => {
    const { store, reopen } = await open(t);
    store.intend([a, b], 'sha256:one');
    store.markCreating([b.id]);
    store.recordApplied(new Map([[a.id, applied(a, 'uid-a')]]));
    store.recordFailed(new Map([[b.id, { digest: b.digest, code: 'CLUSTER_FAILING', notBefore: 5 }]]));
    const [inventory, attempts] = [store.inventory(), store.attempts()];
    const again = await reopen();
    t.deepEqual(again.inventory(), inventory);
    t.deepEqual(again.attempts(), attempts);
  });
}
