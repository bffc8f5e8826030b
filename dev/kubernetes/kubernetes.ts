// `npm run kubernetes -- up|down|status|pin`: a Kubernetes in the background, for people. Progress goes to standard
// error, the result to standard output. `supervise` is the background process itself; only `up` calls it.
import { homedir } from 'node:os';
import { errors } from '../../proto/errors.ts';
import { failureWords } from '../failure.ts';
import { type KubernetesCommand, parseCommand } from './kubernetes-options.ts';
import { pin } from './pin.ts';
import { down, type Running, type State, stateOf, supervise, up } from './supervisor.ts';

const parsed = parseCommand(process.argv.slice(2), {
  home: homedir(),
  stateHome: process.env['XDG_STATE_HOME'],
});
if (parsed.ok) {
  process.exit(await run(parsed.value));
} else {
  (parsed.help ? process.stdout : process.stderr).write(parsed.text);
  process.exit(parsed.help ? 0 : errors.USAGE.exit);
}

async function run(options: KubernetesCommand): Promise<number> {
  const stopped = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort());
  try {
    return await carryOut(options, stopped.signal);
  } catch (error) {
    if (stopped.signal.aborted) return options.command === 'supervise' ? 0 : 130;
    const { text, exitCode } = failureWords(error);
    process.stderr.write(`${text}\n`);
    return exitCode;
  }
}

async function carryOut(options: KubernetesCommand, signal: AbortSignal): Promise<number> {
  const { command, dataDir, node, json } = options;
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  switch (command) {
    case 'up':
      print(json, { state: 'running', ready: true, running: await up({ dataDir, node, signal, log }) });
      return 0;
    case 'down': {
      const stopped = await down(dataDir, signal);
      if (json) process.stdout.write(`${JSON.stringify({ state: 'stopped', stopped })}\n`);
      else process.stdout.write(stopped ? 'stopped\n' : 'nothing runs\n');
      return 0;
    }
    case 'status':
      return report(json, await stateOf(dataDir));
    case 'pin':
      await pin(signal, log);
      return 0;
    case 'supervise':
      await supervise({ dataDir, node, signal, stopped: signal, log });
      return 0;
  }
}

function report(json: boolean, state: State): number {
  print(json, state);
  return state.state === 'running' && !state.ready ? errors.CLUSTER_UNREACHABLE.exit : 0;
}

function print(json: boolean, state: State): void {
  process.stdout.write(json ? `${JSON.stringify(state)}\n` : textOf(state));
}

function textOf(state: State): string {
  if (state.state === 'stopped') return 'nothing runs\n';
  if (state.state === 'other') return 'runs, started by another command; only that one can stop it\n';
  return `${state.ready ? 'running' : 'running, but not ready'}\n${table(state.running)}`;
}

function nodeText({ node, nodeNamespace }: Running): string {
  if (node === 'none') return 'none: pods stay Pending';
  if (node === 'simulated') return 'one, simulated: no container runs';
  return `one, real: containers run; their network: nsenter --net=${nodeNamespace}`;
}

function table(running: Running): string {
  const parts = Object.entries(running.parts).map(([name, pid]) => `${name} ${pid}`);
  const rows: [string, string][] = [
    ['server', running.serverUrl],
    ['node', nodeText(running)],
    ['kubeconfig', running.adminKubeconfig],
    ['kubeconfig of the agent', running.agentKubeconfig],
    ['kubectl', running.kubectl],
    ['audit log', running.auditLogFile],
    ['processes', `supervisor ${running.pid}, ${parts.join(', ')}`],
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(24)} ${value}\n`).join('');
}
