// The rows of the live view for the parts of this machine: they say what is, not what was when it started.

import test from 'ava';
import { lookAtNodes, type PartsSeen, partsOf } from '../../../dev/start/live-parts.ts';
import type { FleetWithSite } from '../../../dev/start/site.ts';

type Kubernetes = FleetWithSite['kubernetes'];

/** The row of a node, after a look at a cluster that answers this. */
const row = test.macro(
  async (t, node: Kubernetes['node'], answer: readonly [number, unknown] | null, words: RegExp) => {
    const request = () =>
      answer === null
        ? Promise.reject(new Error('refused'))
        : Promise.resolve({ status: answer[0], body: answer[1] });
    const kubernetes = { serverUrl: 'https://127.0.0.1:1', node, admin: { request } };
    const service = { pid: () => 1, since: () => 1 };
    const fleet = { kubernetes, controlPlane: service, agent: service } as unknown as FleetWithSite;
    const nodes = await lookAtNodes(fleet.kubernetes, AbortSignal.timeout(1_000));
    const seen: PartsSeen = { kubernetesSinceMs: 1, nodes, controlPlane: true };
    const part = partsOf(fleet, seen).find(({ name }) => name === 'node');
    t.regex(`${part?.tone} ${part?.words} ${part?.sinceMs}`, words);
    t.true((part?.words.length ?? 0) <= 80 - 'control plane  10:00:00 UTC  '.length, part?.words);
  },
);

const nodes = (...ready: readonly string[]) => ({
  items: ready.map((status, index) => ({
    status: {
      conditions: [
        { type: 'MemoryPressure', status: 'False', lastTransitionTime: '2026-11-23T12:00:00Z' },
        { type: 'Ready', status, lastTransitionTime: `2026-11-23T10:00:0${index}Z` },
      ],
    },
  })),
});
const ten = Date.UTC(2026, 10, 23, 10);

test('ready', row, 'real', [200, nodes('True')], new RegExp(`^plain real: containers run ${ten}$`));
test(
  'nobody hears of it',
  row,
  'real',
  [200, nodes('Unknown')],
  new RegExp(`^bad real: not ready, .* ${ten}$`),
);
test('not ready', row, 'real', [200, nodes('False')], /^bad real: not ready, /);
test('without a condition', row, 'real', [200, { items: [{}] }], /^bad real: not ready, .* null$/);
test('not there', row, 'real', [200, nodes()], /^bad real: there is no node, .* null$/);
test(
  'refused',
  row,
  'real',
  [403, { message: 'no' }],
  /^warn real: not known, Kubernetes does not say null$/,
);
test('no answer', row, 'real', null, /^warn real: not known, Kubernetes does not say null$/);
test('simulated', row, 'simulated', [200, nodes('True')], /^warn simulated: pods seem to run, /);
test('none wanted', row, 'none', [200, nodes()], /^plain none: pods stay pending /);
test('of a cluster, all', row, 'its-own', [200, nodes('True', 'True')], /^plain those that the cluster has /);
test(
  'of a cluster, some',
  row,
  'its-own',
  [200, nodes('True', 'False', 'Unknown')],
  new RegExp(`^bad 2 of 3 not ready, .* ${ten + 2_000}$`),
);
