// How hops follow each other: what one learned the next may need, what nobody learned is not tried, and nothing that hangs
// or throws keeps the doctor from its answer. Then a whole examination of a machine where nothing is.
import { join } from 'node:path';
import test from 'ava';
import { examine, follow, type Patience } from '../../../agent/doctor/examine.ts';
import { finding } from '../../../agent/doctor/findings.ts';
import { fine, type Hop, hop, hopNames, wrong } from '../../../agent/doctor/hop.ts';
import { reportSchema } from '../../../agent/doctor/report.ts';
import { doctorTools } from '../../support/doctor-tools.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { scratch } from '../../support/scratch.ts';

function followed(hops: readonly Hop[], given = doctorTools(), patience: Partial<Patience> = {}) {
  return follow(hops, {}, given, { hopMs: 5_000, endMs: Number.POSITIVE_INFINITY, ...patience });
}

const data = hop('data', [], async () => fine('there', { folder: 'north' }));
const machine = hop('machine', ['folder'], async ({ folder }) => fine(`of ${folder}`));

test('what one hop learned is there for the next', async (t) => {
  const { reports, chart } = await followed([data, machine], doctorTools());
  t.deepEqual(
    reports.map(({ state, facts }) => [state, facts]),
    [
      ['ok', 'there'],
      ['ok', 'of north'],
    ],
  );
  t.is(chart.folder, 'north');
});

test('a hop whose needs nobody learned is not tried, and says whose they are', async (t) => {
  const broken = hop('data', [], async () => wrong(finding('DATA_FOLDER_MISSING', 'north')));
  const { reports } = await followed([broken, machine], doctorTools());
  t.like(reports[0], { state: 'not ok', findings: [{ code: 'DATA_FOLDER_MISSING' }] });
  t.like(reports[1], { state: 'not tried', facts: 'needs: data', findings: [] });
});

test('what is only good to know breaks nothing', async (t) => {
  const warned = hop('clock', [], async () => wrong(finding('ClockNotSynchronised', '')));
  t.like((await followed([warned], doctorTools())).reports[0], {
    state: 'ok',
    findings: [{ severity: 'warning' }],
  });
});

test('nothing that another machine says reaches the terminal as anything but words', async (t) => {
  const evil = 'HTTP 200,\u001B[2J\u001B[H\u009B31m\u202EOK: nothing\r\nis broken';
  const clean = 'HTTP 200, [2J [H 31m OK: nothing is broken';
  const said = hop('tls', [], async () => wrong(finding('NOT_A_CONTROL_PLANE', evil, evil)));
  const seen = hop('api server', [], async () => fine(evil));
  const thrown = hop('nodes', [], async () => {
    throw new Error(evil);
  });
  const { reports } = await followed([said, seen, thrown], doctorTools());
  t.like(reports[0], { facts: clean, findings: [{ detail: clean, firewall: clean }] });
  t.like(reports[1], { facts: clean });
  t.notRegex(JSON.stringify(reports), /[\p{Cc}\p{Cf}]|\\[unr]/u);
});

test('a hop that throws is reported, and the next goes on', async (t) => {
  const throwing = hop('settings', [], async () => {
    throw new Error('never thought of');
  });
  const { reports } = await followed([throwing, data], doctorTools());
  t.like(reports[0]?.findings[0], { code: 'INTERNAL' });
  t.is(reports[1]?.state, 'ok');
});

const hanging = hop('settings', [], () => new Promise(() => undefined));

test('a hop that hangs is given up, and the next goes on', async (t) => {
  const clock = manualClock();
  const following = followed([hanging, data], doctorTools({ clock }));
  await clock.advance(5_000);
  const { reports } = await following;
  t.is(reports[0]?.findings[0]?.code, 'CHECK_UNFINISHED');
  t.is(reports[1]?.state, 'ok');
});

test('however many hops hang, all ends at its time, and nothing is called well that nobody looked at', async (t) => {
  const clock = manualClock();
  const endMs = clock.monotonic() + 7_000;
  const following = followed([hanging, hanging, data], doctorTools({ clock }), { endMs });
  await clock.advance(5_000);
  await clock.advance(2_000);
  const { reports } = await following;
  t.deepEqual(
    reports.map(({ state, findings, tookMs }) => [state, findings[0]?.code, tookMs]),
    [
      ['not ok', 'CHECK_UNFINISHED', 5_000],
      ['not ok', 'CHECK_UNFINISHED', 2_000],
      ['not ok', 'CHECK_UNFINISHED', 0],
    ],
  );
});

test('a machine where nothing is: every hop in order, the first broken one named, each with what to do', async (t) => {
  const folder = scratch(t);
  const flags = {
    data: join(folder, 'data'),
    socket: join(folder, 'agent.sock'),
    kubeconfig: join(folder, 'none'),
  };
  const report = reportSchema.parse(await examine(doctorTools({ flags, timeoutMs: 500 }), '0.1.0'));
  t.deepEqual(
    report.hops.map(({ name }) => name),
    [...hopNames],
  );
  t.like(report, { ok: false, firstBroken: 'data' });
  const codes = report.hops.flatMap(({ findings }) => findings.map(({ code }) => code));
  t.deepEqual(
    codes.filter((code) => /^[A-Z_]+$/.test(code)),
    ['DATA_FOLDER_MISSING', 'KUBECONFIG_MISSING', 'AGENT_NOT_RUNNING'],
  );
});
