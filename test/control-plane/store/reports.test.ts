// Reports over real SQLite: whatever is sent again, in whatever batches, over however many restarts, counts once.

import test from 'ava';
import fc from 'fast-check';
import type { ReportRow } from '../../../control-plane/fleet/site-report.ts';
import { openStore, type Store } from '../../../control-plane/store/store.ts';
import { scratch } from '../../support/scratch.ts';

const siteId = '019aaf00-0000-7000-8000-000000000001';
const boots = ['019aaf00-0000-7000-8000-0000000000b1', '019aaf00-0000-7000-8000-0000000000b2'] as const;

function run(bootId: string, sequence: number): ReportRow {
  const counts = { applied: sequence, repaired: 0, deleted: 0, failed: 0 };
  const content = {
    kind: 'run',
    run: { startedAtMs: 1, endedAtMs: 2, generation: 1, ...counts },
  } as const;
  return { bootId, sequence, content };
}

const health = {
  healthy: false,
  healthObservedAtMs: 0,
  health: [],
  components: [],
  hold: null,
  isolation: null,
};

function at(receivedAtMs: number) {
  return { receivedAtMs, aheadMs: null };
}

function stateRow(sequence: number, applied: boolean): ReportRow {
  const releases = { offered: null, running: null, lastHealthy: null, quarantined: null };
  const numbers = { observedAtMs: sequence, epoch: 1, generation: 1, objectsWanted: 1, objectsApplied: 1 };
  const state = {
    ...numbers,
    applied,
    drifted: false,
    releases,
    conditions: [],
    objects: [],
    kubernetesVersion: '',
    ...health,
  };
  return { bootId: boots[0], sequence, content: { kind: 'state', state } };
}

function storeWithSite(t: Parameters<typeof scratch>[0]): Store {
  const store = openStore(scratch(t));
  t.teardown(() => void store[Symbol.asyncDispose]());
  store.sites.add({ id: siteId, name: 'leeds', createdAtMs: 1 });
  return store;
}

test('rows sent again count once, whatever the batches', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 6 })), { maxLength: 20 }),
      async (batches) => {
        await using store = openStore(scratch(t));
        store.sites.add({ id: siteId, name: 'leeds', createdAtMs: 1 });
        let newest = 0;
        for (const [back, count] of batches) {
          // As an agent sends: from somewhere at or before the first that was not acknowledged, in order.
          const first = Math.max(1, newest + 1 - back);
          const rows = Array.from({ length: count }, (_, index) => run(boots[0], first + index));
          const fresh = store.reports.accept(siteId, rows, at(1));
          const expected = rows.filter((row) => row.sequence > newest).map((row) => row.sequence);
          if (fresh.map((row) => row.sequence).join() !== expected.join()) return false;
          newest = Math.max(newest, first + count - 1);
        }
        const kept = store.events.after(siteId, 0, 1000).map((event) => event.sequence);
        return kept.length === newest && kept.every((sequence, index) => sequence === index + 1);
      },
    ),
    { numRuns: 20 },
  );
  t.pass();
});

test('each start of an agent has its own numbers', (t) => {
  const store = storeWithSite(t);
  store.reports.accept(siteId, [run(boots[0], 5), run(boots[1], 1)], at(1));
  t.is(store.reports.accept(siteId, [run(boots[0], 5), run(boots[1], 1), run(boots[1], 2)], at(1)).length, 1);
  t.is(store.events.after(siteId, 0, 10).length, 3);
});

test('the latest state wins, and an old one that comes again does not', (t) => {
  const store = storeWithSite(t);
  store.reports.accept(siteId, [stateRow(1, false), stateRow(2, true)], at(10));
  store.reports.accept(siteId, [stateRow(1, false)], at(20));
  t.like(store.reports.state(siteId), { receivedAtMs: 10, state: { applied: true } });
});

test('a batch is stored as a whole or not at all', (t) => {
  const store = storeWithSite(t);
  const broken = { ...run(boots[0], 2), bootId: null as never };
  t.throws(() => store.reports.accept(siteId, [run(boots[0], 1), broken], at(1)));
  t.is(store.events.after(siteId, 0, 10).length, 0);
  t.is(store.reports.accept(siteId, [run(boots[0], 1)], at(1)).length, 1);
});

test('until when a state is known to hold never goes back, but with another state', (t) => {
  const store = storeWithSite(t);
  const known = () => {
    const { knownMs, healthKnownMs } = store.reports.state(siteId) ?? {};
    return [knownMs, healthKnownMs];
  };
  store.reports.accept(siteId, [stateRow(1, true)], at(100));
  t.deepEqual(known(), [null, null]);
  store.reports.confirm(siteId, { knownMs: 50, healthKnownMs: null });
  t.deepEqual(known(), [50, null]);
  store.reports.confirm(siteId, { knownMs: 40, healthKnownMs: 60 });
  store.reports.confirm(siteId, { knownMs: null, healthKnownMs: 30 });
  t.deepEqual(known(), [50, 60]);
  store.reports.accept(siteId, [stateRow(2, false)], { receivedAtMs: 200, aheadMs: 0 });
  t.deepEqual(known(), [2, null]);
});
