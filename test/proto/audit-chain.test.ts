// The chain of the audit as any reader computes it.

import test from 'ava';
import {
  auditHash,
  auditRoot,
  brokenAuditRow,
  type ChainedRow,
  chainStart,
} from '../../proto/audit-chain.ts';

function chain(count: number): readonly ChainedRow[] {
  const rows: ChainedRow[] = [];
  for (let id = 1; id <= count; id += 1) {
    const entry = { atMs: id, who: 'admin', what: 'site.create', subject: 'x', why: null, digest: null };
    const facts = { id, ...entry, previous: rows.at(-1)?.hash ?? auditRoot };
    rows.push({ ...facts, hash: auditHash(facts) });
  }
  return rows;
}

test('a hash never changes: rows that were written long ago stay valid', (t) => {
  const facts = {
    id: 1,
    atMs: 1_790_000_000_000,
    who: 'admin',
    what: 'site.create',
    subject: '019aaf00-0000-7000-8000-000000000001',
    why: 'the first one',
    digest: null,
    previous: auditRoot,
  };
  t.is(auditHash(facts), 'sha256:cd17e07edb01d69e8d715d6cd1835e8804dff58b2b48469fdc376dc09718f7b7');
});

test('a chain is checked page by page', (t) => {
  const rows = chain(5);
  t.is(brokenAuditRow(rows.slice(0, 2)), undefined);
  t.is(brokenAuditRow(rows.slice(2), rows[1]), undefined);
  t.is(brokenAuditRow([], chainStart), undefined);
});

test('a page that begins too late or comes twice shows', (t) => {
  const rows = chain(5);
  t.is(brokenAuditRow(rows.slice(1)), 2);
  t.is(brokenAuditRow(rows.slice(0, 2), rows[1]), 1);
});

for (const [what, change] of [
  ['a time that is none', { atMs: Number.NaN }],
  ['half a character', { why: '\ud800' }],
  ['no text', { who: undefined }],
  ['a number too large', { id: Number.MAX_VALUE }],
] as const)
  test(`a row that cannot be hashed does not follow: ${what}`, (t) => {
    const [first, second] = chain(2) as [ChainedRow, ChainedRow];
    const bad = { ...second, ...change } as ChainedRow;
    t.is(brokenAuditRow([first, bad]), bad.id);
    t.throws(() => auditHash(bad), { instanceOf: TypeError });
  });

test('a row without a number is named by the number that it should have', (t) => {
  const rows = chain(2).map((row) => ({ ...row, id: `${row.id}\u001b[2J` }) as unknown as ChainedRow);
  t.is(brokenAuditRow(rows), 1);
});

test('a row that was made to fit by hashing it anew shows at the row after it', (t) => {
  const rows = chain(3);
  const [first, second, third] = rows as [ChainedRow, ChainedRow, ChainedRow];
  const facts = { ...second, who: 'somebody else' };
  t.is(brokenAuditRow([first, { ...facts, hash: auditHash(facts) }, third]), 3);
});

test('a row that leaves out a number shows, however well it is hashed', (t) => {
  const [first] = chain(1) as [ChainedRow];
  const facts = { ...first, id: 3, previous: first.hash };
  t.is(brokenAuditRow([first, { ...facts, hash: auditHash(facts) }]), 3);
});
