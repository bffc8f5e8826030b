// What left: rows come back as they were, heartbeats of earlier days are counted, the oldest go when there is too much, and
// what is gone can be counted.
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type Ledger, type LedgerBounds, ledgerOver } from '../../../agent/store/ledger.ts';
import { migrationsFolder } from '../../../agent/store/store.ts';
import { readMigrations } from '../../../daemon/migrations.ts';
import { type Database, openDatabase } from '../../../daemon/sqlite.ts';
import { scratch } from '../../support/scratch.ts';

const dayMs = 24 * 3_600_000;
const startMs = Date.UTC(2026, 10, 1);
const wide: LedgerBounds = { maxBytes: 2 ** 26, maxAgeMs: 400 * dayMs };

function open(t: ExecutionContext, bounds = wide, folder = scratch(t)): Ledger {
  return ledgerOver(openData(t, folder), bounds);
}

function openData(t: ExecutionContext, folder: string): Database {
  const path = join(folder, 'state.db');
  const database = openDatabase({ path, migrations: readMigrations(migrationsFolder) });
  t.teardown(() => database.close());
  return database;
}

const rows = (ledger: Ledger) => ledger.after(0, 0, 100_000);

test('messages come back in order and byte for byte', (t) => {
  const ledger = open(t);
  ledger.add('Hello', Buffer.from([1, 2, 0]), startMs);
  ledger.add('Report', Buffer.from([255]), startMs + 1);
  t.deepEqual(
    rows(ledger).map(({ number, atMs, message, count, body }) => [number, atMs, message, count, [...body]]),
    [
      [1, startMs, 'Hello', 1, [1, 2, 0]],
      [2, startMs + 1, 'Report', 1, [255]],
    ],
  );
  t.deepEqual(ledger.after(1, 0, 10).length, 1);
  t.deepEqual(ledger.after(0, startMs + 1, 10).length, 1);
  t.is(ledger.beforeLast(1), 1);
  t.is(ledger.beforeLast(5), 0);
});

test('heartbeats of earlier days are one row per day, which says how many; all else is kept', (t) => {
  const ledger = open(t);
  const beatMs = 3_600_000;
  for (let at = startMs; at < startMs + 4 * dayMs; at += beatMs) {
    ledger.add('Heartbeat', Buffer.from(String(at)), at);
    if ((at - startMs) % dayMs === 0) ledger.add('Report', Buffer.from('r'), at + 1);
  }
  const beats = rows(ledger).filter(({ message }) => message === 'Heartbeat');
  t.deepEqual(
    beats.slice(0, 2).map(({ count, atMs, body }) => [count, atMs, body.toString()]),
    [0, 1].map((day) => {
      const lastMs = startMs + (day + 1) * dayMs - beatMs;
      return [24, lastMs, String(lastMs)];
    }),
  );
  t.is(beats.length, 2 + 48, 'the last two days are there in full');
  t.is(rows(ledger).filter(({ message }) => message === 'Report').length, 4);
  t.is(ledger.extent().kept, 96 + 4);
  t.is(ledger.extent().everSent, 96 + 4, 'nothing is gone');
});

test('folding twice counts nothing twice, also after a restart', (t) => {
  const folder = scratch(t);
  for (let day = 0; day < 6; day += 1) {
    const ledger = open(t, wide, folder);
    for (let beat = 0; beat < 10; beat += 1)
      ledger.add('Heartbeat', Buffer.from('b'), startMs + day * dayMs + beat);
  }
  const kept = rows(open(t, wide, folder));
  t.deepEqual(
    kept.slice(0, 4).map(({ count }) => count),
    [10, 10, 10, 10],
  );
  t.is(
    kept.reduce((sum, { count }) => sum + count, 0),
    60,
  );
});

test('a full ledger holds nothing up: neither at the start nor after midnight', (t) => {
  const database = openData(t, scratch(t));
  const days = 400;
  const endMs = startMs + days * dayMs;
  database.transaction(() => fill(database, { days, reportsPerDay: 240 }));
  const ledger = ledgerOver(database);
  for (const nowMs of [endMs, endMs + dayMs]) {
    const startedAtMs = performance.now();
    ledger.add('Heartbeat', Buffer.from('b'), nowMs);
    const tookMs = Math.round(performance.now() - startedAtMs);
    t.true(tookMs < 1_000, `${tookMs} ms`);
  }
  const beats = rows(ledger).filter(({ message }) => message === 'Heartbeat');
  t.is(beats.length, days - 1 + 2, 'a row per day that is not too old, and the two of now');
  t.is(beats.at(-3)?.count, 2_880);
});

/** As a busy site leaves it: days of reports, with the heartbeats of all but the last two days folded. */
function fill(
  database: Database,
  { days, reportsPerDay }: { readonly days: number; readonly reportsPerDay: number },
): void {
  const put = database.prepare(
    `INSERT INTO ledger (at_ms, message, count, body)
     WITH RECURSIVE row (at) AS (SELECT 0 UNION ALL SELECT at + 1 FROM row WHERE at < :rows - 1)
     SELECT :dayMs + at * ${dayMs} / :rows, :message, :count, zeroblob(:size) FROM row`,
  );
  for (let day = 0; day < days; day += 1) {
    const at = { dayMs: startMs + day * dayMs };
    const beats = day < days - 2 ? { rows: 1, count: 2_880 } : { rows: 2_880, count: 1 };
    put.run({ ...at, message: 'Report', rows: reportsPerDay, count: 1, size: 220 });
    put.run({ ...at, message: 'Heartbeat', ...beats, size: 24 });
  }
}

test('the oldest go when there is too much or when they are too old, and that shows', (t) => {
  const ledger = open(t, { maxBytes: 1_000_000, maxAgeMs: 10 * dayMs });
  const body = Buffer.alloc(1_000, 1);
  for (let at = 0; at < 5_000; at += 1) ledger.add('Report', body, startMs + at);
  const { kept, everSent, firstAtMs } = ledger.extent();
  t.is(everSent, 5_000);
  t.true(kept > 0 && kept * 1_000 <= 1_000_000, `${kept} rows`);
  t.is(firstAtMs, startMs + 5_000 - kept);
  ledger.add('Report', body, startMs + 12 * dayMs);
  t.is(ledger.extent().kept, 1);
});

test('what goes is what is too much and a little more, also when messages are large', (t) => {
  const maxBytes = 100_000;
  const bytesOf = (ledger: Ledger) => rows(ledger).reduce((sum, { body }) => sum + body.length + 48, 0);
  for (const size of [50, 1_000, 6_000]) {
    const database = openData(t, scratch(t));
    const ledger = ledgerOver(database, { maxBytes, maxAgeMs: 10 * dayMs });
    const body = Buffer.alloc(size, 1);
    const count = Math.ceil((1.5 * maxBytes) / (size + 48));
    database.transaction(() => {
      for (let at = 0; at < count; at += 1) ledger.add('Report', body, startMs + at);
    });
    const full = bytesOf(ledger);
    t.true(full <= maxBytes && full > 0.85 * maxBytes, `${full} bytes of messages of ${size}`);
    t.is(rows(ledger).at(-1)?.number, count, 'the newest is there');
  }
});

test('rows that went for another reason are not counted on', (t) => {
  const database = openData(t, scratch(t));
  const ledger = ledgerOver(database, { maxBytes: 100_000, maxAgeMs: 10 * dayMs });
  const body = Buffer.alloc(1_000, 1);
  for (let at = 0; at < 90; at += 1) ledger.add('Report', body, startMs + at);
  database.transaction(() => void database.prepare('DELETE FROM ledger WHERE number <= 80').run());
  for (let at = 0; at < 20; at += 1) ledger.add('Report', body, startMs + at);
  t.is(ledger.extent().kept, 30);
});

test('a full disk costs the oldest, never the newest two thousand', (t) => {
  const ledger = open(t);
  for (let at = 0; at < 3_500; at += 1) ledger.add('Report', Buffer.from('x'), startMs + at);
  ledger.shed();
  t.is(ledger.extent().kept, 2_500);
  for (let round = 0; round < 3; round += 1) ledger.shed();
  t.is(ledger.extent().kept, 2_000);
  t.is(ledger.extent().everSent, 3_500);
});
