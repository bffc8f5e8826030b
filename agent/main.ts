// tre-agent: takes a site to what its signed document asks for and keeps it there, with or without a control plane.
// The entry: commands for the machine it runs on. Exit codes: 0 done, 1 failed or something is red, 2 usage,
// 3 refused, 4 no agent answers.
import { Command, CommanderError } from 'commander';
import { environment } from '../daemon/config.ts';
import { endProcess, runProcess } from '../daemon/lifecycle.ts';
import { createLog } from '../daemon/log.ts';
import manifest from '../package.json' with { type: 'json' };
import { type ErrorCode, TreError } from '../proto/errors.ts';
import { loadSettings } from './config.ts';
import { addDoctorCommand } from './doctor/doctor-command.ts';
import { ownFindings } from './doctor/findings.ts';
import { describeFailure } from './failure.ts';
import { processContext, withSocket } from './local/command-context.ts';
import { addExplainCommand } from './local/explain-command.ts';
import { addHoldCommands } from './local/hold-command.ts';
import { addLedgerCommand } from './local/ledger-command.ts';
import { addSchemaCommand } from './local/schema-command.ts';
import { addShutdownCommand } from './local/shutdown-command.ts';
import { addStatusCommand } from './local/status-command.ts';
import { addSupportCommand } from './local/support-command.ts';
import { runAgent } from './run.ts';

type Flags = Readonly<Record<string, string>>;

const { version } = manifest;
const context = processContext({ environment: environment(), version, settings: loadSettings });
const program = new Command('tre-agent')
  .description('Takes a site to what its signed document asks for and keeps it there.')
  .version(version)
  .showHelpAfterError('    Run the command with --help.')
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'USAGE: ')) })
  .addHelpText(
    'after',
    `
Examples:
  $ tre-agent status
  $ tre-agent doctor                    (something is wrong: what, and what to do?)
  $ tre-agent help hold`,
  )
  .exitOverride();

withSocket(program.command('run'))
  .description('run until SIGTERM; logs are JSON lines on stdout')
  .option('--data <folder>', 'the data folder')
  .option('--kubeconfig <file>', 'how to reach Kubernetes')
  .option('--context <name>', 'context of the kubeconfig')
  .option('--join <file>', 'join file, needed until this machine has its certificate')
  .option('--observe-interval <time>', 'longest time between two looks at the cluster, such as 30s')
  .option('--reconnect-cap <time>', 'longest wait before the control plane is dialled again, such as 2m')
  .option('--log-level <level>', 'least level of log lines')
  .addHelpText(
    'after',
    `
Examples:
  $ tre-agent run --data /var/lib/tre-agent --kubeconfig agent.kubeconfig --join north.join
  $ tre-agent run                       (everything from /etc/tre-agent/agent.yaml)`,
  )
  .action(run);
const doctorCodes = Object.entries(ownFindings).map(
  ([code, words]) => ({ code, kind: 'finding of doctor', weight: '', ...words }) as const,
);
addStatusCommand(program, context);
addExplainCommand(program, context, doctorCodes);
addHoldCommands(program, context);
addLedgerCommand(program, context);
addDoctorCommand(program, context);
addSupportCommand(program, context);
addSchemaCommand(program, context, {
  doctor: async () => (await import('./doctor/report.ts')).reportJsonSchema(),
});
addShutdownCommand(program, context);
const explainExample = '\nExample:\n  $ tre-agent config explain';
const settingsCommands = program.command('config').description('settings');
settingsCommands.addHelpText('after', explainExample);
withSocket(settingsCommands.command('explain'))
  .description('print every setting, its value and where it comes from')
  .addHelpText('after', explainExample)
  .action(explain);

await main();

async function main(): Promise<void> {
  try {
    await program.parseAsync(process.argv);
    process.exitCode = context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else fail(error);
  }
}

async function run(flags: Flags): Promise<void> {
  const { values: settings } = await loadSettings(flags);
  const log = createLog({ level: settings.logLevel });
  let failure: unknown;
  const code = await runProcess({
    log,
    start: async (lifecycle) => {
      const onRefused = (refusal: ErrorCode): void => {
        failure = new TreError(refusal);
        lifecycle.stop(refusal);
      };
      try {
        await runAgent(lifecycle, { settings, version, log, onRefused });
        log.info({ socket: settings.socket }, 'ready');
      } catch (error) {
        failure = error;
        throw error;
      }
    },
  });
  if (failure !== undefined) fail(failure);
  endProcess(failure === undefined ? code : Number(process.exitCode));
}

async function explain(flags: Flags): Promise<void> {
  const { values, origins } = await loadSettings(flags);
  for (const [name, value] of Object.entries(values)) {
    const { source, name: where } = origins[name as keyof typeof origins];
    process.stdout.write(
      `${name}: ${JSON.stringify(value)}  (${source}${where === '' ? '' : ` ${where}`})\n`,
    );
  }
}

function fail(error: unknown): void {
  const { exitCode, text } = describeFailure(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = exitCode;
}
