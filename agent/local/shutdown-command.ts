// `tre-agent shutdown`: asks the running agent to stop applying, to send what waits for at most ten seconds, and to end. What
// runs in Kubernetes goes on. Prints each step, and returns when the agent is gone. Registered by main.ts.
import type { Command } from 'commander';
import { TreError } from '../../proto/errors.ts';
import { type Flags, type LocalContext, withSocket } from './command-context.ts';
import { counted } from './screen-words.ts';
import { drainMs, type ShutdownStep } from './shutdown.ts';
import { askAgent, askLines } from './socket.ts';

const goneWithinMs = 30_000;
const lookEveryMs = 100;

export function addShutdownCommand(program: Command, context: LocalContext): void {
  withSocket(program.command('shutdown'))
    .description('end the agent in order; what runs in Kubernetes goes on')
    .addHelpText(
      'after',
      `
A service manager may start it again at once: with systemd, use \`systemctl stop tre-agent\` afterwards.

Example:
  $ tre-agent shutdown`,
    )
    .action((flags: Flags) => shutdown(flags, context));
}

async function shutdown(flags: Flags, context: LocalContext): Promise<void> {
  const { socket } = (await context.settings(flags)).values;
  for await (const step of askLines(socket, { command: 'shutdown' }, drainMs + goneWithinMs))
    context.out(textOf(step as ShutdownStep));
  await gone(socket, context);
  context.out(
    'The agent has ended. What runs in Kubernetes goes on; nothing is repaired until it is started again.',
  );
}

function textOf(step: ShutdownStep): string {
  switch (step.step) {
    case 'applying-stopped':
      return 'Nothing is applied or deleted any more.';
    case 'reports': {
      if (step.waiting === 0) return 'All reports have been sent.';
      const why = step.isConnected ? 'within ten seconds' : 'for the control plane does not answer';
      return `${counted(step.waiting, 'report')} could not be sent ${why}: kept on disk for the next start.`;
    }
    case 'ending':
      return 'Closing the stores.';
  }
}

/** Throws TreError INTERNAL when it is still there after half a minute. */
async function gone(socket: string, { clock }: LocalContext): Promise<void> {
  const untilMs = clock.monotonic() + goneWithinMs;
  for (;;) {
    try {
      await askAgent(socket, { command: 'status' });
    } catch (error) {
      if (error instanceof TreError && error.code === 'AGENT_NOT_RUNNING') return;
    }
    if (clock.monotonic() > untilMs) throw new TreError('INTERNAL', 'the agent is still there');
    await clock.sleep(lookEveryMs);
  }
}
