// The live table of `npm start`, as text files beside this one, at 80 and 160 columns, with and without colours; and that
// it never says well of old news.

import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import type { EventAnswer } from '../../../cli/answers.ts';
import { displayWidth, noPaint, painter, withoutColour } from '../../../cli/paint.ts';
import { type LiveFacts, liveScreen } from '../../../dev/start/live-screen.ts';
import { isGolden } from '../../support/golden.ts';
import { anySite, before, coded, nowMs, silentDetail, troubledDetail } from '../../support/site-answers.ts';

const site = { id: troubledDetail.id, name: troubledDetail.name, deleted: false };
const event = { site, phase: null, code: null, severity: 'info', next: null, facts: {} } as const;
const events: readonly EventAnswer[] = [
  {
    ...event,
    id: 11,
    at: before(7_200_000),
    kind: 'joined',
    text: 'Machine 1 of the site was approved by npm.',
  },
  {
    ...event,
    id: 12,
    at: before(900_000),
    kind: 'condition',
    phase: 'began',
    code: 'NotHealthy',
    severity: 'error',
    text: 'Something that was applied does not work.',
  },
  {
    ...event,
    id: 13,
    at: before(60_000),
    kind: 'run',
    severity: 'warning',
    text: '1 repaired, 2 failed',
  },
];

const facts: LiveFacts = {
  nowMs,
  answeredAtMs: nowMs - 1_000,
  problem: null,
  site: troubledDetail,
  events,
  parts: [
    {
      name: 'Kubernetes',
      words: 'answers at https://127.0.0.1:26443',
      tone: 'good',
      sinceMs: nowMs - 600_000,
    },
    { name: 'node', words: 'real: containers run', tone: 'plain', sinceMs: null },
    { name: 'control plane', words: 'runs, process 4242', tone: 'good', sinceMs: nowMs - 590_000 },
    { name: 'agent', words: 'has ended', tone: 'bad', sinceMs: null },
  ],
};

for (const width of [80, 160]) {
  test(`the table at ${width} columns`, (t) => {
    const file = (suffix: string): string =>
      join(import.meta.dirname, 'goldens', `live-${width}${suffix}.txt`);
    const plain = liveScreen(facts, { width, rows: 50, paint: noPaint }).join('\n');
    isGolden(t, file(''), plain);
    const coloured = liveScreen(facts, { width, rows: 50, paint: painter(true) }).join('\n');
    isGolden(t, file('-colour'), coloured);
    t.is(withoutColour(coloured), plain);
    for (const line of plain.split('\n')) t.true(displayWidth(line) <= width, line);
  });
}

test('a refusal stands above what was known, in lines that fit; of a site that is gone nothing else is said', (t) => {
  const look = { width: 80, rows: 50, paint: noPaint };
  const known = liveScreen(facts, look);
  const problem =
    'UNAUTHENTICATED: No valid operator token was given. Run `trectl login` with the file of a valid token.';
  const refused = liveScreen({ ...facts, problem }, look);
  t.deepEqual(refused, [
    ...known.slice(0, 6),
    'UNAUTHENTICATED: No valid operator token was given. Run `trectl login` with the',
    '  file of a valid token.',
    '',
    ...known.slice(6),
  ]);
  const gone = liveScreen({ ...facts, site: null, problem: 'It was deleted.' }, look);
  t.deepEqual(gone.slice(0, 8), [...known.slice(0, 6), 'It was deleted.', '']);
  t.is(gone[8], 'What happened last:');
});

test('on a low screen the oldest events give way', (t) => {
  const lines = liveScreen({ ...facts, site: silentDetail }, { width: 160, rows: 19, paint: noPaint });
  t.true(lines.length < 19, String(lines.length));
  t.regex(lines.at(-1) ?? '', /1 repaired/);
  t.notRegex(lines.join('\n'), /approved/);
});

test('what was the matter with a site that is silent stands below its date', (t) => {
  const look = { width: 160, rows: 50, paint: noPaint };
  const live = liveScreen(facts, look);
  t.false(live.some((line) => line.startsWith('As it was')));
  const first = live.findIndex((line) => line.includes('NotHealthy'));
  const silent = liveScreen({ ...facts, nowMs: nowMs + 7_200_000 }, look);
  t.is(silent[first], 'As it was 2026-11-23 10:02 UTC (2 h ago):');
  t.regex(silent[first + 1] ?? '', /NotHealthy/);
});

test('the gravest stands first', (t) => {
  const state = troubledDetail.state && {
    ...troubledDetail.state,
    conditions: [coded('HealthInProgress', 1_000), coded('DiskLow', 2_000), coded('NodeSilent', 3_000)],
  };
  const lines = liveScreen(
    { ...facts, site: { ...troubledDetail, state } },
    { width: 160, rows: 50, paint: noPaint },
  );
  const codes = lines.flatMap((line) => /\((\w+), since/.exec(line)?.[1] ?? []);
  t.deepEqual(codes, ['NodeSilent', 'DiskLow', 'HealthInProgress']);
});

test('an answer that nobody confirms any more is not news', (t) => {
  const law = fc.property(anySite(true), fc.integer({ min: 200_000, max: 10_000_000 }), (one, laterMs) => {
    const shown = liveScreen(
      { ...facts, site: one, nowMs: nowMs + laterMs },
      { width: 400, rows: 50, paint: noPaint },
    );
    const line = shown.find((text) => text.startsWith('healthy:')) ?? '';
    t.regex(line, /^healthy: +(was .* ago|unknown)/);
    t.notRegex(shown.join('\n'), /applied: +yes,|contact: +live/);
  });
  fc.assert(law);
});
