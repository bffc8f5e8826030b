// What follows from what the clients reached: every combination, and the laws that hold for all of them.
import test from 'ava';
import fc from 'fast-check';
import { type FlowResult, flowResult, flowResults, judge } from '../../../agent/probe/verdict.ts';
import type { Verdict } from '../../../agent/store/isolation.ts';

const verdictIs = test.macro({
  exec(t, flows: readonly (FlowResult | null)[], verdict: Verdict, why: RegExp) {
    const [allowed = null, denied = null, shutIn = null] = flows;
    const judgement = judge({ allowed, denied, shutIn });
    t.is(judgement.verdict, verdict);
    t.regex(judgement.why, why);
  },
  title: (_, flows: readonly unknown[], verdict) => `${flows.join(', ')}: ${verdict}`,
});

test(verdictIs, ['reached', 'timed-out', 'timed-out'], 'enforced', /^$/);
test(verdictIs, ['reached', 'refused', 'timed-out'], 'enforced', /^$/);
test(verdictIs, ['reached', 'refused', 'unreachable'], 'enforced', /^$/);
test(verdictIs, ['reached', 'reached', 'reached'], 'not-enforced', /was reached .*; .*reached out/);
test(
  verdictIs,
  ['reached', 'reached', 'timed-out'],
  'not-enforced',
  /^a pod was reached although its policy forbids it$/,
);
test(
  verdictIs,
  ['reached', 'timed-out', 'reached'],
  'not-enforced',
  /^a pod reached out although its policy forbids it$/,
);
test(
  verdictIs,
  ['timed-out', 'reached', 'timed-out'],
  'not-enforced',
  /^a pod was reached although its policy forbids it$/,
);
test(verdictIs, ['timed-out', 'timed-out', 'timed-out'], 'unproven', /either: timed-out$/);
test(verdictIs, ['refused', 'refused', 'refused'], 'unproven', /either: refused$/);
test(verdictIs, [null, 'timed-out', 'timed-out'], 'unproven', /not every pod/);
test(verdictIs, ['reached', null, 'timed-out'], 'unproven', /not every pod/);
test(verdictIs, ['reached', 'timed-out', null], 'unproven', /not every pod/);
test(verdictIs, [null, null, null], 'unproven', /not every pod/);

const flow = fc.constantFrom(null, ...flowResults);
const flows = fc.record({ allowed: flow, denied: flow, shutIn: flow });

test('enforced means: the allowed one came through, and neither of the others', (t) => {
  fc.assert(
    fc.property(flows, (one) => {
      const isShown =
        one.allowed === 'reached' &&
        [one.denied, one.shutIn].every((result) => result !== null && result !== 'reached');
      t.is(judge(one).verdict === 'enforced', isShown);
    }),
  );
});

test('a forbidden connection that came about is never forgiven, whatever else is known', (t) => {
  fc.assert(
    fc.property(flows, fc.constantFrom('denied', 'shutIn'), (one, forbidden) => {
      t.is(judge({ ...one, [forbidden]: 'reached' }).verdict, 'not-enforced');
    }),
  );
});

test('whatever is not enforced says why', (t) => {
  fc.assert(
    fc.property(flows, (one) => {
      const { verdict, why } = judge(one);
      t.is(why === '', verdict === 'enforced');
    }),
  );
});

test('a client says one word; any other text says nothing', (t) => {
  t.deepEqual(['reached', 'timed-out\n', ' refused'].map(flowResult), ['reached', 'timed-out', 'refused']);
  t.deepEqual(['', 'reached refused', 'Reached', 'panic: no'].map(flowResult), [null, null, null, null]);
});
