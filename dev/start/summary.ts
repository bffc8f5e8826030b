// What `npm start` prints when everything is applied: what runs, where, and three things to try.
// PURE. Called by start.ts.
import type { Kubernetes } from '../kubernetes/kubernetes-handle.ts';
import type { Fleet } from './fleet.ts';
import { type SiteFacts, siteName } from './site.ts';

export function summary({ layout, ports, kubernetes }: Fleet<Kubernetes>, facts: SiteFacts): string {
  const release = `${facts.desired?.release.name}@${facts.desired?.release.version}`;
  const node = kubernetes.simulatedNode
    ? 'one simulated node: pods are shown as running, but no container runs'
    : 'with the nodes that it has';
  return `
${siteName} has ${release}, generation ${facts.desired?.generation}: ${facts.state?.objectsApplied} of ${facts.state?.objectsWanted} objects applied.

  control plane   https://localhost:${ports.people} (people), localhost:${ports.agents} (agents)
  Kubernetes      ${kubernetes.serverUrl} (${node})
  data and logs   ${layout.root}

Three things to try, in another terminal, in this folder:

  1. What the operator sees:
     XDG_CONFIG_HOME=${layout.operator} node bin/trectl.mjs site show ${siteName}
  2. What the person on site sees:
     node bin/tre-agent.mjs status --socket ${layout.agentSocket}
  3. Delete something by hand and watch the site repair it within half a minute:
     ${kubernetes.kubectl} --kubeconfig ${kubernetes.adminKubeconfig} delete deployment --all -n tre-portal
     ${kubernetes.kubectl} --kubeconfig ${kubernetes.adminKubeconfig} get deployments -A --watch

Next: end this with Ctrl-C, then \`npm start -- --from examples/small-tre/v2\`. The data stays.
`;
}
