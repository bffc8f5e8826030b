// The first line of the screen: how the site stands in one word, why in one sentence, and what to do. PURE.
// Law: green means that everything wanted is applied and works, seen within the last three heartbeats, and that this
// cluster was shown to keep projects apart; nothing else is green. Called by status.ts.
import { conditions as conditionList } from '../../proto/conditions.ts';
import type { AgentStatus, Verdict } from './agent-status.ts';

type Facts = Omit<AgentStatus, 'verdict'>;

export function verdictOf(status: Facts): Verdict {
  const { conditions, wanted, fingerprint, cluster, applied, health } = status;
  const broken = conditions.find(({ severity }) => severity === 'error');
  const [failed] = health.troubles;
  if (broken?.code === 'NotHealthy' && failed?.status === 'failed')
    return { word: 'RED', text: `${failed.object} does not work: ${failed.text}`, next: failed.next };
  if (broken !== undefined) return { word: 'RED', text: broken.text, next: broken.next };
  // Before any warning: who has not looked for a while cannot say that it goes on.
  if (wanted !== null && (cluster.isOld || health.isOld))
    return { word: 'UNKNOWN', text: oldText(status), next: oldNext };
  const warning = conditions.find(({ severity }) => severity === 'warning');
  if (warning !== undefined) return { word: 'ATTENTION', text: warning.text, next: warning.next };
  if (fingerprint !== null)
    return { word: 'WAITING', text: 'The operator has not approved this machine yet.', next: readTheWords };
  if (wanted === null)
    return { word: 'READY', text: 'Nothing is wanted from this site yet.', next: 'Wait for the operator.' };
  if (cluster.state === 'unknown')
    return { word: 'STARTING', text: 'This agent has not looked at Kubernetes yet.', next: 'Wait.' };
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
  return unshown(status) ?? { word: 'GREEN', text: 'Everything wanted runs and works.', next: '' };
}

/** A site that works, but of which isolation was not shown: health is one thing, this another. Undefined when it was. */
function unshown({ isolation }: Facts): Verdict | undefined {
  if (isolation === null || isolation.checkedAt === null)
    return {
      word: 'WORKING',
      text: 'Everything wanted runs and works; whether projects are kept apart was not tried yet.',
      next: 'Wait.',
    };
  if (isolation.networkPolicy === 'enforced') return undefined;
  // As a rule its condition has said so above; this holds until the report that carries it was made.
  const isBroken = isolation.networkPolicy === 'not-enforced';
  const { text, next } = conditionList[isBroken ? 'NetworkPolicyNotEnforced' : 'NetworkPolicyUnproven'];
  return { word: 'ATTENTION', text, next };
}

const readTheWords = 'Read the six words below to the operator, who approves when both ends show the same.';
const oldNext = 'If it stays so, look at the log of tre-agent and start it again; what runs goes on.';

function oldText({ cluster, health, now }: Facts): string {
  const at = (cluster.isOld ? cluster.lookedAt : health.lookedAt) ?? '';
  const how = Date.parse(at) > Date.parse(now) ? ', by a clock that was set back since' : '';
  return `This agent last looked at ${at.slice(0, 10)} ${at.slice(11, 16)} UTC${how}; what it says may have changed.`;
}
