// The Node that this repository pins, and how a program is started on it.
// Plain JavaScript for the machine's own Node (20 or later): the shims beside this file and dev/run.mjs
// use it before any TypeScript can run. Invariants: stdio, exit code and ending signal are the program's
// own; a signal reaches the program once, however many parents (a terminal, npm) pass it on.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const supported = ['linux-x64', 'linux-arm64'];
const repeatedSignalMs = 1000;

/** Path of the pinned Node, whether or not it is installed yet. Ends the process on a machine it does not exist for. */
export function pinnedNode() {
  const platform = `${process.platform}-${process.arch}`;
  if (!supported.includes(platform)) {
    fail(`TRE Fleet runs on ${supported.join(' and ')}; this machine is ${platform}.`);
  }
  return join(root, 'node_modules', `node-${platform}`, 'bin', 'node');
}

/**
 * A shim's whole work: the built file if there is one, else the TypeScript entry, on the pinned Node.
 * `nodeFlags` are flags of Node, `env` is added to the environment.
 */
export function runProgram({ built, source, nodeFlags = [], env = {} }) {
  const node = pinnedNode();
  if (!existsSync(node)) fail(`The pinned Node is not installed: run "npm ci" in ${root} first.`);
  const file = [built, source].map((path) => join(root, path)).find((path) => existsSync(path));
  if (file === undefined) fail(`Neither ${built} nor ${source} exists in ${root}.`);
  const args = [...nodeFlags, file, ...process.argv.slice(2)];
  const environment = { ...process.env, ...env };
  // The same process when this Node can do it: a supervisor sees one process id, and no parent stays in memory.
  if (typeof process.execve === 'function') process.execve(node, [node, ...args], environment);
  startNode(node, args, environment);
}

/** Starts `node` as a child on this terminal, passes signals on and ends as it ends. */
export function startNode(node, args, env) {
  const path = [join(root, 'node_modules', '.bin'), env.PATH].filter(Boolean).join(delimiter);
  const child = spawn(node, args, { stdio: 'inherit', env: { ...env, PATH: path } });
  const stopForwarding = forwardSignals(child);
  child.once('error', (error) => {
    fail(`Cannot start ${node}: ${error.message}. It needs a Linux with glibc 2.34 or later.`);
  });
  child.once('exit', (code, signal) => {
    stopForwarding();
    if (signal === null) process.exit(code);
    process.kill(process.pid, signal);
    // Reached only when the signal does not end this process: report it as a shell would.
    process.exitCode = 128 + constants.signals[signal];
  });
}

/** Ends this process with one sentence on stderr. */
export function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

// npm passes on a Ctrl-C that the terminal has already given to the whole group: hence the terminal rule for
// SIGINT, and the pause after each signal.
function forwardSignals(child) {
  const lastMs = new Map();
  const forward = (signal) => {
    if (signal === 'SIGINT' && isTerminalForeground()) return;
    const nowMs = Date.now();
    if (nowMs - (lastMs.get(signal) ?? 0) < repeatedSignalMs) return;
    lastMs.set(signal, nowMs);
    child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];
  for (const signal of signals) process.on(signal, forward);
  return () => {
    for (const signal of signals) process.removeListener(signal, forward);
  };
}

// Fields of /proc/self/stat after the command name: state, parent, group, session, terminal, its foreground group.
function isTerminalForeground() {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[4] !== '0' && fields[2] === fields[5];
}
