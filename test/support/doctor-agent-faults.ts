// Faults of the agent itself, and what only a running agent can tell: a real agent process at the bench's site. They come
// one after the other, for all but the last two leave it running. Read by the system test of the doctor.
import { chmodSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { openStore } from '../../agent/store/store.ts';
import { type AgentProcess, agentProcess } from './agent-process.ts';
import { publishRelease } from './control-plane.ts';
import { type Bench, type Fault } from './doctor-bench.ts';
import { configMapObject, makeRelease, newSigner, signaturesOf } from './documents.ts';
import { eventually } from './eventually.ts';

export interface RunningAgent {
  readonly agent: AgentProcess;
  readonly flags: Record<string, string>;
}

const hourMs = 3_600_000;

/** An agent at the bench's site that has begun to work. */
export async function startAgent(
  bench: Bench,
  prepare?: (data: string) => Promise<void>,
): Promise<RunningAgent> {
  const flags = await bench.whole();
  const { data = '', kubeconfig = '' } = flags;
  await prepare?.(data);
  const folder = dirname(data);
  const agent = bench.stack.use(agentProcess({ folder, kubeconfig, joinFile: join(folder, 'none') }));
  await agent.start();
  await eventually(async () => (await agent.status()).controlPlane.state === 'connected', {
    what: 'the agent is connected',
    timeoutMs: 20_000,
  });
  return { agent, flags };
}

/** In the order in which they must be injected. */
export function agentFaults({ agent, flags }: RunningAgent): readonly Fault[] {
  return [
    {
      name: 'no agent runs',
      hop: 'agent',
      code: 'AGENT_NOT_RUNNING',
      inject: async (bench) => ({ flags: await bench.whole() }),
    },
    {
      name: 'another user asks the agent',
      hop: 'agent',
      code: 'SOCKET_FORBIDDEN',
      inject: async () => {
        chmodSync(agent.socket, 0o000);
        return { flags, underFileModes: true };
      },
    },
    {
      name: 'another agent holds the data folder',
      hop: 'agent',
      code: 'DATA_LOCKED',
      inject: async (bench) => {
        chmodSync(agent.socket, 0o600);
        return { flags: { ...flags, socket: join(bench.folder(), 'agent.sock') } };
      },
    },
    {
      name: 'a release that nobody signed is refused',
      hop: 'agent',
      code: 'RELEASE_UNDER_SIGNED',
      inject: async ({ plane }) => {
        const made = makeRelease([configMapObject('a')]);
        await publishRelease(plane, made, signaturesOf(made.manifest, newSigner('eve')));
        await plane.rest('PUT', '/v1/sites/leeds/desired', { release: made.digest });
        await eventually(async () => (await agent.status()).refusal !== null, {
          what: 'the refusal',
          timeoutMs: 20_000,
        });
        return { flags };
      },
    },
    {
      name: 'the agent hangs',
      hop: 'agent',
      code: 'AGENT_SILENT',
      inject: async () => {
        process.kill(pidOf(flags), 'SIGSTOP');
        return { flags };
      },
    },
    {
      name: 'the agent was killed and left its socket',
      hop: 'agent',
      code: 'SOCKET_STALE',
      inject: async () => {
        process.kill(pidOf(flags), 'SIGKILL');
        await agent.stop();
        return { flags };
      },
    },
  ];
}

/** Somebody on site has put new releases on hold: an agent of its own, which is well. */
export const heldSite: Fault = {
  name: 'the site is held',
  hop: 'agent',
  code: 'HeldOnSite',
  inject: async (bench) => {
    const hold = async (data: string): Promise<void> => {
      await using store = await openStore(data, '019aaf00-0000-7000-8000-0000000000d1', 0);
      store.holds.set({ sinceMs: Date.now(), untilMs: Date.now() + hourMs, why: 'inspection' });
    };
    return { flags: (await startAgent(bench, hold)).flags };
  },
};

function pidOf({ data = '' }: Record<string, string>): number {
  return Number(readFileSync(join(data, 'lock.pid'), 'utf8').trim());
}
