// How long a proof counts and when the next trial is due, over tables and random times.
import test from 'ava';
import fc from 'fast-check';
import type { TrialResult } from '../../../agent/probe/network-trial.ts';
import {
  afterTrial,
  dayMs,
  hindered,
  isOutdated,
  nothingKnown,
  pauseMs,
  proofHoldsMs,
  snapshotOf,
} from '../../../agent/probe/proof.ts';
import type { IsolationRecord } from '../../../agent/store/isolation.ts';

const [atMs, nodes] = [Date.UTC(2026, 0, 10), 'one'];
const enforced: TrialResult = { networkPolicy: 'enforced', podSecurity: 'enforced', why: '' };
const open: TrialResult = { networkPolicy: 'not-enforced', podSecurity: 'enforced', why: 'came through' };
const nothing: TrialResult = { networkPolicy: 'unproven', podSecurity: 'unproven', why: 'no node' };

const after = (trial: TrialResult, before: IsolationRecord = nothingKnown): IsolationRecord =>
  afterTrial(before, trial, { nowMs: atMs, nodes });
const shown = (record: IsolationRecord, nowMs = atMs, hindrance = '', there: string | null = null) => {
  const now = { nowMs, hindrance, nodes: there };
  const { networkPolicy, checkedAtMs, why, conditions } = snapshotOf(record, now);
  return [networkPolicy, checkedAtMs, why, ...conditions.map(({ code }) => code)];
};

test('what a trial showed is shown with its time', (t) => {
  t.deepEqual(shown(after(enforced)), ['enforced', atMs, '']);
  t.deepEqual(shown(after(open)), ['not-enforced', atMs, 'came through', 'NetworkPolicyNotEnforced']);
  t.deepEqual(shown(after(nothing)), ['unproven', atMs, 'no node', 'NetworkPolicyUnproven']);
});

test('a proof counts for two days, then nothing is known', (t) => {
  const proof = after(enforced);
  t.is(shown(proof, atMs + proofHoldsMs)[0], 'enforced');
  t.deepEqual(shown(proof, atMs + proofHoldsMs + 1), [
    'unproven',
    atMs,
    'the last trial is more than two days old',
    'NetworkPolicyUnproven',
  ]);
  t.is(shown(after(open), atMs + proofHoldsMs + 1)[2], 'the last trial is more than two days old');
});

test('a proof from the future is none', (t) => {
  t.is(shown(after(enforced), atMs - dayMs)[0], 'unproven');
  t.is(shown(after(enforced), atMs - 1_000)[0], 'enforced', 'a clock may be adjusted a little');
});

test('a trial that showed nothing does not undo a young proof of the same nodes', (t) => {
  const later = { nowMs: atMs + dayMs, nodes };
  t.deepEqual(shown(afterTrial(after(enforced), nothing, later), later.nowMs), ['enforced', atMs, '']);
  t.is(shown(afterTrial(after(open), nothing, later), later.nowMs)[2], 'came through');
  const old = shown(afterTrial(after(enforced), nothing, later), atMs + 3 * dayMs);
  t.deepEqual(old.slice(0, 3), ['unproven', atMs, 'no node'], 'in the end it says why there is no newer one');
});

test('a trial that showed nothing does undo a proof of other nodes, or an old one', (t) => {
  const elsewhere = afterTrial(after(enforced), nothing, { nowMs: atMs + 1, nodes: 'two' });
  t.deepEqual(shown(elsewhere).slice(0, 3), ['unproven', atMs + 1, 'no node']);
  const late = afterTrial(after(enforced), nothing, { nowMs: atMs + 3 * dayMs, nodes });
  t.is(late.networkPolicy, 'unproven');
});

test('what was shown of the label of namespaces stays until it is shown otherwise', (t) => {
  t.is(after(nothing, after(enforced)).podSecurity, 'enforced');
  t.is(after({ ...enforced, podSecurity: 'not-enforced' }, after(enforced)).podSecurity, 'not-enforced');
});

test('what stands in the way of any trial goes before what the last one said', (t) => {
  t.deepEqual(shown(nothingKnown, atMs, 'no image'), ['unproven', null, 'no image', 'NetworkPolicyUnproven']);
  t.is(shown(after(enforced), atMs, 'no image')[0], 'enforced', 'a young proof still counts');
});

test('before the first trial it is unproven, says so, and nothing is the matter yet', (t) => {
  t.deepEqual(shown(nothingKnown), ['unproven', null, 'the first trial is still to come']);
});

test('why no trial could ever be made is remembered until one is', (t) => {
  const blind = hindered(nothingKnown, 'may not look');
  t.deepEqual(shown(blind), ['unproven', null, 'may not look', 'NetworkPolicyUnproven']);
  t.deepEqual(shown(hindered(blind, '')), ['unproven', null, 'the first trial is still to come']);
  for (const trial of [enforced, open, nothing]) t.deepEqual(hindered(after(trial), 'blind'), after(trial));
});

test('that other nodes keep projects apart is not shown by a trial of earlier ones; that nothing does, is', (t) => {
  t.deepEqual(shown(after(enforced), atMs, '', nodes).slice(0, 3), ['enforced', atMs, '']);
  t.deepEqual(shown(after(enforced), atMs, '', 'two'), [
    'unproven',
    atMs,
    'the nodes of the cluster are not those of the last trial',
    'NetworkPolicyUnproven',
  ]);
  t.is(shown(after(open), atMs, '', 'two')[0], 'not-enforced');
});

test('findings are conditions with their count, and their names stay beside them', (t) => {
  const names = ['Service portal/web'];
  const record = {
    ...after(enforced),
    findings: [{ code: 'PublicLoadBalancer', count: 70, names } as const],
  };
  const { conditions, offenders } = snapshotOf(record, { nowMs: atMs, hindrance: '', nodes });
  t.deepEqual(conditions, [{ code: 'PublicLoadBalancer', count: 70 }]);
  t.deepEqual([...offenders], [['PublicLoadBalancer', names]]);
});

test('the next trial: a day after a proof, an hour after red, soon and then rarely after nothing', (t) => {
  const minutes = (trial: TrialResult, failures: number) => pauseMs(trial, failures) / 60_000;
  t.deepEqual([minutes(enforced, 0), minutes(open, 0)], [1440, 60]);
  const lax = { ...enforced, podSecurity: 'not-enforced' } as const;
  t.is(minutes(lax, 0), 60, 'of both things that it shows');
  t.true(isOutdated(after(lax), nodes, atMs + 3_600_000));
  t.deepEqual(
    [1, 2, 3, 6, 50].map((failures) => minutes(nothing, failures)),
    [2, 4, 8, 64, 360],
  );
});

test('what an earlier process remembered is enough while it is young and of these nodes', (t) => {
  t.true(isOutdated(nothingKnown, nodes, atMs));
  t.true(isOutdated(after(nothing), nodes, atMs), 'somebody may have put it right meanwhile');
  t.false(isOutdated(after(enforced), nodes, atMs + dayMs - 1));
  t.true(isOutdated(after(enforced), nodes, atMs + dayMs));
  t.true(isOutdated(after(enforced), 'two', atMs));
  t.true(isOutdated(after(open), nodes, atMs + 2 * 3_600_000));
});

test('law: enforced is shown only within two days of a trial that showed it, and no later one said otherwise', (t) => {
  const trial = fc.constantFrom(enforced, open, nothing);
  const step = fc.tuple(trial, fc.integer({ min: 0, max: 4 * dayMs }), fc.constantFrom('one', 'two'));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), fc.integer({ min: 0, max: 4 * dayMs }), (steps, restMs) => {
      let nowMs = atMs;
      let record = nothingKnown;
      const told: { readonly verdict: string; readonly nowMs: number; readonly nodes: string }[] = [];
      for (const [result, passedMs, there] of steps) {
        nowMs += passedMs;
        record = afterTrial(record, result, { nowMs, nodes: there });
        told.push({ verdict: result.networkPolicy, nowMs, nodes: there });
      }
      nowMs += restMs;
      const last = told.findLast(({ verdict }) => verdict !== 'unproven');
      const { networkPolicy } = snapshotOf(record, { nowMs, hindrance: '', nodes: null });
      if (networkPolicy === 'unproven') return;
      t.true(networkPolicy === last?.verdict);
      t.true(nowMs - (last?.nowMs ?? 0) <= proofHoldsMs);
      t.is(told.at(-1)?.nodes, last?.nodes);
    }),
  );
});
