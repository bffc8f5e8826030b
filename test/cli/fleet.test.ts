// trectl for the operator of many sites against a real control plane, with sites that report over real streams: what
// is shown is what they said, what is printed for programs fits its schema, and what is destructive asks first.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { type ExecutionContext } from 'ava';
import type { EventAnswer, SiteAnswer, SiteDetailAnswer } from '../../cli/answers.ts';
import { shapeFor, type shapeOf } from '../../cli/schema.ts';
import { auditRoot } from '../../proto/audit-chain.ts';
import { eventually } from '../support/eventually.ts';
import { type Desk, login, openDesk } from '../support/operator-desk.ts';
import { reportingSite, wellState } from '../support/reporting-site.ts';

/** A published release in two versions. */
async function published(desk: Desk): Promise<void> {
  await login(desk);
  await desk.done('key', 'new', 'alice', '--out', '@keys');
  await desk.done('key', 'set', '--threshold', '1', '@keys/alice.pub', '--out', '@keyset.json');
  await desk.done('release', 'build', '@src', '--out', '@out');
  await desk.done('release', 'sign', '@out', '--key', '@keys/alice.key');
  await desk.done('release', 'publish', '@out');
}

/** What a command prints with -o json, which must fit the schema that `trectl schema` prints for it. */
async function fitting<T>(
  t: ExecutionContext,
  desk: Desk,
  command: keyof typeof shapeOf,
  ...args: string[]
): Promise<T> {
  const printed = JSON.parse(await desk.done(...command.split(' '), ...args, '-o', 'json')) as T;
  const fit = (await shapeFor(command)).safeParse(printed);
  t.true(fit.success, `${command}: ${fit.error?.message}`);
  return printed;
}

test('a site that works: list and show say what it reported, and the schemas hold', async (t) => {
  const desk = await openDesk(t);
  await published(desk);
  const leeds = await reportingSite(t, desk.plane, 'leeds');
  await fitting(t, desk, 'site assign', 'leeds', 'sample@1.0.0', '--why', 'first');
  await fitting(t, desk, 'site label', 'leeds', 'region=north', 'tier=1');
  await fitting(t, desk, 'site create', 'york');
  await leeds.stream.until('offer');
  await leeds.say(wellState(1));
  await leeds.say({
    case: 'host',
    value: {
      observedAtMs: BigInt(Date.now()),
      measures: [
        { name: 'memory.total', value: 8n * 2n ** 30n, source: '/proc/meminfo' },
        { name: 'memory.available', value: 2n ** 30n, source: '/proc/meminfo' },
      ],
    },
  });
  await leeds.say({
    case: 'hardware',
    value: {
      observedAtMs: BigInt(Date.now()),
      facts: [{ name: 'cpu.model', value: 'Processor\u001b[31m', source: 'systeminformation' }],
    },
  });
  await leeds.beat();
  const healthy = async () => (await desk.done('site', 'list', '--columns', 'name,healthy')).includes('yes');
  await eventually(healthy, { timeoutMs: 5_000, intervalMs: 50, what: () => 'healthy' });

  const sites = await fitting<SiteAnswer[]>(t, desk, 'site list');
  t.deepEqual(
    sites.map(({ name, verdict }) => [name, verdict.word, verdict.isNews]),
    [
      ['leeds', 'healthy', true],
      ['york', 'new', true],
    ],
  );
  const shown = await fitting<SiteDetailAnswer>(t, desk, 'site show', 'leeds');
  t.is(shown.history[0]?.why, 'first');
  t.is(shown.state?.components.length, 1);
  t.is(shown.hardware?.facts.length ?? 0, 0, 'a value that is not printable does not get in');
  const page = await desk.done('site', 'show', 'leeds');
  t.regex(page, /healthy: +yes\n/);
  t.regex(page, /memory\.available: +1\.0 GiB of 8\.0 GiB \(13 %\)/);
  t.regex(page, /isolation: +network policies enforced, tried /);

  await leeds.say(
    wellState(1, {
      healthy: false,
      conditions: [{ code: 'NotHealthy', sinceMs: BigInt(Date.now()), count: 1 }],
      health: [{ index: 0, reason: 'ImageUnavailable', sinceMs: BigInt(Date.now()) }],
    }),
  );
  t.regex(await desk.done('site', 'list', '--label', 'region=north'), /\nleeds .* no .* NotHealthy\n/);
  const none = await desk.trectl('site', 'list', '--label', 'tier=2');
  t.regex(none.stdout, /^NAME [^\n]*\n$/);
  t.is(none.stderr, 'No site has such labels.\n');
  t.regex(
    await desk.done('site', 'show', 'leeds'),
    /ImageUnavailable, ConfigMap default\/a, since .*\n +An image cannot be had\.\n/,
  );
  t.is((await fitting<SiteDetailAnswer>(t, desk, 'site show', 'leeds')).unhealthy.length, 1);
  t.is((await desk.trectl('site', 'list', '--label', 'no label')).code, 3);
  t.is((await desk.trectl('site', 'list', '--columns', 'colour')).code, 2);
});

test('rename, label, rollback, revoke and delete', async (t) => {
  const desk = await openDesk(t);
  await published(desk);
  const { site } = await reportingSite(t, desk.plane, 'leeds');
  t.is((await fitting<SiteAnswer>(t, desk, 'site rename', 'leeds', 'leeds-general')).id, site.siteId);
  t.regex((await desk.trectl('site', 'show', 'leeds')).stderr, /^SITE_UNKNOWN: /);
  const labelled = await desk.done('site', 'label', 'leeds-general', 'b=2', 'a=1', '--why', 'order');
  t.is(labelled, 'leeds-general: a=1,b=2\n');
  t.is(await desk.done('site', 'label', 'leeds-general', 'b-'), 'leeds-general: a=1\n');
  t.regex(
    (await desk.trectl('site', 'label', 'leeds-general', 'nonsense')).stderr,
    /^LABEL_INVALID: nonsense/,
  );

  const nothingBefore = await desk.trectl('site', 'rollback', 'leeds-general', '--why', 'x');
  t.is(nothingBefore.code, 3);
  t.regex(nothingBefore.stderr, /^NO_EARLIER_RELEASE: /);
  await desk.done('site', 'assign', 'leeds-general', 'sample@1.0.0', '--set', 'motto=one');

  const waited = await desk.trectl('site', 'wait', 'leeds-general', '--timeout', '1s');
  t.is(waited.code, 1);
  t.regex(waited.stderr, /generation 0 of 1[^]*STILL_WAITING: leeds-general is not healthy\./);
  t.is(waited.stderr.match(/generation 0 of 1/g)?.length, 1, 'said once, however often it was looked at');

  const inUse = await desk.trectl('site', 'delete', 'leeds-general', '--why', 'x', '--yes');
  t.regex(inUse.stderr, /^SITE_IN_USE: /);
  t.is((await desk.trectl('site', 'revoke', 'leeds-general')).code, 2, 'a reason is needed');
  t.is((await desk.trectl('site', 'revoke', 'leeds-general', '--why', ' ')).code, 2, 'not a blank one');
  const stolen = ['--why', 'the machine was stolen'];
  t.is((await desk.trectl('site', 'revoke', 'leeds-general', ...stolen)).code, 2, 'nobody can be asked');
  const mistyped = desk.with({ ask: () => Promise.resolve('leeds') });
  t.is((await mistyped('site', 'revoke', 'leeds-general', ...stolen)).stderr, 'Nothing was done.\n');
  t.is((await desk.plane.rest<SiteAnswer>('GET', '/v1/sites/leeds-general')).body.revokedAt, null);
  await fitting(t, desk, 'site revoke', 'leeds-general', ...stolen, '--yes');
  t.regex(await desk.done('site', 'list'), /\nleeds-general +withdrawn /);
  for (const needsIt of [
    ['site', 'wait', 'leeds-general'],
    ['site', 'join-file', 'leeds-general', '--keyset', '@keyset.json'],
  ]) {
    const withdrawn = await desk.trectl(...needsIt);
    t.is(withdrawn.code, 3);
    t.regex(withdrawn.stderr, /^SITE_REVOKED: /, needsIt.join(' '));
  }

  const nobody = await desk.trectl('site', 'delete', 'leeds-general', '--why', 'x');
  t.is(nobody.code, 2);
  const typing = (answer: string) => desk.with({ ask: () => Promise.resolve(answer) });
  const wrong = await typing('leeds')('site', 'delete', 'leeds-general', '--why', 'x');
  t.is(wrong.code, 1);
  t.regex(wrong.stderr, /^Nothing was done/);
  const right = await typing('leeds-general ')(
    'site',
    'delete',
    'leeds-general',
    '--why',
    'the building was closed',
  );
  t.is(right.code, 0, right.stderr);
  const empty = await desk.trectl('site', 'list');
  t.regex(empty.stdout, /^NAME [^\n]*\n$/);
  t.is(empty.stderr, 'There are no sites: trectl site create NAME.\n');
  const audit = await fitting<{ what: string; why: string | null }[]>(t, desk, 'audit list');
  t.like(audit.at(-1), { what: 'site.delete', why: 'the building was closed' });
});

test('rollback goes back to the release before, with the parameters of then', async (t) => {
  const desk = await openDesk(t);
  await published(desk);
  const file = join(desk.folder, 'src/release.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('1.0.0', '1.1.0'));
  await desk.done('release', 'build', '@src', '--out', '@next');
  await desk.done('release', 'publish', '@next');
  const leeds = await reportingSite(t, desk.plane, 'leeds');
  const assigned = await desk.trectl('site', 'assign', 'leeds', 'sample@1.0.0', '--set', 'motto=one');
  t.is(assigned.stderr, 'Next: trectl site wait leeds\n');
  await desk.done('site', 'assign', 'leeds', 'sample@1.1.0', '--set', 'motto=two');
  await leeds.stream.until('offer');

  const waiting = desk.trectl('site', 'rollback', 'leeds', '--why', 'slow', '--wait', '-o', 'json');
  const told = async () =>
    (await desk.plane.rest<SiteAnswer>('GET', '/v1/sites/leeds')).body.desired?.generation === 3;
  await eventually(told, { timeoutMs: 5_000, what: 'generation 3' });
  await leeds.say(wellState(3));
  await leeds.beat();
  const { code, stdout, stderr } = await waiting;
  t.is(code, 0, stderr);
  const desired: unknown = JSON.parse(stdout);
  t.true((await shapeFor('site rollback')).safeParse(desired).success);
  t.like(desired, { generation: 3, release: { version: '1.0.0' }, parameters: { motto: 'one' } });
  t.regex(stderr, /leeds: generation 3 of 3 \(sample@1\.0\.0\), applied yes, healthy yes\n$/);
  const { history } = await fitting<SiteDetailAnswer>(t, desk, 'site show', 'leeds');
  t.deepEqual(
    history.map((one) => [one.generation, one.release.version, one.why]),
    [
      [3, '1.0.0', 'slow'],
      [2, '1.1.0', null],
      [1, '1.0.0', null],
    ],
  );
});

test('the audit is verified here, row by row, and a changed one is found', async (t) => {
  const desk = await openDesk(t);
  await login(desk);
  for (const name of ['a', 'b', 'c', 'd']) await desk.done('site', 'create', name, '--why', 'for a test');
  const first = await fitting<{ rows: number; hash: string }>(t, desk, 'audit verify');
  t.true(first.rows >= 4);
  await desk.done('site', 'create', 'e');
  const later = await fitting<{ rows: number; expected: number }>(
    t,
    desk,
    'audit verify',
    '--expect',
    first.hash,
  );
  t.is(later.expected, first.rows);
  t.is(later.rows, first.rows + 1);
  const gone = await desk.trectl('audit', 'verify', '--expect', `sha256:${'1'.repeat(64)}`);
  t.is(gone.code, 1);
  t.regex(gone.stderr, /^AUDIT_BROKEN: No row has the hash/);
  const ofEveryAudit = await desk.trectl('audit', 'verify', '--expect', auditRoot);
  t.is(ofEveryAudit.code, 2, 'a check that cannot fail is none');
  t.regex(ofEveryAudit.stderr, /Every audit begins with this one/);
  t.regex(
    await desk.done('audit', '--after', '1'),
    /^ +2 {2}[^\n]* {2}tre-control-plane {2}init localhost\n +3 /,
  );

  tamper(join(desk.plane.data, 'control-plane.db'), first.rows - 1);
  const broken = await desk.trectl('audit', 'verify');
  t.is(broken.code, 1);
  t.regex(
    broken.stderr,
    new RegExp(`^AUDIT_BROKEN: Row ${first.rows - 1} does not follow from row ${first.rows - 2}\\.`),
  );
});

function tamper(path: string, id: number): void {
  const database = new DatabaseSync(path);
  database.exec('DROP TRIGGER audit_unchanged');
  database.prepare(`UPDATE audit SET who = 'somebody else' WHERE id = ?`).run(id);
  database.close();
}

test('events: the last ones, those after one, those of a site', async (t) => {
  const desk = await openDesk(t);
  await published(desk);
  await reportingSite(t, desk.plane, 'leeds');
  await desk.done('site', 'create', 'york');
  for (const set of ['motto=a', 'motto=b', 'motto=c'])
    await desk.done('site', 'assign', 'york', 'sample@1.0.0', '--set', set);
  const all = await fitting<EventAnswer[]>(t, desk, 'events');
  t.deepEqual(
    all.map(({ kind }) => kind).filter((kind) => kind === 'assigned' || kind === 'joined'),
    ['joined', 'assigned', 'assigned', 'assigned'],
  );
  const [beforeLast] = all.slice(-2);
  const last = await fitting<EventAnswer[]>(t, desk, 'events', '--after', String(beforeLast?.id));
  t.deepEqual(last, all.slice(-1));
  const next = ['--after', String(all[0]?.id), '--limit', '2'];
  t.deepEqual(await fitting<EventAnswer[]>(t, desk, 'events', ...next), all.slice(1, 3));
  t.is((await desk.done('events', ...next)).trimEnd().split('\n').length, 2);
  const restored = await desk.trectl('events', '--after', '99999');
  t.is(restored.code, 0);
  t.regex(
    restored.stderr,
    /^The control plane does not have the event that was seen last: .* Goes on after event \d+\.$/m,
  );
  // Taken up with its time, an event is known again, or known to be another one.
  const [first] = all;
  const same = await desk.trectl(
    'events',
    '--after',
    `${first?.id}@${first?.at}`,
    '--limit',
    '1',
    '-o',
    'json',
  );
  t.deepEqual([JSON.parse(same.stdout), same.stderr], [all.slice(1, 2), '']);
  const other = await desk.trectl('events', '--after', `${first?.id}@2020-01-01T00:00:00Z`, '-o', 'json');
  t.deepEqual(JSON.parse(other.stdout), all);
  t.regex(other.stderr, /a backup was restored, or it is another one\. Goes on after event 0\./);
  for (const place of ['1200@', '1200@yesterday', '1200@2026-13-01T00:00:00Z', 'x@2026-11-23T10:00:00Z'])
    t.regex((await desk.trectl('events', '--after', place)).stderr, /It must be the id of an event/, place);
  const endless = await desk.trectl('events', '--follow', ...next);
  t.is(endless.code, 2);
  t.regex(endless.stderr, /^USAGE: --follow has no end/);
  const pipe = new AbortController();
  const close = (): void => pipe.abort(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  const unread = await desk.with({ signal: pipe.signal, out: close })('events', '--follow');
  t.deepEqual([unread.code, unread.stderr], [0, ''], 'nobody knows after which event to go on');
  // Ctrl-C once the last one was printed: the place that is named is that of this event, and it is understood.
  const key = new AbortController();
  const newest = all.at(-1);
  const press = (text: string): void => {
    if (text.includes('generation 3')) key.abort();
  };
  const ended = await desk.with({ signal: key.signal, out: press })('events', '--follow');
  t.deepEqual(
    [ended.code, ended.stderr],
    [0, `To go on: trectl events --follow --after ${newest?.id}@${newest?.at}\n`],
  );
  const place = /--after (\S+)/.exec(ended.stderr)?.[1] ?? '';
  t.deepEqual(await fitting<EventAnswer[]>(t, desk, 'events', '--after', place), []);
  const ofYork = await fitting<EventAnswer[]>(t, desk, 'events', '--site', 'york', '--limit', '2');
  t.deepEqual(ofYork, all.slice(-2));
  const [id] = all.slice(-1).map(({ site }) => site.id);
  t.true((await desk.done('events', '--limit', '1', '-o', 'wide')).includes(`york (${id})`));
  t.regex(
    await desk.done('events', '--limit', '1'),
    /^ +\d+ {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC {2}york {2}assigned: sample@1\.0\.0 was assigned as generation 3/,
  );
});
