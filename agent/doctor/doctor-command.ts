// `tre-agent doctor`: looks at every hop between this machine, the control plane and the cluster, names the first that is
// broken and says what to do. Independent of whether the agent runs. Exit code 0 when all is well, 1 when something is
// broken. Registered by agent/main.ts.
import { type Command, Option } from 'commander';
import { environment } from '../../daemon/config.ts';
import { endProcess } from '../../daemon/lifecycle.ts';
import { TreError } from '../../proto/errors.ts';
import { durationMs } from '../config.ts';
import { type LocalContext, withSocket } from '../local/command-context.ts';
import type { Tools } from './hop.ts';

type Flags = Readonly<Record<string, string>>;

export function addDoctorCommand(program: Command, context: LocalContext): void {
  withSocket(program.command('doctor'))
    .description('look at every hop to the control plane and the cluster, and name the one that is broken')
    .option('--data <folder>', 'the data folder')
    .option('--kubeconfig <file>', 'how to reach Kubernetes')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--timeout <time>', 'longest wait for one answer', '5s')
    .option('--keep-open <time>', 'how long a good connection is watched', '6s')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
Run it as root or as the user of tre-agent, whether the agent runs or not. Nothing is changed.
It ends within about a minute, whatever hangs; later when --timeout or --keep-open is longer.
Exit code 0 when all is well, 1 when something is broken.

Examples:
  $ tre-agent doctor
  $ tre-agent doctor --data /var/lib/tre-agent --timeout 10s -o json
  $ tre-agent doctor --keep-open 5m     (does a firewall cut connections that are idle?)`,
    )
    .action((flags: Flags) => printExamination(flags, context));
}

async function printExamination(
  { output, timeout, keepOpen, ...flags }: Flags,
  { out, clock, width, paint, version }: LocalContext,
): Promise<void> {
  const stopping = new AbortController();
  const tools: Tools = {
    clock,
    environment: environment(),
    flags,
    timeoutMs: spanMs('--timeout', timeout, shortestTimeoutMs),
    keepOpenMs: spanMs('--keep-open', keepOpen, 0),
    signal: stopping.signal,
  };
  // Loaded when it is asked for: the agent itself, which starts from the same file, has no use for it.
  const [{ examine }, { reportScreen }] = await Promise.all([
    import('./examine.ts'),
    import('./report-screen.ts'),
  ]);
  const report = await examine(tools, version);
  stopping.abort();
  out(output === 'json' ? JSON.stringify(report, undefined, 2) : reportScreen(report, { width, paint }));
  // A name server that is silent and a dead disk keep threads busy; there is nothing left to wait for.
  endProcess(report.ok ? 0 : 1);
}

/** A shorter one would call every network slow or shut. */
const shortestTimeoutMs = 100;
const longestMs = 24 * 3_600_000;

function spanMs(flag: string, text = '', leastMs: number): number {
  const ms = durationMs(text);
  if (ms >= leastMs && ms <= longestMs) return ms;
  throw new TreError('USAGE', `${flag} ${text} is no time from ${leastMs}ms to 24h, such as 500ms, 5s or 1m`);
}
