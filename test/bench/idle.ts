// `npm run bench -- idle [--minutes 10]`: what an agent costs a hospital's machine while nothing happens. The bundled
// agent, started by its own shim, at a site with the example applied and healthy: time until its socket answers, memory at
// the end of the minutes, processor time, and requests that changed something in Kubernetes, of which there must be none.
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { AgentStatus } from '../../agent/local/agent-status.ts';
import { askAgent } from '../../agent/local/socket.ts';
import { systemClock } from '../../daemon/clock.ts';
import { environment } from '../../daemon/config.ts';
import { type Child, systemExec } from '../../daemon/exec.ts';
import { build, programs } from '../../dev/build.ts';
import type { LocalKubernetes } from '../../dev/kubernetes/kubernetes-handle.ts';
import { probeImage } from '../../dev/kubernetes/node/node-images.ts';
import { startKubernetes } from '../../dev/kubernetes/start-kubernetes.ts';
import { type Fleet, openFleet } from '../../dev/start/fleet.ts';
import { createProgress } from '../../dev/start/progress.ts';
import { assignRelease, ensureKeys, joinSite, publishRelease, waitForSite } from '../../dev/start/site.ts';
import { auditLogOf } from '../support/audit-log.ts';
import { atMost, type Bench, type Figure, median } from './report.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const exec = systemExec(environment());
const clock = systemClock;
const starts = 3;
const pollIntervalMs = 10;
const minuteMs = 60_000;
/** Seconds of processor time in ten minutes. */
const maxSecondsInTen = 3;
/** At the last start all is looked at once more, isolation too: how long that may take, and when it is surely over. */
const startingMs = 300_000;
const settleMs = 15_000;

export const bench: Bench = async (args, say) => {
  const minutes = minutesOf(args);
  const folder = await mkdtemp(join(tmpdir(), 'tre-idle-'));
  const signal = new AbortController().signal;
  const progress = createProgress(clock, (text) => say(text.trimEnd()));
  try {
    const shim = await bundledAgent(join(folder, 'installed'));
    await using fleet = await openFleet({
      dataDir: join(folder, 'data'),
      signal,
      exec,
      clock,
      progress,
      openKubernetes: startKubernetes,
    });
    await appliedExample(fleet, signal);
    await fleet.agent.stop();
    const readySeconds: number[] = [];
    for (let start = 1; start < starts; start += 1) {
      await using agent = await startAgent(shim, fleet);
      readySeconds.push(agent.readySeconds);
    }
    await using agent = await startAgent(shim, fleet);
    readySeconds.push(agent.readySeconds);
    return {
      name: 'idle',
      figures: [ready(readySeconds), ...(await quietFigures(agent.child.pid, fleet, { minutes, say }))],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

function minutesOf(args: readonly string[]): number {
  const at = args.indexOf('--minutes');
  const minutes = at < 0 ? 10 : Number(args[at + 1]);
  if (!(minutes > 0)) throw new TypeError('--minutes wants a number');
  return minutes;
}

/** The agent as it is installed: its shim, its bundle, and nothing else of ours. */
async function bundledAgent(folder: string): Promise<string> {
  const program = programs.find(({ name }) => name === 'tre-agent');
  if (program === undefined) throw new Error('there is no program tre-agent');
  await mkdir(folder, { recursive: true });
  await cp(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  // Only for the pinned Node that the shim looks for there; the bundle needs no packages.
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await build(exec, program, join(folder, 'dist'));
  return join(folder, 'bin', 'tre-agent.mjs');
}

async function appliedExample(opened: Fleet<LocalKubernetes>, signal: AbortSignal): Promise<void> {
  await ensureKeys(opened);
  const fleet = await joinSite(opened, clock, signal);
  const release = await publishRelease(fleet, join(root, 'examples', 'small-tre', 'v1'), signal);
  const generation = await assignRelease(fleet, release);
  await waitForSite(
    fleet,
    { clock, signal },
    ({ state }) => state?.generation === generation && state.applied && state.healthy,
  );
}

interface RunningAgent extends AsyncDisposable {
  readonly child: Child;
  readonly readySeconds: number;
}

async function startAgent(
  shim: string,
  { layout, kubernetes }: Fleet<LocalKubernetes>,
): Promise<RunningAgent> {
  const places = [
    '--data',
    layout.agent,
    '--kubeconfig',
    kubernetes.agentKubeconfig,
    '--socket',
    layout.agentSocket,
  ];
  const startedMs = clock.monotonic();
  const child = await exec.spawn(process.execPath, [shim, 'run', ...places], {
    output: { file: `${layout.logs}/bundled.log` },
    // As on a site: with the trial of isolation, where containers run.
    env: kubernetes.realNode === null ? {} : { TRE_AGENT_PROBE_IMAGE: probeImage },
  });
  while ((await statusOf(layout.agentSocket)) === undefined) await clock.sleep(pollIntervalMs);
  const readySeconds = (clock.monotonic() - startedMs) / 1000;
  return { child, readySeconds, [Symbol.asyncDispose]: async () => void (await child.stop()) };
}

async function statusOf(socket: string): Promise<AgentStatus | undefined> {
  const [status] = await askAgent(socket, { command: 'status' }).catch(() => []);
  return status as AgentStatus | undefined;
}

function ready(seconds: readonly number[]): Figure {
  return atMost(3, {
    name: `socket answers (median of ${seconds.length})`,
    value: median(seconds),
    unit: 's',
  });
}

async function quietFigures(
  pid: number,
  { layout, kubernetes }: Fleet<LocalKubernetes>,
  { minutes, say }: { readonly minutes: number; readonly say: (text: string) => void },
): Promise<readonly Figure[]> {
  await untilWell(layout.agentSocket, kubernetes.realNode !== null);
  await clock.sleep(settleMs);
  say(`the agent idles for ${minutes} minutes`);
  const audit = auditLogOf(kubernetes.auditLogFile, 'tre-agent');
  await audit.mark();
  const cpuBefore = await cpuSeconds(pid);
  await clock.sleep(minutes * minuteMs);
  const status = await statusOf(layout.agentSocket);
  if (!isWell(status)) throw new Error(`the agent was not idle: ${JSON.stringify(status)}`);
  const memory = await memoryMiB(pid);
  const mutations = await audit.mutations();
  for (const { verb, path, status, at } of mutations) say(`${at} ${verb} ${path}: ${status}`);
  return [
    atMost(60, { name: 'anonymous memory', value: memory.anonymous, unit: 'MiB' }),
    atMost(120, { name: 'resident memory', value: memory.resident, unit: 'MiB' }),
    atMost(0, {
      name: `changing requests in ${minutes} min`,
      value: mutations.length,
      unit: 'requests',
    }),
    atMost((maxSecondsInTen * minutes) / 10, {
      name: `processor time in ${minutes} min`,
      value: (await cpuSeconds(pid)) - cpuBefore,
      unit: 's',
    }),
  ];
}

/** `isTried`: isolation is, and nothing of the trial is left. */
async function untilWell(socket: string, isTried: boolean): Promise<void> {
  const endMs = clock.monotonic() + startingMs;
  for (;;) {
    const status = await statusOf(socket);
    const verdict = status?.isolation?.networkPolicy ?? 'unproven';
    if (isWell(status) && (!isTried || verdict !== 'unproven')) return;
    if (clock.monotonic() > endMs) throw new Error(`the agent never became idle: ${JSON.stringify(status)}`);
    await clock.sleep(1_000);
  }
}

function isWell(status: AgentStatus | undefined): boolean {
  if (status === undefined) return false;
  const { applied, health, controlPlane } = status;
  return applied && health.state === 'healthy' && controlPlane.state === 'connected';
}

/** From smaps_rollup, which counts the kilobytes of all mappings. */
async function memoryMiB(pid: number): Promise<{ readonly anonymous: number; readonly resident: number }> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) / 1024;
  return { anonymous: field('Anonymous'), resident: field('Rss') };
}

/** User and system time of a process and of the programs that it started: fields 14 to 17 of its stat, in ticks of 10 ms. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}
