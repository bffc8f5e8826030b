// Finds out what the machine is made of: starts read-hardware.ts as a program of its own, so that the library's memory,
// shells and mistakes are not the agent's. Invariants: what it prints is bounded in size and time and is only data; what
// names the machine is read by the agent itself, and only when the site allows it. Called by watch-hardware.ts.
import { hostname, machine, release } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { type Exec, runChecked } from '../../daemon/exec.ts';
import { hardwareFacts, identifyingFacts } from './hardware-facts.ts';
import type { HardwareFact } from './host-facts.ts';
import { textOf } from './read-host.ts';

/** All that programs which ask about the machine see of the agent's environment. */
export const programEnvironment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** A program to its end. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

const timeoutMs = 20_000;
const graceMs = 1_000;
const maxOutputBytes = 256 * 1024;

/** In the sources this file's neighbour; in the bundle a file of its own, beside the agent. */
const script = import.meta.url.endsWith('.ts') ? './read-hardware.ts' : './read-hardware.mjs';
export const hardwareReader: Program = {
  command: execPath,
  args: [fileURLToPath(new URL(script, import.meta.url))],
};

/** What the program printed. @throws DaemonError as runChecked and `timeout`; SyntaxError when it is no JSON */
export async function askHardware(
  exec: Exec,
  { command, args }: Program,
  signal: AbortSignal,
): Promise<unknown> {
  const options = { timeoutMs, graceMs, maxOutputBytes, signal, group: true };
  const { stdout } = await runChecked(exec, command, args, options);
  return JSON.parse(stdout);
}

/** Facts that name nobody; of fewer parts when there are no `answers`. `etc` is the folder of os-release. */
export function describeMachine(answers: unknown, etc: string): readonly HardwareFact[] {
  const osRelease = textOf(join(etc, 'os-release'));
  return hardwareFacts({ answers, osRelease, kernel: release(), architecture: machine() });
}

/** Facts that name this machine: call only when they may leave the site. Its serial number is for root alone to read. */
export function identify(sys: string): readonly HardwareFact[] {
  const serial = textOf(join(sys, 'class', 'dmi', 'id', 'product_serial'));
  return identifyingFacts({ serial, hostName: hostname() });
}
