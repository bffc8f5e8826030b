// `tre-agent status`: asks the running agent and prints its screen, or the same facts as JSON; with --watch again and again.
// Exit code 0 when nothing is red, 1 when something is or the news is old, 3 when this user
// may not ask, 4 when no agent answers. Registered by main.ts.
import { type Command, Option } from 'commander';
import { errors, TreError } from '../../proto/errors.ts';
import type { AgentStatus } from './agent-status.ts';
import { type Flags, type LocalContext, withSocket } from './command-context.ts';
import { screenOf } from './screen.ts';
import { noAgentScreen } from './screen-none.ts';
import { askAgent, type NoAnswer, whyNoAnswer } from './socket.ts';
import { changesOf } from './watch.ts';
import { watchLine } from './watch-line.ts';

export function addStatusCommand(program: Command, context: LocalContext): void {
  withSocket(program.command('status'))
    .description('show what runs, what is wanted and what stands in the way')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .option(
      '-w, --watch',
      'go on showing it until Ctrl-C: a screen on a terminal, otherwise a line per change',
    )
    .addHelpText(
      'after',
      `
Exit code 0 when nothing is red, 1 when something is or when the agent has not looked for a while (UNKNOWN), 4 when no
agent answers.

Examples:
  $ tre-agent status
  $ tre-agent status --watch
  $ tre-agent status -o json --socket /run/tre-agent/agent.sock`,
    )
    .action((flags: Flags) => status(flags, context));
}

async function status(flags: Flags, context: LocalContext): Promise<void> {
  const { socket } = (await context.settings(flags)).values;
  const isJson = flags['output'] === 'json';
  if (flags['watch'] === true) return watch(socket, isJson, context);
  const shown = await answered(socket);
  if (typeof shown === 'string') {
    context.err(noAgentScreen(shown, socket, context));
    context.exitCode = errors[shown].exit;
    return;
  }
  context.out(isJson ? JSON.stringify(shown, undefined, 2) : screenOf(shown, context));
  context.exitCode = shown.isRed || shown.verdict.word === 'UNKNOWN' ? 1 : 0;
}

/** Until the process is ended; the status that was seen last decides the exit code of Ctrl-C no more. */
async function watch(socket: string, isJson: boolean, context: LocalContext): Promise<void> {
  const { redraw, out, clock } = context;
  const draw = isJson ? undefined : redraw;
  const look = async () => {
    const shown = await answered(socket);
    // That does not pass by itself.
    if (shown === 'SOCKET_FORBIDDEN') throw new TreError(shown, undefined, { facts: { socket } });
    return shown;
  };
  let before = '';
  for await (const shown of changesOf(look, { clock, isEach: draw !== undefined })) {
    if (isJson) out(JSON.stringify(typeof shown === 'string' ? { error: shown } : shown));
    else if (draw !== undefined)
      draw(typeof shown === 'string' ? noAgentScreen(shown, socket, context) : screenOf(shown, context));
    else {
      const line = watchLine(shown, context.paint);
      if (line !== before) out(`${new Date(clock.now()).toISOString().slice(0, 19)}Z ${line}`);
      before = line;
    }
  }
}

/** The status, or why there is none. */
async function answered(socket: string): Promise<AgentStatus | NoAnswer> {
  try {
    return ((await askAgent(socket, { command: 'status' })) as [AgentStatus])[0];
  } catch (error) {
    const why = whyNoAnswer(error);
    if (why === undefined) throw error;
    return why;
  }
}
