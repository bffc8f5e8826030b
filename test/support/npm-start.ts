// `npm start` as somebody types it: to its end, or until it is ended. Called by the tests of the start.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { type Child, type RunResult, systemExec } from '../../daemon/exec.ts';

const cwd = fileURLToPath(new URL('../..', import.meta.url));
const exec = systemExec(process.env);

/** How long a start may take when Kubernetes is built. */
export const startTimeoutMs = 120_000;
export const stopTimeoutMs = 30_000;

/** Until it ends by itself. */
export function npmStart(...args: readonly string[]): Promise<RunResult> {
  return exec.run('npm', ['start', '--', ...args], { cwd, group: true, timeoutMs: startTimeoutMs });
}

/** Each line that it says is added to `said`. */
export function startedOn(data: string, said: string[]): Promise<Child> {
  return exec.spawn('npm', ['start', '--', '--data', data], {
    cwd,
    group: true,
    graceMs: stopTimeoutMs,
    output: { line: (text) => said.push(text) },
  });
}

/** What --once prints at its end. */
export function lastLine(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

/** Running processes that name a data folder or work in it: id -> command line. */
export function processesOf(data: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const facts = [command, readlinkSync(`/proc/${name}/cwd`)];
      if (facts.some((fact) => fact.includes(data))) found.set(Number(name), command);
    } catch {
      // Gone meanwhile, or somebody else's.
    }
  }
  return found;
}
