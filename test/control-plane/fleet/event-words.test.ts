// What is told of a site afterwards - by /v1/events, by `trectl events`, by an alert - is read hours later. The law: it
// says when it happened, and says healthy only of a moment that it names: as news only when somebody looked within three
// heartbeats, otherwise in the past.

import test from 'ava';
import fc from 'fast-check';
import { eventText } from '../../../cli/event-words.ts';
import { noPaint } from '../../../cli/paint.ts';
import { alertOf } from '../../../control-plane/alert/alert-body.ts';
import { eventView } from '../../../control-plane/api/event-view.ts';
import { eventKinds, type News, newsOfStanding } from '../../../control-plane/fleet/news.ts';
import { minuteText } from '../../../control-plane/fleet/time-text.ts';
import { type VerdictFacts, verdict } from '../../../control-plane/fleet/verdict.ts';
import type { FleetEvent } from '../../../control-plane/store/events.ts';
import { type ConditionCode, conditions } from '../../../proto/conditions.ts';
import { type ErrorCode, errors } from '../../../proto/errors.ts';
import { siteState, withConditions } from '../../support/site-reports.ts';

const nowMs = Date.UTC(2026, 10, 23, 10, 3);
const newsMs = 90_000;
const ageMs = fc.oneof(
  fc.constantFrom(0, 30_000, newsMs, newsMs + 1, -newsMs - 1),
  fc.integer({ min: -3_600_000, max: 90 * 86_400_000 }),
);
const conditionCodes = Object.keys(conditions) as ConditionCode[];
const classes = ['live', 'stale', 'offline', 'expired'] as const;

const standings: fc.Arbitrary<VerdictFacts> = fc
  .record({
    contact: fc.constantFrom(...classes, 'live', 'live'),
    heardMs: ageMs,
    lookMs: fc.option(ageMs, { freq: 8 }),
    healthLookMs: fc.option(ageMs, { freq: 8 }),
    isLookedAt: fc.boolean(),
    healthy: fc.boolean(),
    held: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.subarray(conditionCodes, { maxLength: 3 })),
  })
  .map(({ contact, heardMs, lookMs, healthLookMs, isLookedAt, healthy, held }) => ({
    contact,
    lastContactMs: nowMs - heardMs,
    known: {
      state: siteState({ healthy, healthObservedAtMs: isLookedAt ? 5 : 0, ...withConditions(...held) }),
      receivedAtMs: nowMs - heardMs,
      knownMs: lookMs === null ? null : nowMs - lookMs,
      healthKnownMs: healthLookMs === null ? null : nowMs - healthLookMs,
    },
    nowMs,
  }));

function eventOf(news: News, atMs = nowMs): FleetEvent {
  const site = { siteId: 'a', siteName: 'leeds', isSiteDeleted: false };
  return { id: 1, ...site, atMs, bootId: null, sequence: null, news };
}

/** The sentences of one event, as each reader gets them, with its time. */
function tellings(event: FleetEvent): readonly (readonly [at: string, text: string])[] {
  const [view, alert] = [eventView(event), alertOf(event)];
  const line = eventText(view, { width: Number.POSITIVE_INFINITY, paint: noPaint, isWide: false });
  const [, day = '', second = '', text = ''] = /^ +1 {2}(\S+) (\S+) UTC {2}leeds {2}(.*)$/.exec(line) ?? [];
  return [
    [view.at, view.text],
    [alert.at, alert.text],
    [`${day}T${second}.000Z`, text.replace(/^[^:]*: /, '')],
  ];
}

const claim = /\b(?<!not )healthy\b|\bworks\b|\bgreen\b/i;

test('an event of health names its moment, and only what was seen within three heartbeats is said as news', (t) => {
  let news = 0;
  const law = fc.property(standings, (facts) => {
    const { known } = facts;
    const told = newsOfStanding({ contact: null, word: 'new' }, { ...facts, verdict: verdict(facts) });
    for (const one of told.filter(({ kind }) => kind === 'health'))
      for (const [at, text] of tellings(eventOf(one))) {
        t.is(at, new Date(nowMs).toISOString());
        if (one.kind !== 'health' || one.word !== 'healthy') {
          t.notRegex(text.replace(/whether [^.]* works/, ''), claim);
          continue;
        }
        const looks = [known?.knownMs ?? null, known?.healthKnownMs ?? null];
        if (looks.includes(null)) {
          t.is(text, 'last reported: healthy; not confirmed yet');
          continue;
        }
        const oldest = Math.min(...looks.map((ms) => ms ?? 0));
        const isSeen = facts.contact === 'live' && looks.every((ms) => Math.abs(nowMs - (ms ?? 0)) <= newsMs);
        const start = `${isSeen ? '' : 'was '}healthy at ${minuteText(oldest)}`;
        if (isSeen) t.is(text, start);
        else t.true(text.startsWith(`${start}; `), text);
        if (isSeen) news += 1;
      }
  });
  fc.assert(law, { numRuns: 2_000 });
  t.true(news > 10, `said as news ${news} times`);
});

const release = { name: 'small-tre', version: '2.0.0', digest: `sha256:${'d'.repeat(64)}` };
const who = 'maria';
const others: readonly News[] = [
  ...conditionCodes.flatMap((code): News[] => [
    { kind: 'condition', phase: 'began', code, sinceMs: 1, count: 1 },
    { kind: 'condition', phase: 'ended', code, sinceMs: 1, count: 1 },
  ]),
  ...(Object.keys(errors) as ErrorCode[]).map(
    (code): News => ({ kind: 'refusal', atMs: 1, epoch: 1, generation: 2, code }),
  ),
  ...[...classes, 'withdrawn' as const].map(
    (word): News => ({ kind: 'contact', class: word, before: 'live', lastContactMs: 1 }),
  ),
  { kind: 'hold', phase: 'began', sinceMs: 1, untilMs: nowMs },
  { kind: 'hold', phase: 'ended', sinceMs: 1, untilMs: nowMs },
  {
    kind: 'run',
    startedAtMs: 1,
    endedAtMs: 2,
    generation: 1,
    applied: 1,
    repaired: 2,
    deleted: 0,
    failed: 0,
  },
  { kind: 'assigned', epoch: 1, generation: 2, release, who },
  { kind: 'joined', agent: 1, who },
  { kind: 'revoked', who },
  { kind: 'renamed', from: 'leeds', to: 'york', who },
  { kind: 'deleted', name: 'leeds', who },
];

test('every other event bears its time, and none says that something works', (t) => {
  const kinds = new Set<string>(others.map(({ kind }) => kind)).add('health');
  t.deepEqual([...kinds].toSorted(), [...eventKinds].toSorted(), 'no kind is forgotten');
  const atMs = nowMs - 40 * 86_400_000;
  for (const news of others)
    for (const [at, text] of tellings(eventOf(news, atMs))) {
      t.is(at, new Date(atMs).toISOString());
      t.not(text, '');
      t.notRegex(text.replace(/whether [^.]* works/, ''), claim);
      if (news.kind !== 'condition' && news.kind !== 'refusal')
        t.notRegex(text, /\b(is|are|works?|runs)\b(?! not waited)/, 'told as it was then');
    }
});
