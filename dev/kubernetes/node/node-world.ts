// The namespaces in which a real node runs: process ids, mounts and network of its own, without any link to the
// machine. Invariants: when the starter is gone, however it ended, the kernel ends all processes inside and takes their
// mounts, links and rules away; what outlives them, control groups and files, has the name of the data folder and is
// removed at the end and before the next start. Called by real-node.ts.
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../../../daemon/clock.ts';
import type { Child, Exec } from '../../../daemon/exec.ts';
import { systemFiles } from '../../../daemon/files.ts';
import { makeCgroups, removeCgroups } from './cgroups.ts';

export interface NodeWorld extends AsyncDisposable {
  /** Of whoever holds the namespaces open; gone with it. */
  readonly pid: number;
  /** `/proc/PID/ns/net`, for `nsenter --net=`. */
  readonly networkNamespace: string;
  /** The control group of all pods, `tre-node-...`. */
  readonly cgroup: string;
  /** Command and arguments that run a program inside; files have the same paths, but for /var and /run. */
  inside(program: string, args: readonly string[]): { readonly command: string; readonly args: string[] };
}

export interface WorldOptions {
  /** The node's folder; emptied. */
  readonly folder: string;
  /** Other folders that are needed inside. */
  readonly programs: readonly string[];
  readonly exec: Exec;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How long the making may take; 30 s when not given. */
  readonly withinMs?: number;
}

// For a starter that is killed: once everything inside is gone, the control groups can go.
const janitor = `cat > /dev/null
for try in $(seq 50); do
  find /sys/fs/cgroup -depth -type d -path "*/$1*" -exec rmdir {} + && exit
  sleep 0.1
done`;
const script = join(import.meta.dirname, 'world.sh');
const stopGraceMs = 2_000;
const makingTimeoutMs = 30_000;

/** Name of the control group of the node of one data folder. */
export function cgroupNameOf(folder: string): string {
  return `tre-node-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`;
}

/** Removes what an earlier node of this folder left, and makes the namespaces. Throws what unshare or ip say. */
export async function openWorld(options: WorldOptions): Promise<NodeWorld> {
  const { exec, clock } = options;
  const folder = join(await realpath(dirname(options.folder)), 'node');
  const cgroup = cgroupNameOf(folder);
  const sweep = async (): Promise<void> => {
    await removeCgroups(cgroup, clock);
    await systemFiles.remove(join(folder, 'root'));
  };
  await sweep();
  await systemFiles.mkdir(folder);
  const kept = await Promise.all([dirname(folder), ...options.programs].map((path) => realpath(path)));
  await using opened = new AsyncDisposableStack();
  opened.use(
    await exec.spawn('sh', ['-c', janitor, 'sh', cgroup], { output: 'ignore', leash: true, group: true }),
  );
  opened.defer(sweep);
  await makeCgroups(cgroup);
  const child = opened.use(await startInit([folder, ...kept], options));
  const stack = opened.move();
  const namespaces = `/proc/${child.pid}/ns`;
  return {
    pid: child.pid,
    networkNamespace: `${namespaces}/net`,
    cgroup,
    inside: (program, args) => {
      const entered = ['net', 'mnt', 'pid_for_children'].map((name) => `${namespaces}/${name}`);
      const flags = [`--net=${entered[0]}`, `--mount=${entered[1]}`, `--pid=${entered[2]}`];
      return { command: 'nsenter', args: [...flags, '--', program, ...args] };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** `--kill-child`: ending unshare ends the first process inside, and with it everything. */
async function startInit(
  args: readonly string[],
  { exec, signal, withinMs = makingTimeoutMs }: WorldOptions,
): Promise<Child> {
  const ready = Promise.withResolvers<void>();
  const said: string[] = [];
  const line = (text: string): void => (text === 'ready' ? ready.resolve() : void said.push(text));
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const command = [...namespaces, '--propagation=private', 'sh', script, ...args];
  signal.throwIfAborted();
  const child = await exec.spawn('unshare', command, {
    output: { line },
    leash: true,
    group: true,
    graceMs: stopGraceMs,
  });
  // The signal ends the making, not what was made.
  const ending = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
  const stop = (): void => void child.stop();
  ending.addEventListener('abort', stop, { once: true });
  const exit = await Promise.race([ready.promise, child.exited]);
  ending.removeEventListener('abort', stop);
  if (exit === undefined) return child;
  signal.throwIfAborted();
  const why = ending.aborted ? [`not done after ${withinMs / 1_000} s`, ...said] : said;
  throw new Error(`the namespaces of the node cannot be made: ${why.join(' ') || `code ${exit.code}`}`);
}
