// The screen of the doctor: the broken hop first, with what to do and the line for the firewall, then one line per hop.
import { join } from 'node:path';
import test from 'ava';
import { finding } from '../../../agent/doctor/findings.ts';
import { hopNames } from '../../../agent/doctor/hop.ts';
import { type Report, reportSchema } from '../../../agent/doctor/report.ts';
import { reportScreen } from '../../../agent/doctor/report-screen.ts';
import { coloured, plain } from '../../../agent/local/paint.ts';
import { widthOf } from '../../../agent/local/wrap.ts';
import { isGolden } from '../../support/golden.ts';

const goldens = join(import.meta.dirname, 'goldens');

const line = 'allow TCP from this machine (10.1.1.2) to tre.example (10.9.9.9) port 7443, TLS not inspected';

function report(changes: Partial<Record<string, Partial<Report['hops'][number]>>> = {}): Report {
  const hops = hopNames.map((name) => ({
    name,
    state: 'ok' as const,
    facts: 'as it should be',
    tookMs: 1,
    findings: [],
    ...changes[name],
  }));
  const firstBroken = hops.find(({ state }) => state !== 'ok')?.name ?? null;
  return { version: '0.1.0', at: '2026-11-23T10:00:00.000Z', ok: firstBroken === null, firstBroken, hops };
}

const broken = report({
  connection: {
    state: 'not ok',
    facts: '10.9.9.9 port 7443',
    findings: [finding('TCP_FILTERED', '10.9.9.9 port 7443', line)],
  },
  tls: { state: 'not tried', facts: 'needs: connection' },
  clock: { findings: [finding('ClockNotSynchronised', '2026-11-23T10:00:00.000Z')] },
});

const ends = '2027-02-19T09:12:00.000Z';
/** As on a machine where all is well. */
const well = report({
  settings: { facts: '/etc/tre-agent/agent.yaml' },
  data: { facts: '/var/lib/tre-agent' },
  machine: {
    facts:
      'data disk 120.0 GiB of 200.0 GiB free, inodes there 9000000 of 13107200 free, memory 9.6 GiB of 16.0 GiB free',
  },
  site: { facts: `north, certificate until ${ends}` },
  clock: { facts: '2026-11-23T10:00:00.000Z, synchronised' },
  name: { facts: 'tre.example is 10.9.9.9' },
  proxy: { facts: 'none is set for this host' },
  connection: { facts: '10.1.1.2 reaches 10.9.9.9 port 7443' },
  tls: { facts: `certificate until ${ends}` },
  'control plane': {
    facts: 'answers and accepts this site; the clocks agree; the connection stayed open for 5 s',
  },
  kubeconfig: { facts: '/etc/rancher/k3s/k3s.yaml, for 127.0.0.1' },
  'api server': { facts: '127.0.0.1 is ready and lets the agent in' },
  nodes: { facts: '1 is ready' },
  agent: { facts: '0.1.0 answers at /run/tre-agent/agent.sock' },
});

test('all is well', (t) => {
  const screen = reportScreen(report(), { width: 80, paint: plain });
  t.true(screen.startsWith('OK: nothing is broken.\n\n'));
  t.is(screen.split('\n').length, 2 + hopNames.length);
});

for (const width of [80, 160])
  for (const [form, paint] of [
    ['txt', plain],
    ['colour.txt', coloured],
  ] as const)
    for (const [name, shown] of [
      ['broken', broken],
      ['well', well],
    ] as const)
      test(`golden: ${name} at ${width} columns, ${form}`, (t) =>
        isGolden(t, join(goldens, `${name}.${width}.${form}`), `${reportScreen(shown, { width, paint })}\n`));

for (const width of [40, 80, 160])
  test(`nothing is wider than ${width} columns, with and without colours, and nothing is cut`, (t) => {
    const [painted, unpainted] = [coloured, plain].map((paint) => reportScreen(broken, { width, paint }));
    for (const one of `${painted}\n${unpainted}`.split('\n')) t.true(widthOf(one) <= width, one);
    t.true(unpainted?.replaceAll(/\s+/g, ' ').includes(line));
  });

test('the facts of a hop stand in one column, also where they begin with a long word', (t) => {
  const kubeconfig = `/srv/${'k'.repeat(60)}/kubeconfig`;
  const facts = `${kubeconfig} context demo, and what else there is to tell of it`;
  const screen = reportScreen(report({ kubeconfig: { facts } }), { width: 80, paint: plain });
  const rows = screen.split('\n');
  const at = rows.findIndex((row) => row.includes(kubeconfig));
  t.is(rows[at], `${'ok         kubeconfig'.padEnd(26)}${kubeconfig}`);
  t.is(rows[at + 1], `${' '.repeat(26)}context demo, and what else there is to tell of it`);
});

test('what programs read fits its schema', (t) => {
  t.deepEqual(reportSchema.parse(JSON.parse(JSON.stringify(broken))), broken);
});
