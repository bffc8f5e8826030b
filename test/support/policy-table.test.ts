// The rules that the tests' own engine makes of policies: who is let through, and that all others are not.
import test from 'ava';
import { type PolicyWorld, policyTable } from './policy-table.ts';

const pod = (name: string, namespace: string, podIP: string, more: object = {}) => ({
  metadata: { name, namespace, labels: { app: name } },
  spec: {},
  status: { podIP, phase: 'Running' },
  ...more,
});
const pods = [
  pod('web', 'a', '10.0.0.1'),
  pod('db', 'a', '10.0.0.2'),
  pod('web', 'b', '10.0.0.3'),
  pod('ended', 'a', '10.0.0.4', { status: { podIP: '10.0.0.4', phase: 'Succeeded' } }),
  pod('host', 'a', '10.0.0.5', { spec: { hostNetwork: true } }),
];
const namespaces = ['a', 'b'].map((name) => ({ metadata: { name, labels: { team: name } } }));
type Spec = PolicyWorld['policies'][number]['spec'];
const db = { matchLabels: { app: 'db' } };

const lines = test.macro({
  exec(t, spec: Spec, expected: readonly string[]) {
    const policies = [{ metadata: { name: 'p', namespace: 'a' }, spec }];
    const text = policyTable('t', { namespaces, pods, policies });
    const rules = text.split('\n').filter((line) => /return|drop|vmap/.test(line));
    t.deepEqual(rules, expected);
  },
  title: (name = '') => name,
});

const toDb = 'ip daddr vmap { 10.0.0.2 : jump ingress_1 }';
const fromDb = 'ip saddr vmap { 10.0.0.2 : jump egress_1 }';

test('no rule: nobody comes in, and out goes what will', lines, { podSelector: db }, ['counter drop', toDb]);
test(
  'an empty list of egress: nothing goes out',
  lines,
  { podSelector: db, policyTypes: ['Egress'], egress: [] },
  ['counter drop', fromDb],
);
test(
  'peers are of the same namespace unless one is named',
  lines,
  {
    podSelector: db,
    ingress: [
      {
        from: [
          { podSelector: { matchLabels: { app: 'web' } } },
          { namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['b'] }] } },
        ],
        ports: [{ port: 5432 }],
      },
    ],
  },
  [
    'ip saddr { 10.0.0.1 } tcp dport 5432 return',
    'ip saddr { 10.0.0.3 } tcp dport 5432 return',
    'counter drop',
    toDb,
  ],
);
test(
  'a peer that fits no pod lets nobody in, a rule without peers everybody',
  lines,
  { podSelector: db, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'none' } } }] }, {}] },
  [' return', 'counter drop', toDb],
);
test('all pods of the namespace that are on its network', lines, { podSelector: {} }, [
  'counter drop',
  'counter drop',
  'ip daddr vmap { 10.0.0.1 : jump ingress_0, 10.0.0.2 : jump ingress_1 }',
]);
