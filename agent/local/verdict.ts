// The first line of the screen: how the site stands in one word, why in one sentence, and what to do. PURE.
// Law: green means that everything wanted is applied and works, seen within the last three heartbeats; nothing else is
// green. Called by status.ts.
import type { AgentStatus, Verdict } from './agent-status.ts';

export function verdictOf(status: Omit<AgentStatus, 'verdict'>): Verdict {
  const { conditions, wanted, fingerprint, cluster, applied, health } = status;
  const worst =
    conditions.find(({ severity }) => severity === 'error') ??
    conditions.find(({ severity }) => severity === 'warning');
  const [failed] = health.troubles;
  if (worst?.code === 'NotHealthy' && failed?.status === 'failed')
    return { word: 'RED', text: `${failed.object} does not work: ${failed.text}`, next: failed.next };
  if (worst !== undefined) {
    const word = worst.severity === 'error' ? 'RED' : 'ATTENTION';
    return { word, text: worst.text, next: worst.next };
  }
  if (fingerprint !== null)
    return { word: 'WAITING', text: 'The operator has not approved this machine yet.', next: readTheWords };
  if (wanted === null)
    return { word: 'READY', text: 'Nothing is wanted from this site yet.', next: 'Wait for the operator.' };
  if (cluster.state === 'unknown')
    return { word: 'STARTING', text: 'This agent has not looked at Kubernetes yet.', next: 'Wait.' };
  if (cluster.isOld || health.isOld) return { word: 'UNKNOWN', text: oldText(status), next: oldNext };
  if (!applied) return { word: 'WORKING', text: 'Not everything wanted is applied yet.', next: 'Wait.' };
  if (health.lookedAt === null)
    return {
      word: 'WORKING',
      text: 'Everything wanted is applied; nobody has looked yet whether it works.',
      next: 'Wait.',
    };
  if (health.state !== 'healthy')
    return {
      word: 'WORKING',
      text: 'Everything wanted is applied; not all of it is ready yet.',
      next: 'Wait.',
    };
  return { word: 'GREEN', text: 'Everything wanted runs and works.', next: '' };
}

const readTheWords = 'Read the six words below to the operator, who approves when both ends show the same.';
const oldNext = 'If it stays so, look at the log of tre-agent and start it again; what runs goes on.';

function oldText({ cluster, health }: Omit<AgentStatus, 'verdict'>): string {
  const at = (cluster.isOld ? cluster.lookedAt : health.lookedAt) ?? '';
  return `This agent last looked at ${at.slice(0, 10)} ${at.slice(11, 16)} UTC; what it says below may have changed.`;
}
