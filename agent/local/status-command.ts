// `tre-agent status`: asks the running agent and prints its screen, or the same facts as JSON.
// Exit code 0 when nothing is red, 1 when something is, 4 when no agent answers. Called by main.ts.
import process from 'node:process';
import { screenOf } from './screen.ts';
import { askAgent } from './socket.ts';
import type { AgentStatus } from './status.ts';

export interface StatusOptions {
  readonly socket: string;
  readonly output: 'text' | 'json';
}

/** Prints, and returns the exit code. Throws TreError AGENT_NOT_RUNNING. */
export async function printStatus({ socket, output }: StatusOptions): Promise<number> {
  const [status] = (await askAgent(socket, { command: 'status' })) as [AgentStatus];
  process.stdout.write(`${output === 'json' ? JSON.stringify(status, undefined, 2) : screenOf(status)}\n`);
  return status.isRed ? 1 : 0;
}
