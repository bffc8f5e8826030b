// tre-control-plane: holds sites and releases, issues each site its signed desired state, and never decides what a
// release may contain. The composition root: commands for the machine it runs on; everything else goes through the
// REST API (trectl) or the agents' listener. Exit codes: 0 done, 1 failed, 2 usage, 3 refused.
import { join, resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { ensurePrivateDir, writeFileAtomic } from '../daemon/atomic-file.ts';
import { systemClock } from '../daemon/clock.ts';
import { endProcess, runProcess } from '../daemon/lifecycle.ts';
import { createLog } from '../daemon/log.ts';
import { systemRandom } from '../daemon/random.ts';
import { lockFolder } from '../daemon/sqlite.ts';
import manifest from '../package.json' with { type: 'json' };
import { configFile, loadSettings } from './config.ts';
import { describeFailure } from './failure.ts';
import { runControlPlane } from './run.ts';
import type { Role } from './store/operator-tokens.ts';
import { openDirector } from './trust/director.ts';
import { addOperator, initialise, openInitialised, raiseEpoch, trustFolder } from './trust/initialise.ts';

type Flags = Readonly<Record<string, string>>;

const program = new Command('tre-control-plane')
  .description('Holds sites and releases, and issues each site its signed desired state.')
  .version(manifest.version)
  .showHelpAfterError('    Run the command with --help.')
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'USAGE: ')) })
  .exitOverride();

withSettings(program.command('init'))
  .description('make a control plane in an empty folder')
  .option(
    '--token-file <file>',
    'where the first operator token is written, once (default: <data>/operator-token)',
  )
  .addHelpText(
    'after',
    '\nExample:\n  $ tre-control-plane init --data /var/lib/tre-control-plane --host tre.example.org',
  )
  .action(init);
withSettings(program.command('run'))
  .description('run until SIGTERM; logs are JSON lines on stdout')
  .addHelpText('after', '\nExample:\n  $ tre-control-plane run --data /var/lib/tre-control-plane')
  .action(run);
withSettings(program.command('director-key'))
  .description('print the public key that sites know this control plane by')
  .addHelpText('after', '\nExample:\n  $ tre-control-plane director-key --data /var/lib/tre-control-plane')
  .action(directorKey);
withSettings(program.command('recover'))
  .description(
    'raise the epoch after a restore from an old backup, so that sites that are ahead can be assigned to again',
  )
  .requiredOption('--why <text>', 'kept in the audit')
  .addHelpText('after', '\nExample:\n  $ tre-control-plane recover --why "restored the backup of Monday"')
  .action(recover);
withSettings(program.command('token').description('operator tokens').command('new'))
  .description('make an operator token; the file is the only place where it can be read')
  .addOption(
    new Option('--role <role>', 'what it may do').choices(['viewer', 'operator']).makeOptionMandatory(),
  )
  .requiredOption('--name <name>', 'who uses it, as the audit shall say')
  .requiredOption('--out <file>', 'where it is written (0600)')
  .addHelpText(
    'after',
    '\nExample:\n  $ tre-control-plane token new --role viewer --name grafana --out grafana.token',
  )
  .action(newToken);
withSettings(program.command('config').description('settings').command('explain'))
  .description('print every setting, its value and where it comes from')
  .addHelpText('after', '\nExample:\n  $ tre-control-plane config explain --data /var/lib/tre-control-plane')
  .action(explain);

await main();

async function main(): Promise<void> {
  try {
    await program.parseAsync(process.argv);
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else fail(error);
  }
}

async function init(flags: Flags): Promise<void> {
  const { values } = await loadSettings(flags);
  const { data, host, listen, grpcPort, httpPort, alertUrl, alertSecretFile, alertCaFile } = values;
  const file = (path: string) => (path === '' ? '' : resolve(path));
  const alertFiles = { alertSecretFile: file(alertSecretFile), alertCaFile: file(alertCaFile) };
  const alerts = alertUrl === '' ? {} : { alertUrl, ...alertFiles };
  const tokenFile = resolve(flags['tokenFile'] ?? join(data, 'operator-token'));
  await ensurePrivateDir(data);
  using _lock = lockFolder(data);
  await initialise(data, { clock: systemClock, random: systemRandom(systemClock), domain: host, tokenFile });
  await writeFileAtomic(
    configFile(data),
    `${JSON.stringify({ host, listen, grpcPort, httpPort, ...alerts }, undefined, 2)}\n`,
  );
  say(`A control plane for ${host} is in ${data}.`);
  say(`The first operator token is in ${tokenFile}.`);
  say(`Start it:  tre-control-plane run --data ${data}`);
  say(
    `Use it:    trectl login --server https://${host}:${httpPort} --ca ${join(trustFolder(data), 'ca.pem')} --token-file ${tokenFile}`,
  );
}

async function run(flags: Flags): Promise<void> {
  const { values: settings } = await loadSettings(flags);
  const log = createLog({ level: settings.logLevel });
  let failure: unknown;
  const code = await runProcess({
    log,
    start: async (lifecycle) => {
      try {
        const { agents, api } = await runControlPlane(lifecycle, {
          settings,
          version: manifest.version,
          log,
        });
        log.info({ agents, api }, 'ready');
      } catch (error) {
        failure = error;
        throw error;
      }
    },
  });
  if (failure !== undefined) fail(failure);
  endProcess(failure === undefined ? code : Number(process.exitCode));
}

async function directorKey(flags: Flags): Promise<void> {
  const { values } = await loadSettings(flags);
  const { name, key } = (await openDirector(trustFolder(values.data))).publicKey;
  say(JSON.stringify({ name, key }, undefined, 2));
}

async function recover(flags: Flags): Promise<void> {
  const { values } = await loadSettings(flags);
  await using store = await openInitialised(values.data);
  const epoch = raiseEpoch(store, { clock: systemClock, why: String(flags['why']) });
  say(
    `The epoch is ${epoch} now. Sites that are ahead follow once each has connected and been assigned a release.`,
  );
}

async function newToken(flags: Flags): Promise<void> {
  const { values } = await loadSettings(flags);
  const file = resolve(String(flags['out']));
  // No lock: this may run beside the control plane, which reads the new token from the same database.
  await using store = await openInitialised(values.data);
  const token = { name: String(flags['name']), role: flags['role'] as Role, file };
  await addOperator(store, { clock: systemClock, random: systemRandom(systemClock), ...token });
  say(`The token of ${token.name} (${token.role}) is in ${file}.`);
}

async function explain(flags: Flags): Promise<void> {
  const { values, origins } = await loadSettings(flags);
  for (const [name, value] of Object.entries(values)) {
    const { source, name: where } = origins[name as keyof typeof origins];
    say(`${name}: ${JSON.stringify(value)}  (${source}${where === '' ? '' : ` ${where}`})`);
  }
}

function withSettings(command: Command): Command {
  return command
    .option('--data <folder>', 'the data folder')
    .option('--host <name>', 'name or address by which agents and people reach this machine')
    .option('--listen <address>', 'address to listen on')
    .option('--grpc-port <port>', 'port for agents')
    .option('--http-port <port>', 'port for people')
    .option('--alert-url <url>', 'address that alerts are sent to')
    .option('--alert-secret-file <file>', 'secret that signs the alerts')
    .option('--alert-ca-file <file>', 'CA of the alert address')
    .option('--log-level <level>', 'least level of log lines');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(error: unknown): void {
  const { exitCode, text } = describeFailure(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = exitCode;
}
