// The live view of `npm start` without a terminal: what changed, once.

import test from 'ava';
import { liveLines } from '../../../dev/start/live-lines.ts';
import type { LiveFacts } from '../../../dev/start/live-screen.ts';
import { before, nowMs, silentDetail, troubledDetail } from '../../support/site-answers.ts';

const event = {
  id: 7,
  at: before(60_000),
  site: { id: silentDetail.id, name: silentDetail.name, deleted: false },
  kind: 'joined',
  phase: null,
  code: null,
  severity: 'info',
  text: 'Machine 1 of the site was approved by npm.',
  next: null,
  facts: {},
} as const;

const first: LiveFacts = {
  nowMs,
  answeredAtMs: nowMs,
  problem: null,
  site: silentDetail,
  events: [event],
  parts: [{ name: 'agent', words: 'runs, process 12', tone: 'good', sinceMs: nowMs - 60_000 }],
};

test('everything at first, nothing again, then what changed', (t) => {
  const lines = liveLines(undefined, first);
  t.is(lines[0], '10:02:14 UTC  agent: runs, process 12, since 2026-11-23 10:01 UTC');
  t.regex(lines[1] ?? '', /^10:02:14 UTC {2}york: new here, .*healthy was healthy at 2026-11-23 07:02 UTC/);
  t.is(lines[2], '     7  2026-11-23 10:01:14 UTC  york  joined: Machine 1 of the site was approved by npm.');
  t.deepEqual(liveLines(first, { ...first, nowMs: nowMs + 60_000 }), []);
  const site = { ...troubledDetail, id: silentDetail.id, name: silentDetail.name };
  const parts = [{ name: 'agent', words: 'has ended', tone: 'bad', sinceMs: null }] as const;
  const changed = liveLines(first, { ...first, site, parts, events: [event, { ...event, id: 8 }] });
  t.is(changed[0], '10:02:14 UTC  agent: has ended');
  t.regex(
    changed[1] ?? '',
    /york: news offline -> live, .*healthy was healthy at .* -> no, drift no at .* -> yes/,
  );
  t.regex(changed[2] ?? '', /^ {5}8 /);
  t.is(changed.length, 3);
});

test('after a restored backup, events with smaller ids are told, and with the ids of others', (t) => {
  const again = { ...event, at: before(1_000) };
  const facts = { ...first, events: [event, { ...again, id: 3 }, { ...again, id: 7 }] };
  t.deepEqual(
    liveLines(first, facts).map((line) => line.slice(0, 6)),
    ['     3', '     7'],
  );
  t.deepEqual(liveLines(facts, facts), []);
});

test('a site that is renamed is the same site by another name', (t) => {
  const site = { ...silentDetail, name: 'york-general' };
  t.deepEqual(liveLines(first, { ...first, site }), [
    '10:02:14 UTC  york-general: name york -> york-general',
  ]);
});

test('what the control plane answers instead of the site is said once, and that it is over', (t) => {
  const refused = { ...first, problem: 'UNAUTHENTICATED: No valid operator token was given.' };
  const said = '10:02:14 UTC  UNAUTHENTICATED: No valid operator token was given.';
  t.deepEqual(liveLines(first, refused), [said]);
  t.deepEqual(liveLines(refused, refused), []);
  t.deepEqual(liveLines(refused, first), ['10:02:14 UTC  the control plane shows the site again']);
  t.deepEqual(liveLines(refused, { ...refused, site: null, problem: 'It was deleted.' }), [
    '10:02:14 UTC  It was deleted.',
  ]);
});
