// A database of the version before: everything in it is there afterwards, and readable.

import test from 'ava';
import { databasePath, migrationsFolder, openStore } from '../../../control-plane/store/store.ts';
import { readMigrations } from '../../../daemon/migrations.ts';
import { openDatabase } from '../../../daemon/sqlite.ts';
import { brokenAuditRow } from '../../../proto/audit-chain.ts';
import { scratch } from '../../support/scratch.ts';

const state = {
  observedAtMs: 5,
  epoch: 1,
  generation: 1,
  applied: true,
  drifted: false,
  releases: { offered: null, running: null, lastHealthy: null, quarantined: null },
  conditions: [],
  objects: [],
  objectsWanted: 1,
  objectsApplied: 1,
  kubernetesVersion: 'v1.36.0',
};

test('states, events, documents and audit of the version before are kept', async (t) => {
  const folder = scratch(t);
  const old = openDatabase({
    path: databasePath(folder),
    migrations: readMigrations(migrationsFolder).slice(0, 1),
  });
  const run = (sql: string, ...values: (string | number | Uint8Array | null)[]) =>
    old.prepare(sql).run(...values);
  run(`INSERT INTO site (id, name, created_at_ms) VALUES ('s', 'leeds', 1)`);
  run(`INSERT INTO site_state VALUES ('s', 'b', 3, 10, ?)`, JSON.stringify(state));
  const refusal = { atMs: 1, epoch: 1, generation: 2, code: 'CHAIN_BROKEN' };
  for (const [sequence, kind, event] of [
    [
      1,
      'run',
      { startedAtMs: 1, endedAtMs: 2, generation: 1, applied: 1, repaired: 0, deleted: 0, failed: 0 },
    ],
    [2, 'refusal', refusal],
  ] as const)
    run(
      `INSERT INTO site_event (site_id, boot_id, sequence, received_at_ms, kind, event) VALUES ('s', 'b', ?, 9, ?, ?)`,
      sequence,
      kind,
      JSON.stringify(event),
    );
  run(
    `INSERT INTO desired VALUES ('s', 1, 1, 'sha256:d', NULL, 'sha256:r', ?, 4, 'admin')`,
    new Uint8Array([1]),
  );
  const hash = 'sha256:cd17e07edb01d69e8d715d6cd1835e8804dff58b2b48469fdc376dc09718f7b7';
  const root = `sha256:${'0'.repeat(64)}`;
  const siteId = '019aaf00-0000-7000-8000-000000000001';
  run(
    `INSERT INTO audit VALUES (1, 1790000000000, 'admin', 'site.create', ?, 'the first one', NULL, ?, ?)`,
    siteId,
    root,
    hash,
  );
  run(
    `INSERT INTO audit VALUES (2, 4, 'admin', 'site.assign', 's', 'because', 'sha256:d', ?, 'sha256:x')`,
    hash,
  );
  old.close();

  await using store = openStore(folder);
  t.like(store.reports.state('s'), {
    receivedAtMs: 10,
    knownMs: null,
    state: { ...state, healthy: false, hold: null },
  });
  const events = store.events.after('s', 0, 10);
  t.deepEqual(
    events.map(({ id, news: { kind }, atMs, sequence }) => [id, kind, atMs, sequence]),
    [
      [1, 'run', 9, 1],
      [2, 'refusal', 9, 2],
    ],
  );
  t.is(store.events.alertsWaiting(0), 0, 'what is past alerts nobody');
  t.like(store.desired.latest('s'), { why: 'because', issuedBy: 'admin' });
  t.is(
    brokenAuditRow(store.audit.after(0, 1)),
    undefined,
    'the chain that was written before is still whole',
  );
  store.events.add({ siteId: 's', atMs: 11, news: { kind: 'revoked', who: 'admin' } });
  t.is(store.events.newestId(), 3, 'ids go on');
});
