// `tre-agent hold` and `tre-agent release-hold`: somebody on site does not want new releases for a while. What runs goes on
// and is repaired; the operator sees that the site is held and until when, never why. Registered by main.ts.
import { type Command, Option } from 'commander';
import { errors, TreError } from '../../proto/errors.ts';
import type { Hold } from '../store/holds.ts';
import { type Flags, type LocalContext, withSocket } from './command-context.ts';
import { minute } from './screen-words.ts';
import { askAgent } from './socket.ts';
import { flagMs } from './time-flag.ts';
import { wrapped } from './wrap.ts';

/** As -o json prints it: times RFC 3339, UTC. */
export interface ShownHold {
  readonly since: string;
  readonly until: string;
  readonly why: string;
}

export function addHoldCommands(program: Command, context: LocalContext): void {
  withSocket(program.command('hold'))
    .description('refuse new releases for a while; what runs goes on and is repaired')
    .requiredOption('--for <time>', 'how long, from 1m to 30d, such as 8h')
    .requiredOption('--why <text>', 'why, for your colleagues; it stays on this machine')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
The hold ends by itself at its time. A second hold replaces the first one.

Example:
  $ tre-agent hold --for 8h --why "ward round until the evening"`,
    )
    .action((flags: Flags) => hold(flags, context));
  withSocket(program.command('release-hold'))
    .description('end the hold: what was refused is offered again at once')
    .addHelpText('after', '\nExample:\n  $ tre-agent release-hold')
    .action((flags: Flags) => release(flags, context));
}

async function hold(flags: Flags, context: LocalContext): Promise<void> {
  const forMs = flagMs(flags['for']);
  if (forMs === undefined || forMs > longestMs) throw new TreError('HOLD_INVALID');
  const why = String(flags['why']).trim();
  if (why === '' || why.length > maxWhyLength)
    throw new TreError('USAGE', `${errors.USAGE.text} --why takes 1 to ${maxWhyLength} characters.`);
  const { socket } = (await context.settings(flags)).values;
  const [made] = (await askAgent(socket, { command: 'hold', forMs, why })) as [Hold];
  const [since, until] = [made.sinceMs, made.untilMs].map((ms) => new Date(ms).toISOString()) as [
    string,
    string,
  ];
  if (flags['output'] === 'json') {
    const shown: ShownHold = { since, until, why: made.why };
    return context.out(JSON.stringify(shown, undefined, 2));
  }
  const lines = [
    `Held until ${minute(until)}: new releases are refused, what runs goes on and is repaired.`,
    'The operator sees that it is held and until when, not why. To end it sooner: tre-agent release-hold',
  ];
  context.out(lines.map((line) => wrapped(line, context.width)).join('\n'));
}

const longestMs = 30 * 24 * 3_600_000;
const maxWhyLength = 500;

async function release(flags: Flags, context: LocalContext): Promise<void> {
  const { socket } = (await context.settings(flags)).values;
  await askAgent(socket, { command: 'release-hold' });
  context.out('Released: new releases are accepted again.');
}
