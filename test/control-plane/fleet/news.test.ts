// What of a report is news: what began and what ended, each once.

import test from 'ava';
import fc from 'fast-check';
import {
  isAlert,
  type News,
  newsOfStanding,
  newsOfState,
  severityOf,
} from '../../../control-plane/fleet/news.ts';
import type { SiteState } from '../../../control-plane/fleet/site-report.ts';
import type { ContactClass } from '../../../control-plane/fleet/staleness.ts';
import { type ConditionCode, conditions } from '../../../proto/conditions.ts';
import { siteState, withConditions } from '../../support/site-reports.ts';

const short = (news: readonly News[]) =>
  news.map((one) =>
    one.kind === 'condition'
      ? `${one.code} ${one.phase}`
      : one.kind === 'hold'
        ? `hold ${one.phase} ${one.untilMs}`
        : one.kind,
  );

test('conditions begin and end', (t) => {
  const before = siteState(withConditions('Drifted', 'DiskLow'));
  const after = siteState(withConditions('DiskLow', 'NotHealthy'));
  t.deepEqual(short(newsOfState(before, after)), ['Drifted ended', 'NotHealthy began']);
  t.deepEqual(short(newsOfState(null, before)), ['Drifted began', 'DiskLow began']);
  t.deepEqual(newsOfState(after, after), []);
});

test('a hold is told with its times, once, and its condition not besides', (t) => {
  const free = siteState();
  const held = (untilMs: number) =>
    siteState({ hold: { sinceMs: 5, untilMs }, ...withConditions('HeldOnSite') });
  t.deepEqual(short(newsOfState(free, held(10))), ['hold began 10']);
  t.deepEqual(newsOfState(held(10), held(10)), []);
  t.deepEqual(short(newsOfState(held(10), held(20))), ['hold ended 10', 'hold began 20']);
  t.deepEqual(short(newsOfState(held(20), free)), ['hold ended 20']);
});

test('over any course of states, what began less what ended is what holds', (t) => {
  const codes = Object.keys(conditions).filter((code) => code !== 'HeldOnSite') as ConditionCode[];
  const set = fc.uniqueArray(fc.constantFrom(...codes), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(set, { minLength: 1, maxLength: 12 }), (course) => {
      const open = new Set<string>();
      let before: SiteState | null = null;
      for (const codesNow of course) {
        const after = siteState(withConditions(...codesNow));
        for (const one of newsOfState(before, after)) {
          if (one.kind !== 'condition') return false;
          if (one.phase === 'began' ? open.has(one.code) : !open.delete(one.code)) return false;
          if (one.phase === 'began') open.add(one.code);
        }
        before = after;
      }
      return [...open].sort().join() === [...(course.at(-1) ?? [])].sort().join();
    }),
  );
  t.pass();
});

const contactNews = (before: ContactClass | null, now: ContactClass): News => ({
  kind: 'contact',
  class: now,
  before,
  lastContactMs: 1,
});

test('a site is said to be in a class, and in a word, once', (t) => {
  const verdict = { word: 'healthy', isNews: true, asOfMs: 5, text: 'healthy at ...' } as const;
  const now = { contact: 'live', lastContactMs: 5, verdict } as const;
  t.deepEqual(
    newsOfStanding(null, now).map(({ kind }) => kind),
    ['contact', 'health'],
  );
  t.deepEqual(newsOfStanding({ contact: 'live', word: 'healthy' }, now), []);
  t.deepEqual(
    newsOfStanding(null, { contact: null, lastContactMs: null, verdict: { ...verdict, word: 'new' } }),
    [],
  );
});

test('a report whose age is not known yet is told when it is, or when the site falls silent', (t) => {
  const verdict = { word: 'healthy', isNews: false, asOfMs: null, text: 'last reported: ...' } as const;
  const before = { contact: 'live', word: 'progressing' } as const;
  t.deepEqual(newsOfStanding(before, { contact: 'live', lastContactMs: 5, verdict }), []);
  t.deepEqual(
    newsOfStanding(before, { contact: 'stale', lastContactMs: 5, verdict }).map(({ kind }) => kind),
    ['contact', 'health'],
  );
});

test('alerts are errors and their end, and one trouble is called once', (t) => {
  const condition = (code: ConditionCode, phase: 'began' | 'ended'): News => ({
    kind: 'condition',
    code,
    phase,
    sinceMs: 1,
    count: 0,
  });
  const alerts: readonly (readonly [News, boolean])[] = [
    [condition('NotHealthy', 'began'), true],
    [condition('NotHealthy', 'ended'), true],
    [condition('DiskLow', 'began'), false],
    [condition('Progressing', 'ended'), false],
    [contactNews('live', 'stale'), false],
    [contactNews('stale', 'offline'), true],
    [contactNews('offline', 'live'), true],
    [contactNews('stale', 'live'), false],
    [contactNews('live', 'expired'), true],
    [contactNews('expired', 'live'), true],
    [contactNews(null, 'live'), false],
    [{ kind: 'health', word: 'not-healthy', before: 'healthy', isNews: true, asOfMs: 1, text: '' }, false],
    [{ kind: 'refusal', atMs: 1, epoch: 1, generation: 1, code: 'CHAIN_BROKEN' }, false],
  ];
  for (const [news, expected] of alerts) t.is(isAlert(news), expected, JSON.stringify(news));
  t.is(severityOf(condition('NotHealthy', 'ended')), 'info', 'what has ended is not red');
});
