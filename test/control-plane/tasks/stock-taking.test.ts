// Who falls silent is noticed once, also over restarts, and a control plane that was away itself accuses nobody.

import test, { type ExecutionContext } from 'ava';
import { alertOf } from '../../../control-plane/alert/alert-body.ts';
import { liveForMs, staleForMs } from '../../../control-plane/fleet/staleness.ts';
import { SiteListener } from '../../../control-plane/news/take-in.ts';
import { openStore, type Store } from '../../../control-plane/store/store.ts';
import { startStockTaking, stockTaking } from '../../../control-plane/tasks/stock-taking.ts';
import { revokeSite } from '../../../control-plane/trust/approval.ts';
import { silentLog } from '../../../daemon/log.ts';
import { bootId } from '../../support/agent-client.ts';
import { addJoinedSite, firstHello } from '../../support/joined-site.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { scratch } from '../../support/scratch.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { siteState, withConditions } from '../../support/site-reports.ts';

function open(t: ExecutionContext) {
  const store = openStore(scratch(t));
  t.teardown(() => void store[Symbol.asyncDispose]());
  const clock = manualClock();
  const join = (id: string) => addJoinedSite(store, id, clock.now() + 86_400_000);
  join('a');
  const classes = () =>
    store.events.after('a', 0, 100).flatMap(({ news }) => (news.kind === 'contact' ? [news.class] : []));
  const round = () => stockTaking({ store, clock });
  return { store, clock, classes, round, join };
}

test('silence is told step by step, each once', async (t) => {
  const { store, clock, classes, round } = open(t);
  const look = round();
  await clock.advance(liveForMs);
  look();
  t.deepEqual(classes(), [], 'a machine that was approved and has not come yet is not missed');
  new SiteListener(store, 'a').hello(firstHello, 0, clock.now());
  t.deepEqual(classes(), ['live']);
  await clock.advance(liveForMs);
  look();
  t.deepEqual(classes(), ['live']);
  await clock.advance(1);
  look();
  look();
  t.deepEqual(classes(), ['live', 'stale']);
  await clock.advance(staleForMs);
  look();
  new SiteListener(store, 'a').hello(firstHello, 0, clock.now());
  t.deepEqual(classes(), ['live', 'stale', 'offline', 'live']);
  await clock.advance(2 * 86_400_000);
  look();
  round()();
  t.deepEqual(classes(), ['live', 'stale', 'offline', 'live', 'expired']);
});

test('all who fall silent in one moment are written down at once, and a round without news writes nothing', async (t) => {
  const { store, clock, join } = open(t);
  for (const id of ['b', 'c']) join(id);
  for (const id of ['a', 'b', 'c']) new SiteListener(store, id).hello(firstHello, 0, clock.now());
  let transactions = 0;
  const transaction: Store['transaction'] = (fn) => {
    transactions += 1;
    return store.transaction(fn);
  };
  const look = stockTaking({ store: { ...store, transaction }, clock });
  const before = store.events.newestId();
  await clock.advance(liveForMs + 1);
  look();
  look();
  t.is(transactions, 1);
  t.deepEqual(
    store.events.after(null, before, 10).map(({ siteId, news }) => `${siteId} ${news.kind}`),
    ['a contact', 'a health', 'b contact', 'b health', 'c contact', 'c health'],
    'that nothing was reported is told when it is not about to come any more',
  );
});

test('after a start the sites have time to come back', async (t) => {
  const { store, clock, classes, round } = open(t);
  new SiteListener(store, 'a').hello(firstHello, 0, clock.now());
  await clock.advance(3_600_000);
  const look = round();
  await clock.advance(liveForMs - 1);
  look();
  t.deepEqual(classes(), ['live']);
  await clock.advance(1);
  look();
  t.deepEqual(classes(), ['live', 'offline']);
});

test('a site that was withdrawn is not missed, and what was told of it ends', async (t) => {
  const { store, clock, classes, round } = open(t);
  const look = round();
  const listener = new SiteListener(store, 'a');
  listener.hello(firstHello, 0, clock.now());
  const state = siteState({ ...withConditions('NotHealthy', 'DiskLow'), hold: { sinceMs: 1, untilMs: 2 } });
  listener.report([{ bootId, sequence: 1, content: { kind: 'state', state } }], clock.now());
  await clock.advance(staleForMs + 1);
  look();
  const told = store.events.newestId();
  revokeSite({ store, clock, random: seededRandom(1) }, 'a', { who: 'admin', why: null });
  const said = store.events.after('a', told, 100).map((event) => alertOf(event));
  t.deepEqual(
    said.map(({ kind, code, phase, severity }) => `${kind} ${code ?? ''} ${phase} ${severity}`),
    [
      'revoked  ended info',
      'condition NotHealthy ended info',
      'condition DiskLow ended info',
      'hold  ended info',
      'contact offline ended info',
    ],
  );
  t.deepEqual(
    store.events.alertsAfter(told, 10).map(({ news }) => news.kind),
    ['condition', 'contact'],
  );
  const after = store.events.newestId();
  await clock.advance(2 * 86_400_000);
  look();
  revokeSite({ store, clock, random: seededRandom(1) }, 'a', { who: 'admin', why: null });
  t.is(store.events.newestId(), after);
  t.deepEqual(classes(), ['live', 'offline', 'withdrawn']);
});

test('a machine that was approved in the place of another and does not come leaves the site silent, not new', async (t) => {
  const { store, clock, classes, round } = open(t);
  const look = round();
  new SiteListener(store, 'a').hello(firstHello, 0, clock.now());
  store.joinTokens.add({ hash: 'b', siteId: 'a', createdAtMs: 1, expiresAtMs: 2 });
  const machine = { deviceKey: new Uint8Array(2), csr: new Uint8Array(1), fingerprint: 'seven' };
  store.enrolments.add({ id: 'b', siteId: 'a', tokenHash: 'b', ...machine, createdAtMs: 1 });
  store.devices.add({
    siteId: 'a',
    enrolmentId: 'b',
    deviceKey: machine.deviceKey,
    approvedAtMs: clock.now(),
  });
  t.is(store.devices.leafNotAfter('a'), null);
  await clock.advance(staleForMs + 1);
  look();
  t.deepEqual(classes(), ['live', 'offline']);
});

test('it goes on by itself, also when it failed, until it is ended', async (t) => {
  const { store, clock, classes } = open(t);
  const random = seededRandom(1);
  let isBroken = true;
  const fleet = {
    ...store.fleet,
    list: () => {
      if (isBroken) throw new Error('no database');
      return store.fleet.list();
    },
  };
  const tasks = startStockTaking({ store: { ...store, fleet }, clock, random, log: silentLog });
  new SiteListener(store, 'a').hello(firstHello, 0, clock.now());
  await clock.advance(liveForMs + 60_000);
  t.deepEqual(classes(), ['live']);
  isBroken = false;
  await clock.advance(30_000);
  t.deepEqual(classes(), ['live', 'stale']);
  await tasks[Symbol.asyncDispose]();
  await clock.advance(staleForMs);
  t.deepEqual(classes(), ['live', 'stale']);
});
