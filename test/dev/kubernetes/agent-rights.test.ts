// The rules of the agent's ClusterRole, from a discovery document in miniature.
import test from 'ava';
import { agentRules, type DiscoveredGroup, type Rule } from '../../../dev/kubernetes/agent-rights.ts';

const all = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const group = (name: string | undefined, resources: Record<string, string[]>): DiscoveredGroup => ({
  ...(name === undefined ? {} : { metadata: { name } }),
  versions: [{ resources: Object.entries(resources).map(([resource, verbs]) => ({ resource, verbs })) }],
});

const discovered = [
  group('apps', { deployments: all }),
  group(undefined, { configmaps: all, secrets: all, nodes: all, events: all, bindings: ['create'] }),
  group('certificates.k8s.io', { certificatesigningrequests: all }),
  group('rbac.authorization.k8s.io', { roles: all, clusterroles: all }),
  group('example.dev', { widgets: all }),
];

const verbsOn = (rules: readonly Rule[], name: string, resource: string): string[] =>
  rules
    .filter(
      ({ apiGroups, resources }) =>
        apiGroups.includes(name) && (resources.includes(resource) || resources.includes('*')),
    )
    .flatMap(({ verbs }) => [...verbs])
    .sort();

const apply = ['create', 'delete', 'get', 'list', 'patch', 'watch'];

const may = test.macro({
  exec(t, name: string, resource: string, expected: string[]) {
    t.deepEqual(verbsOn(agentRules(discovered, ['example.dev', 'later.dev']), name, resource), expected);
  },
  title: (_, name: string, resource: string) => `what the agent may do with ${resource}${name && `.${name}`}`,
});
test(may, '', 'configmaps', apply);
test(may, 'apps', 'deployments', apply);
test(may, '', 'secrets', ['create', 'delete', 'get', 'patch']);
test(may, '', 'nodes', ['get', 'list', 'watch']);
test(may, '', 'events', ['get', 'list', 'watch']);
test(may, '', 'bindings', []);
test(may, 'certificates.k8s.io', 'certificatesigningrequests', []);
test(may, 'rbac.authorization.k8s.io', 'clusterroles', [...apply, 'bind', 'escalate'].sort());
test(may, 'example.dev', 'widgets', apply);
test(may, 'later.dev', 'anything', apply);
test(may, 'other.dev', 'anything', []);

test('no verb is a wildcard, and none replaces or deletes without a name', (t) => {
  const verbs = agentRules(discovered, ['example.dev']).flatMap((rule) => rule.verbs);
  t.deepEqual(
    verbs.filter((verb) => ['*', 'update', 'deletecollection', 'impersonate'].includes(verb)),
    [],
  );
});

test('the same cluster gives the same rules, in whatever order it lists its groups', (t) => {
  t.deepEqual(
    agentRules(discovered, ['b.dev', 'a.dev']),
    agentRules(discovered.toReversed(), ['a.dev', 'b.dev', 'a.dev']),
  );
});
