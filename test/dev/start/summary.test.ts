// What `npm start` says at the end holds for the release that runs: nothing to try that is not there.
import test from 'ava';
import type { Fleet } from '../../../dev/start/fleet.ts';
import { layoutOf } from '../../../dev/start/layout.ts';
import type { SiteFacts } from '../../../dev/start/site.ts';
import { summary } from '../../../dev/start/summary.ts';

const fleet = {
  layout: layoutOf('/data'),
  ports: { agents: 1, people: 2 },
  kubernetes: {
    serverUrl: 'https://127.0.0.1:3',
    kubectl: 'kubectl',
    adminKubeconfig: 'admin',
    node: 'simulated',
  },
} as Fleet;

function said(name: string, version: string): string {
  const release = { name, version, digest: 'sha256:0' };
  const facts = {
    name: 'leeds',
    desired: { generation: 1, release },
    state: { objectsWanted: 2, objectsApplied: 2 },
  };
  return summary(fleet, facts as SiteFacts);
}

test('the example: its portal to delete, its next version to try', (t) => {
  const text = said('small-tre', '2.0.0');
  t.regex(text, /delete deployment --all -n tre-portal\n/);
  t.regex(text, /--from examples\/small-tre\/v3`/);
});

test('the site by the name that it has now', (t) => {
  const text = said('small-tre', '1.0.0');
  t.regex(text, /^leeds has small-tre@1\.0\.0, /m);
  t.regex(text, /site show leeds$/m);
});

test('another release: nothing of the example', (t) => {
  const text = said('k8tre', '2026-04-15-670dea9');
  t.notRegex(text, /tre-portal|small-tre/);
  t.regex(text, /2 of 2 objects applied/);
});
