// The agent itself: does it run, may this user ask it, and what does it say of the site that no other hop sees? When it
// does not run, who holds its data folder? Called by examine.ts.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../daemon/errors.ts';
import { lockHolder } from '../../daemon/sqlite.ts';
import { type ConditionCode, isConditionCode } from '../../proto/conditions.ts';
import { TreError } from '../../proto/errors.ts';
import type { AgentStatus } from '../local/agent-status.ts';
import { askAgent } from '../local/socket.ts';
import { type Finding, finding } from './findings.ts';
import { hop, type Look } from './hop.ts';

export const lookAtAgent = hop(
  'agent',
  ['settings'],
  async ({ settings, folder }, { timeoutMs }): Promise<Look> => {
    const { socket } = settings;
    try {
      const [status] = (await askAgent(socket, { command: 'status' }, timeoutMs)) as [AgentStatus];
      return {
        facts: `${status.version} answers at ${socket}`,
        findings: [...stuckFinding(status), ...ownFindings(status)],
      };
    } catch (error) {
      const silent = await silence(error, { socket, folder });
      const isDown = silent.code === 'AGENT_NOT_RUNNING' || silent.code === 'SOCKET_STALE';
      const mixed = isDown && folder !== undefined ? await ownersFinding(folder) : undefined;
      return { facts: silent.detail, findings: mixed === undefined ? [silent] : [mixed, silent] };
    }
  },
);

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
  'MemoryLow',
  'UnderPressure',
  'TemperatureHigh',
  'ClockNotSynchronised',
  'ClockOff',
]);

/** An agent may answer and do nothing else; while the cluster is away, nobody can look at health. */
function stuckFinding({ cluster, health }: AgentStatus): readonly Finding[] {
  const old = cluster.isOld ? cluster : cluster.state === 'ready' && health.isOld ? health : undefined;
  return old === undefined ? [] : [finding('AGENT_STUCK', `it last looked at ${old.lookedAt ?? 'nothing'}`)];
}

function ownFindings({ conditions, refusal }: AgentStatus): readonly Finding[] {
  const said = conditions
    .filter(({ code, severity }) => isConditionCode(code) && severity !== 'info' && !seenElsewhere.has(code))
    .map(({ code, count, since }) => finding(code, `${count > 0 ? `${count} objects, ` : ''}since ${since}`));
  if (refusal === null) return said;
  return [...said, finding(refusal.code, `generation ${refusal.generation} was refused at ${refusal.at}`)];
}

async function silence(
  error: unknown,
  { socket, folder }: { readonly socket: string; readonly folder: string | undefined },
): Promise<Finding> {
  const known = error instanceof TreError ? error.code : undefined;
  if (known === 'SOCKET_FORBIDDEN') return finding(known, await ownerText(socket));
  if (known === 'AGENT_SILENT') return finding(known, `${socket} takes the question and gives no answer`);
  if (!(error instanceof TreError) || known !== 'AGENT_NOT_RUNNING')
    return finding(
      'AGENT_SILENT',
      error instanceof TreError ? error.message : `what answers at ${socket} is no agent`,
    );
  // A folder that nobody could read is not touched again: it may hang.
  const holder = folder === undefined ? undefined : holderOf(folder);
  if (holder !== undefined) {
    const who = holder === 0 ? 'another process' : `process ${holder}`;
    return finding('DATA_LOCKED', `${who} holds ${folder}, and no agent answers at ${socket}`);
  }
  return systemCode(error.cause) === 'ECONNREFUSED'
    ? finding('SOCKET_STALE', socket)
    : finding('AGENT_NOT_RUNNING', socket);
}

function holderOf(folder: string): number | undefined {
  try {
    return lockHolder(folder);
  } catch {
    // A folder that this user may not read is the data hop's to say.
    return undefined;
  }
}

/** Root may use what another user cannot: an agent that root started once leaves files that its own user may not touch. */
async function ownersFinding(folder: string): Promise<Finding | undefined> {
  const [owner, ...others] = await Promise.all(
    ['', 'state.db', 'lock', 'keys'].map((name) => ownerOf(join(folder, name))),
  );
  const other = others.find((uid) => uid !== undefined && uid !== owner);
  if (owner === undefined || other === undefined) return undefined;
  return finding(
    'DATA_OWNERS_DIFFER',
    `${folder} belongs to user ${owner}, something in it to user ${other}`,
  );
}

function ownerOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ uid }) => uid,
    () => undefined,
  );
}

async function ownerText(socket: string): Promise<string> {
  const owner = await ownerOf(socket);
  return owner === undefined ? socket : `${socket}, which belongs to user ${owner}`;
}
