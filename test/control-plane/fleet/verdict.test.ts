// The word for a site, and when it is news.

import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import type { SiteState } from '../../../control-plane/fleet/site-report.ts';
import { contactClass, liveForMs } from '../../../control-plane/fleet/staleness.ts';
import { heldUntil, type VerdictFacts, verdict } from '../../../control-plane/fleet/verdict.ts';
import { siteState, withConditions } from '../../support/site-reports.ts';

const nowMs = Date.UTC(2026, 10, 23, 10, 3);
const lookedMs = Date.UTC(2026, 10, 23, 10, 2);
const failed = { releaseDigest: '', index: 0, reason: 'ContainerCrashLooping', sinceMs: 1 } as const;
const waiting = { releaseDigest: '', index: 0, reason: 'LessReady', sinceMs: 1 } as const;

function facts(state: SiteState | null, changes: Partial<VerdictFacts> = {}): VerdictFacts {
  const known = state && { state, receivedAtMs: lookedMs, knownMs: lookedMs, healthKnownMs: lookedMs };
  return { contact: 'live', lastContactMs: nowMs, known, nowMs, ...changes };
}

const says = (t: ExecutionContext, given: VerdictFacts, word: string, isNews: boolean, text: string) => {
  const { asOfMs: _, ...said } = verdict(given);
  t.deepEqual(said as unknown, { word, isNews, text });
};

for (const [title, given, word, isNews, text] of [
  ['nobody joined', facts(null, { contact: null }), 'new', true, 'no machine has joined yet'],
  ['nothing reported', facts(null), 'unknown', false, 'nothing reported yet'],
  ['nothing assigned', facts(siteState({ generation: 0 })), 'new', true, 'no release assigned yet'],
  ['all is well', facts(siteState()), 'healthy', true, 'healthy at 2026-11-23 10:02 UTC'],
  [
    'all was well, three hours ago',
    facts(siteState(), { contact: 'offline', nowMs: nowMs + 3 * 3_600_000, lastContactMs: nowMs }),
    'healthy',
    false,
    'was healthy at 2026-11-23 10:02 UTC; nothing heard for 3 h',
  ],
  [
    'the site is heard of, and nobody looks',
    facts(siteState(), { nowMs: nowMs + 60_000 }),
    'healthy',
    false,
    'was healthy at 2026-11-23 10:02 UTC; not looked at since',
  ],
  [
    'a crash loop',
    facts(siteState({ healthy: false, health: [failed] })),
    'not-healthy',
    true,
    'not healthy: A container ends again and again.',
  ],
  [
    'a crash loop, whatever else the site says',
    facts(siteState({ health: [failed] })),
    'not-healthy',
    true,
    'not healthy: A container ends again and again.',
  ],
  [
    'an object that the API server refuses',
    facts(siteState({ healthy: false, applied: false, ...withConditions('ObjectRefused') })),
    'not-healthy',
    true,
    'not healthy: The API server refuses an object of the release.',
  ],
  [
    'a crash loop, three hours ago',
    facts(siteState({ health: [failed] }), {
      contact: 'offline',
      nowMs: nowMs + 3 * 3_600_000,
      lastContactMs: nowMs,
    }),
    'not-healthy',
    false,
    'was not healthy at 2026-11-23 10:02 UTC (A container ends again and again); nothing heard for 3 h',
  ],
  [
    'pods that start',
    facts(siteState({ healthy: false, health: [waiting] })),
    'progressing',
    true,
    'progressing at 2026-11-23 10:02 UTC',
  ],
  [
    'objects that are being applied',
    facts(siteState({ applied: false })),
    'progressing',
    true,
    'progressing at 2026-11-23 10:02 UTC',
  ],
  [
    'a cluster that does not answer',
    facts(siteState({ ...withConditions('ClusterUnreachable') }), { nowMs: nowMs + 3_600_000 }),
    'unknown',
    true,
    'not known: The Kubernetes API server does not answer.',
  ],
  [
    'no isolation, which is another thing than health',
    facts(siteState({ ...withConditions('NetworkPolicyNotEnforced', 'DiskLow') })),
    'healthy',
    true,
    'healthy at 2026-11-23 10:02 UTC',
  ],
  [
    'an agent that does not know of health',
    facts(siteState({ healthy: false, healthObservedAtMs: 0 })),
    'unknown',
    true,
    'not known: this site does not say whether what it runs works.',
  ],
  [
    'healthy, and nobody ever looked',
    facts(siteState({ healthy: true, healthObservedAtMs: 0 })),
    'unknown',
    true,
    'not known: this site does not say whether what it runs works.',
  ],
] as const)
  test(`${title}: ${text}`, says, given, word, isNews, text);

test('a state of which no heartbeat said how old it is, is not news', (t) => {
  const known = { state: siteState(), receivedAtMs: nowMs, knownMs: null, healthKnownMs: null };
  t.like(verdict(facts(null, { known })), {
    word: 'healthy',
    isNews: false,
    text: 'last reported: healthy; not confirmed yet',
  });
});

test('both looks count: at what is applied, and at whether it works', (t) => {
  const known = {
    state: siteState(),
    receivedAtMs: nowMs,
    knownMs: nowMs,
    healthKnownMs: nowMs - liveForMs - 1,
  };
  t.false(verdict(facts(null, { known })).isNews);
  t.false(
    verdict(facts(null, { known: { ...known, knownMs: known.healthKnownMs, healthKnownMs: nowMs } })).isNews,
  );
  t.true(verdict(facts(null, { known: { ...known, healthKnownMs: nowMs - liveForMs } })).isNews);
});

test('a clock of our own that was set back makes news doubtful, not eternal', (t) => {
  t.false(verdict(facts(siteState(), { nowMs: lookedMs - liveForMs - 1 })).isNews);
});

test('whatever the times: healthy is news only when live and looked at within three heartbeats', (t) => {
  const moment = fc.integer({ min: -1_000_000, max: 1_000_000 }).map((ms) => nowMs + ms);
  const never = { nil: null };
  fc.assert(
    fc.property(
      fc.record({ lastContactMs: fc.option(moment, never), leafNotAfterMs: fc.option(moment, never) }),
      fc.record({
        receivedAtMs: moment,
        knownMs: fc.option(moment, never),
        healthKnownMs: fc.option(moment, never),
      }),
      (contact, times) => {
        const known = { ...times, state: siteState() };
        const contactNow = contactClass(contact, nowMs);
        const said = verdict({ contact: contactNow, lastContactMs: contact.lastContactMs, known, nowMs });
        if (said.word !== 'healthy' || !said.isNews)
          return said.word === 'new' || /^(was|last)/.test(said.text);
        const { knownMs, healthKnownMs } = times;
        const looks = [contact.lastContactMs, knownMs, healthKnownMs];
        return looks.every((ms) => ms !== null && Math.abs(nowMs - ms) <= liveForMs) && contactNow === 'live';
      },
    ),
    { numRuns: 5_000 },
  );
  t.pass();
});

test('a time of the site becomes one of ours, never later than the message that told it', (t) => {
  t.is(heldUntil(0, 500, 1_000), null, 'never');
  t.is(heldUntil(100, 500, 1_000), 600);
  t.is(heldUntil(900, 500, 1_000), 1_000, 'a clock that ran ahead');
  t.is(heldUntil(100, -50, 1_000), 50);
});
