// The agent itself: does it run, may this user ask it, and what does it say of the site that no other hop sees? When it
// does not run, who holds its data folder? Called by examine.ts.
import { stat } from 'node:fs/promises';
import { systemCode } from '../../daemon/errors.ts';
import { lockHolder } from '../../daemon/sqlite.ts';
import { type ConditionCode, isConditionCode } from '../../proto/conditions.ts';
import { TreError } from '../../proto/errors.ts';
import type { AgentStatus } from '../local/agent-status.ts';
import { askAgent } from '../local/socket.ts';
import { type Finding, finding } from './findings.ts';
import { hop, type Look, wrong } from './hop.ts';

export const lookAtAgent = hop('agent', ['settings'], async ({ settings }, { timeoutMs }): Promise<Look> => {
  const { socket, data } = settings;
  try {
    const [status] = (await askAgent(socket, { command: 'status' }, timeoutMs)) as [AgentStatus];
    return { facts: `${status.version} answers at ${socket}`, findings: ownFindings(status) };
  } catch (error) {
    return wrong(await silence(error, { socket, data }));
  }
});

/** What other hops look at themselves, nearer to the cause, and the refusal, which is shown with its own code. */
const seenElsewhere: ReadonlySet<ConditionCode> = new Set([
  'ControlPlaneUnreachable',
  'ClusterUnreachable',
  'ClusterUnauthenticated',
  'ClusterForbidden',
  'ClusterBusy',
  'ClusterFailing',
  'SiteRevoked',
  'OfferRefused',
  'NodeNotReady',
  'NodeSilent',
  'ContainerRuntimeDown',
  'DiskLow',
  'DiskFull',
  'InodesLow',
  'InodesFull',
  'ClockOff',
]);

function ownFindings({ conditions, refusal }: AgentStatus): readonly Finding[] {
  const said = conditions
    .filter(({ code, severity }) => isConditionCode(code) && severity !== 'info' && !seenElsewhere.has(code))
    .map(({ code, count, since }) => finding(code, `${count > 0 ? `${count} objects, ` : ''}since ${since}`));
  if (refusal === null) return said;
  return [...said, finding(refusal.code, `generation ${refusal.generation} was refused at ${refusal.at}`)];
}

async function silence(
  error: unknown,
  { socket, data }: { readonly socket: string; readonly data: string },
): Promise<Finding> {
  if (!(error instanceof TreError) || error.code !== 'AGENT_NOT_RUNNING')
    return finding(
      'AGENT_SILENT',
      error instanceof TreError ? error.message : `what answers at ${socket} is no agent`,
    );
  const code = systemCode(error.cause) ?? '';
  if (code === 'EACCES' || code === 'EPERM') return finding('SOCKET_FORBIDDEN', await ownerText(socket));
  const holder = holderOf(data);
  if (code === '' && error.cause !== undefined)
    return finding('AGENT_SILENT', `${socket} takes the question and gives no answer`);
  if (holder !== undefined) {
    const who = holder === 0 ? 'another process' : `process ${holder}`;
    return finding('DATA_LOCKED', `${who} holds ${data}, and no agent answers at ${socket}`);
  }
  return code === 'ECONNREFUSED' ? finding('SOCKET_STALE', socket) : finding('AGENT_NOT_RUNNING', socket);
}

function holderOf(folder: string): number | undefined {
  try {
    return lockHolder(folder);
  } catch {
    // A folder that this user may not read is the data hop's to say.
    return undefined;
  }
}

async function ownerText(socket: string): Promise<string> {
  const owner = await stat(socket).then(
    ({ uid }) => `, which belongs to user ${uid}`,
    () => '',
  );
  return `${socket}${owner}`;
}
