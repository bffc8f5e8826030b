// What `npm start` prints when everything is applied: what runs, where, and three things to try.
// PURE. Called by start.ts.
import type { Kubernetes, NodeKind } from '../kubernetes/kubernetes-handle.ts';
import type { Fleet } from './fleet.ts';
import type { SiteFacts } from './site.ts';

/** What to try after each version of the example. */
const nextSource: Readonly<Record<string, string>> = {
  '1.0.0': 'examples/small-tre/v2',
  '2.0.0': 'examples/small-tre/v3',
  '3.0.0': 'examples/small-tre/v1',
};

const nodeTexts: Readonly<Record<NodeKind, string>> = {
  real: 'one real node: containers run, in namespaces of their own',
  simulated: 'one simulated node: pods are shown as running, but no container runs',
  none: 'no node: pods stay Pending',
  'its-own': 'with the nodes that it has',
};

export function summary({ layout, ports, kubernetes }: Fleet<Kubernetes>, facts: SiteFacts): string {
  const release = `${facts.desired?.release.name}@${facts.desired?.release.version}`;
  const kubectl = `${kubernetes.kubectl} --kubeconfig ${kubernetes.adminKubeconfig}`;
  const isExample = facts.desired?.release.name === 'small-tre';
  const next = isExample ? (nextSource[facts.desired?.release.version ?? ''] ?? 'DIR') : 'DIR';
  const node = nodeTexts[kubernetes.node];
  return `
${facts.name} has ${release}, generation ${facts.desired?.generation}: ${facts.state?.objectsApplied} of ${facts.state?.objectsWanted} objects applied.

  control plane   https://localhost:${ports.people} (people), localhost:${ports.agents} (agents)
  Kubernetes      ${kubernetes.serverUrl} (${node})
  data and logs   ${layout.root}

Three things to try, in another terminal, in this folder:

  1. What the operator sees:
     XDG_CONFIG_HOME=${layout.operator} node bin/trectl.mjs site show ${facts.name}
  2. What the person on site sees:
     node bin/tre-agent.mjs status --socket ${layout.agentSocket}
  3. Delete something by hand and watch the site repair it within half a minute:
     ${kubectl} delete ${isExample ? 'deployment --all -n tre-portal' : 'deployment NAME -n NAMESPACE'}
     ${kubectl} get deployments -A --watch

Next: end this with Ctrl-C, then \`npm start -- --from ${next}\`. The data stays.
`;
}
