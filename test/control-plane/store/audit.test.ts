// The audit: rows cannot be changed or removed, and a forged chain shows at the row where it was forged.

import test from 'ava';
import fc from 'fast-check';
import { migrationsFolder, openStore } from '../../../control-plane/store/store.ts';
import { readMigrations } from '../../../daemon/migrations.ts';
import { openDatabase } from '../../../daemon/sqlite.ts';
import { auditRoot, brokenAuditRow, type ChainedRow } from '../../../proto/audit-chain.ts';
import { scratch } from '../../support/scratch.ts';

const entry = { atMs: 1, who: 'admin', what: 'site.create', subject: 'x', why: null, digest: null };

async function rowsOf(t: Parameters<typeof scratch>[0], count: number): Promise<readonly ChainedRow[]> {
  await using store = openStore(scratch(t));
  for (let index = 0; index < count; index += 1)
    store.audit.append({ ...entry, atMs: index, why: `why ${index}` });
  return store.audit.after(0, 1000);
}

test('a chain that nobody touched is whole', async (t) => {
  const rows = await rowsOf(t, 20);
  t.is(rows.length, 20);
  t.is(rows[0]?.previous, auditRoot);
  t.is(brokenAuditRow(rows), undefined);
  t.is(brokenAuditRow(rows.slice(5), rows[4]), undefined, 'a reader may begin in the middle');
});

test('any change, removal or exchange of rows shows', async (t) => {
  const rows = await rowsOf(t, 20);
  fc.assert(
    fc.property(
      fc.nat(18),
      fc.constantFrom('who', 'what', 'subject', 'why', 'atMs', 'remove', 'swap'),
      (at, how) => {
        const [row, next] = [rows[at], rows[at + 1]];
        if (row === undefined || next === undefined) return false;
        if (how === 'remove') return brokenAuditRow(rows.toSpliced(at, 1)) === next.id;
        if (how === 'swap') return brokenAuditRow(rows.toSpliced(at, 2, next, row)) === next.id;
        const forged = { ...row, [how]: how === 'atMs' ? 99 : 'somebody else' };
        return brokenAuditRow(rows.with(at, forged)) === row.id;
      },
    ),
  );
  t.pass();
});

test('the database itself refuses to change or remove audit rows, and to change events', (t) => {
  const folder = scratch(t);
  const database = openDatabase({
    path: `${folder}/control-plane.db`,
    migrations: readMigrations(migrationsFolder),
  });
  t.teardown(() => database.close());
  database
    .prepare(`INSERT INTO audit VALUES (1, 1, 'a', 'b', 'c', NULL, NULL, '${auditRoot}', '${auditRoot}')`)
    .run();
  database.prepare(`INSERT INTO site (id, name, created_at_ms) VALUES ('s', 's', 1)`).run();
  database
    .prepare(`INSERT INTO event (site_id, at_ms, kind, is_alert, event) VALUES ('s', 1, 'run', 0, '{}')`)
    .run();
  for (const sql of ['UPDATE audit SET why = 1', 'DELETE FROM audit', 'UPDATE event SET event = 1']) {
    t.throws(() => database.prepare(sql).run(), { message: /database refused/ }, sql);
  }
});
