// What a watch in lines and one in JSON tell: sites that are new, different or gone, and nothing that moves by itself.

import test from 'ava';
import type { SiteAnswer } from '../../cli/answers.ts';
import { changedSites, changeLines } from '../../cli/site-changes.ts';
import { chosenFacts } from '../../cli/site-columns.ts';
import { before, nowMs, someSites } from '../support/site-answers.ts';

const [leeds, , hull] = someSites as [SiteAnswer, SiteAnswer, SiteAnswer];
const facts = chosenFacts(undefined, false);
const lines = (was: readonly SiteAnswer[], is: readonly SiteAnswer[]) =>
  changeLines({ before: was, after: is }, facts, nowMs);

test('a site that is gone is told in words and in data', (t) => {
  t.deepEqual(lines([leeds, hull], [hull]), [`${leeds.name}: deleted, or no longer listed`]);
  t.deepEqual(changedSites([leeds, hull], [hull]), [{ id: leeds.id, name: leeds.name, deleted: true }]);
});

test('a site that is new is told with what is known of it', (t) => {
  const [line = '', ...others] = lines([], [hull]);
  t.deepEqual(others, []);
  t.regex(
    line,
    /^hull-royal: new here, news live, wanted small-tre@2\.0\.0, .*healthy no, .*trouble NotHealthy/,
  );
  t.deepEqual(changedSites([], [hull]), [hull]);
});

test('what changed is told as it was and as it is', (t) => {
  const labelled = { ...leeds, name: 'leeds-general', labels: { ring: '1' } };
  t.deepEqual(lines([leeds], [labelled]), [
    'leeds-general: name leeds -> leeds-general, labels region=north,tier=1 -> ring=1',
  ]);
  t.deepEqual(changedSites([leeds], [labelled]), [labelled]);
});

test('times that move by themselves are no change', (t) => {
  const { contact, verdict } = leeds;
  const later = {
    ...leeds,
    contact: { ...contact, lastAt: before(0) },
    verdict: { ...verdict, asOf: before(0), text: 'healthy at another time' },
  };
  t.deepEqual(lines([leeds], [later]), []);
  const named = chosenFacts(['name', 'last-heard'], false);
  t.deepEqual(
    changeLines({ before: [leeds], after: [later] }, named, nowMs),
    [],
    'also when it was asked for',
  );
  t.deepEqual(changedSites([leeds], [later]), []);
});
