// What is forgotten, and what is not, over a real database and real files.

import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { databasePath, migrationsFolder, openStore } from '../../../control-plane/store/store.ts';
import {
  eventsPerSite,
  keepEventsForMs,
  keepLeavesForMs,
  keepUnpublishedForMs,
  prune,
} from '../../../control-plane/tasks/pruning.ts';
import { type Clock, systemClock } from '../../../daemon/clock.ts';
import { contentFiles, digestOf } from '../../../daemon/content-files.ts';
import { silentLog } from '../../../daemon/log.ts';
import { readMigrations } from '../../../daemon/migrations.ts';
import { openDatabase } from '../../../daemon/sqlite.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { scratch } from '../../support/scratch.ts';

function open(t: ExecutionContext) {
  const folder = scratch(t);
  const store = openStore(folder);
  t.teardown(() => void store[Symbol.asyncDispose]());
  const clock = manualClock();
  const content = contentFiles(join(folder, 'content'));
  store.sites.add({ id: 'a', name: 'a', createdAtMs: 1 });
  return { folder, store, clock, content, deps: { store, content, clock, log: silentLog } };
}

const revoked = { kind: 'revoked', who: 'admin' } as const;

test('events are forgotten after 400 days, the audit never', async (t) => {
  const { store, clock, deps } = open(t);
  const entry = { who: 'admin', what: 'site.create', subject: 'a', why: null, digest: null };
  for (const ageMs of [keepEventsForMs + 1, keepEventsForMs, 0]) {
    store.events.add({ siteId: 'a', atMs: clock.now() - ageMs, news: revoked });
    store.audit.append({ ...entry, atMs: clock.now() - ageMs });
  }
  t.is((await prune(deps)).events, 1);
  t.is(store.events.after(null, 0, 10).length, 2);
  t.is(store.audit.after(0, 10).length, 3);
  t.is((await prune(deps)).events, 0);
  t.is(store.events.oldestId(), 2);
  clock.jump(keepEventsForMs + 1);
  await prune(deps);
  t.is(store.events.oldestId(), 0);
  t.is(store.events.newestId(), 3, 'an id that was given is not given again, nor forgotten');
});

test('starts of an agent are forgotten after 400 days, never the last of a site', async (t) => {
  const { store, clock, deps } = open(t);
  store.sites.add({ id: 'silent', name: 'silent', createdAtMs: 1 });
  const boot = (number: number) => `019aaf00-0000-7000-8000-00000000000${number}`;
  const nowMs = clock.now();
  const told = (siteId: string, sequence: number, ageMs: number) =>
    store.reports.accept(siteId, [{ bootId: boot(sequence), sequence, content: { kind: 'unknown' } }], {
      receivedAtMs: nowMs - ageMs,
      aheadMs: null,
    }).length;
  told('a', 1, keepEventsForMs + 2);
  told('a', 2, keepEventsForMs);
  told('a', 3, 0);
  told('silent', 4, keepEventsForMs + 2);
  told('silent', 5, keepEventsForMs + 1);
  await prune({ ...deps, clock: { ...clock, sleep: (ms) => systemClock.sleep(ms) } });
  t.deepEqual(
    [1, 2, 3].map((sequence) => told('a', sequence, 0)),
    [1, 0, 0],
    'what is known counts once',
  );
  t.is(store.reports.position('silent'), 5);
  t.is(told('silent', 5, 0), 0);
});

test('what talks without end keeps its newest events, and takes nothing from others', (t) => {
  const { store, clock } = open(t);
  store.sites.add({ id: 'b', name: 'b', createdAtMs: 1 });
  for (let index = 0; index < 30; index += 1)
    store.events.add({ siteId: index % 3 === 0 ? 'b' : 'a', atMs: clock.now(), news: revoked });
  t.is(store.events.forgetSurplus('a', { keep: 12, limit: 5 }), 5);
  t.is(store.events.forgetSurplus('a', { keep: 12, limit: 5 }), 3);
  t.is(store.events.forgetSurplus('a', { keep: 12, limit: 5 }), 0);
  t.is(store.events.forgetSurplus('b', { keep: 12, limit: 5 }), 0);
  t.is(store.events.after('b', 0, 100).length, 10);
  const kept = store.events.after('a', 0, 100).map(({ id }) => id);
  t.is(kept.length, 12);
  t.is(kept.at(-1), 30);
  t.is(store.events.newestId(), 30);
});

test('a night over many events is many short pieces, and deleted sites have their turn', async (t) => {
  const { folder, store, clock, deps } = open(t);
  const database = openDatabase({ path: databasePath(folder), migrations: readMigrations(migrationsFolder) });
  t.teardown(() => database.close());
  const fill = database.prepare(
    `INSERT INTO event (site_id, at_ms, kind, is_alert, event)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     SELECT ?, ?, 'revoked', 0, '{"who":"admin"}' FROM n`,
  );
  const quiet = 10;
  for (let index = 0; index < quiet; index += 1) {
    store.sites.add({ id: `quiet-${index}`, name: `quiet-${index}`, createdAtMs: 1 });
    fill.run(100, `quiet-${index}`, clock.now());
  }
  fill.run(eventsPerSite + 5_000, 'a', clock.now());
  store.sites.remove('a', clock.now());
  const piecesMs: number[] = [];
  let beganMs = performance.now();
  const sleep: Clock['sleep'] = async (ms) => {
    piecesMs.push(performance.now() - beganMs);
    await systemClock.sleep(ms);
    beganMs = performance.now();
  };
  t.is((await prune({ ...deps, clock: { ...clock, sleep } })).events, 5_000);
  t.is(store.events.forgetSurplus('a', { keep: eventsPerSite, limit: 1 }), 0);
  t.is(store.events.after('quiet-0', 0, 1000).length, 100);
  t.true(piecesMs.length > quiet, 'each site is a piece of its own');
  t.log(`${piecesMs.length} pieces, the longest ${Math.max(...piecesMs).toFixed(0)} ms`);
});

test('a leaf is forgotten a year after its end, but never the newest of a machine', async (t) => {
  const { store, clock, deps } = open(t);
  store.joinTokens.add({ hash: 'h', siteId: 'a', createdAtMs: 1, expiresAtMs: 2 });
  const machine = { deviceKey: new Uint8Array(1), csr: new Uint8Array(1), fingerprint: 'six' };
  store.enrolments.add({ id: 'e', siteId: 'a', tokenHash: 'h', ...machine, createdAtMs: 1 });
  const approved = { siteId: 'a', enrolmentId: 'e', deviceKey: machine.deviceKey, approvedAtMs: 1 };
  const agent = store.devices.add(approved);
  const leaf = { serial: '1', siteId: 'a', agent, csrDigest: 'c', der: new Uint8Array(1), notBeforeMs: 0 };
  const endMs = clock.now() - keepLeavesForMs;
  for (const [fingerprint, notAfterMs] of [
    ['long ago', endMs - 2],
    ['newest', endMs - 1],
  ] as const)
    store.devices.addLeaf({ ...leaf, fingerprint, notAfterMs });
  t.is((await prune(deps)).leaves, 1);
  t.is(store.devices.leafNotAfter('a'), endMs - 1);
});

test('content that no release names goes after a week, what is published stays', async (t) => {
  const { folder, store, clock, content, deps } = open(t);
  const [published = '', old = '', fresh = ''] = await content.put(
    ...['published', 'old', 'fresh'].map((text) => Buffer.from(text)),
  );
  const release = { digest: digestOf(Buffer.from('m')), name: 'demo', version: '1.0.0', publishedAtMs: 1 };
  store.releases.add({ ...release, publishedBy: 'admin', signatures: new Uint8Array() }, [published]);
  const age = (digest: string, ms: number) => {
    const hex = digest.slice('sha256:'.length);
    const at = (clock.now() - ms) / 1000;
    return utimes(join(folder, 'content', 'sha256', hex.slice(0, 2), hex), at, at);
  };
  for (const digest of [published, old]) await age(digest, keepUnpublishedForMs + 1000);
  await age(fresh, keepUnpublishedForMs - 1000);
  t.is((await prune(deps)).contents, 1);
  t.deepEqual([...(await content.list())].sort(), [published, fresh].sort());
});
