// The real agent as a process of its own at a site that a test makes up: its own folder, join file and kubeconfig, and
// any control plane. `status` is what the person on site sees. Called by system tests that need more than a whole fleet.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { AgentStatus } from '../../agent/local/agent-status.ts';
import { askAgent } from '../../agent/local/socket.ts';
import { systemClock } from '../../daemon/clock.ts';
import { environment } from '../../daemon/config.ts';
import { type RunResult, systemExec } from '../../daemon/exec.ts';
import { programs } from '../../dev/start/commands.ts';
import { answers } from '../../dev/start/ready.ts';
import { createService } from '../../dev/start/service.ts';
import type { JoinFile, Keyset } from '../../proto/join-file.ts';
import type { TestControlPlane } from './control-plane.ts';

export interface AgentProcess extends AsyncDisposable {
  /** Its data folder. */
  readonly data: string;
  readonly socket: string;
  /** Resolves when its socket answers. Throws ServiceEnded when it ends instead. */
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  /** kill -9. */
  readonly kill: () => Promise<void>;
  /** Everything that it logged so far. */
  readonly log: () => string;
  /** The facts of its screen, over the socket as the command gets them. */
  readonly status: () => Promise<AgentStatus>;
  /** What `tre-agent status -o json` prints. */
  readonly printedStatus: () => Promise<AgentStatus>;
}

export interface AgentOptions {
  readonly kubeconfig: string;
  readonly joinFile: string;
  /** Below it lie its data, its socket and its log. */
  readonly folder: string;
  /** More flags of `tre-agent run`. */
  readonly flags?: readonly string[];
}

const exec = systemExec(environment());
const startTimeoutMs = 20_000;

/** Not started yet. */
export function agentProcess({ kubeconfig, joinFile, folder, flags = [] }: AgentOptions): AgentProcess {
  const [data, socket, logFile] = [
    join(folder, 'data'),
    join(folder, 'agent.sock'),
    join(folder, 'agent.log'),
  ];
  const service = createService(
    {
      name: 'agent',
      args: [programs.agent, ...runArguments({ data, socket, kubeconfig, joinFile }), ...flags],
      env: {},
      logFile,
      isReady: () => answers(socket),
      readyTimeoutMs: startTimeoutMs,
    },
    { exec, clock: systemClock },
  );
  return {
    data,
    socket,
    start: () => service.start(new AbortController().signal),
    stop: service.stop,
    kill: service.kill,
    log: () => readFileSync(logFile, 'utf8'),
    status: async () => ((await askAgent(socket, { command: 'status' })) as [AgentStatus])[0],
    printedStatus: () => printedStatus(socket),
    [Symbol.asyncDispose]: service.stop,
  };
}

/** Runs an agent that will not stay: to its end, which must come soon. */
export function runAgent(options: AgentOptions, timeoutMs = 20_000): Promise<RunResult> {
  const { folder, kubeconfig, joinFile, flags = [] } = options;
  const places = { data: join(folder, 'data'), socket: join(folder, 'agent.sock') };
  const args = runArguments({ ...places, kubeconfig, joinFile });
  return exec.run(process.execPath, [programs.agent, ...args, ...flags], { timeoutMs });
}

async function printedStatus(socket: string): Promise<AgentStatus> {
  const { stdout, stderr } = await exec.run(
    process.execPath,
    [programs.agent, 'status', '--socket', socket, '-o', 'json'],
    { timeoutMs: startTimeoutMs },
  );
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as AgentStatus;
}

/** Writes the join file of a site that exists; `changes` bends it. */
export async function writeJoinFile(
  path: string,
  plane: TestControlPlane,
  { site, keyset, ...changes }: { readonly site: string; readonly keyset: Keyset } & Partial<JoinFile>,
): Promise<JoinFile> {
  const { body: roots } = await plane.rest<Pick<JoinFile, 'address' | 'caDigest' | 'director'>>(
    'GET',
    '/v1/director',
  );
  const { body: made } = await plane.rest<{ siteId: string; siteName: string; token: string }>(
    'POST',
    `/v1/sites/${site}/join-token`,
    {},
  );
  const { siteId, siteName, token } = made;
  const file: JoinFile = { type: 'tre.join/v1', siteId, siteName, ...roots, token, keyset, ...changes };
  writeFileSync(path, JSON.stringify(file), { mode: 0o600 });
  return file;
}

interface Places {
  readonly data: string;
  readonly socket: string;
  readonly kubeconfig: string;
  readonly joinFile: string;
}

/** `tre-agent run` at these places. */
export function runArguments({ data, socket, kubeconfig, joinFile }: Places): string[] {
  return ['run', '--data', data, '--kubeconfig', kubeconfig, '--join', joinFile, '--socket', socket];
}
