// Whether a site has what is wanted, and the words when it has not.
import test from 'ava';
import { isApplied, notAppliedText } from '../../../dev/start/settle.ts';
import type { SiteFacts } from '../../../dev/start/site.ts';

const state = {
  generation: 2,
  applied: true,
  healthy: true,
  drifted: false,
  objectsWanted: 24,
  objectsApplied: 24,
  conditions: [],
  isolation: null,
};
const wanted = { generation: 2, release: { name: 'small-tre', version: '1.0.0', digest: 'sha256:0' } };
const refused = { code: 'SITE_HELD', generation: 2, text: 'The site is held.', next: 'Wait.' };

function site(changes: Partial<SiteFacts>): SiteFacts {
  return { desired: wanted, state, refused: null, ...changes } as unknown as SiteFacts;
}

for (const [situation, facts, applied] of [
  ['all of it', {}, true],
  ['nothing wanted', { desired: null }, false],
  ['nothing reported', { state: null }, false],
  ['an earlier generation', { state: { ...state, generation: 1 } }, false],
  ['a part of it', { state: { ...state, applied: false } }, false],
  ['refused', { state: { ...state, generation: 1 }, refused }, false],
  ['refused, though it holds it', { refused }, false],
  ['an earlier one was refused', { refused: { ...refused, generation: 1 } }, true],
] as const)
  test(`applied or not: ${situation}`, (t) => t.is(isApplied(site(facts)), applied));

test('a refusal is told with what to do', (t) => {
  t.is(notAppliedText(site({ refused })), 'The site did not take it. SITE_HELD: The site is held.\nWait.');
});

test('what is not there yet is counted, with what stands in the way', (t) => {
  const conditions = [
    { code: 'ObjectsRefused', severity: 'error', count: 1, text: 'Objects were refused.' },
    { code: 'HealthInProgress', severity: 'info', count: 3, text: 'Not ready yet.' },
  ];
  const some = site({ state: { ...state, applied: false, objectsApplied: 20, conditions } });
  t.is(
    notAppliedText(some),
    'Not everything is applied yet: 20 of 24 objects\n  ObjectsRefused: Objects were refused.',
  );
  const earlier = site({ state: { ...state, generation: 1 } });
  t.is(notAppliedText(earlier), 'Not everything is applied yet: 0 of 24 objects');
  t.is(notAppliedText(site({ state: null })), 'Not everything is applied yet: 0 of ? objects');
});
