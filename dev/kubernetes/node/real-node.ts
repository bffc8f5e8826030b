// A real node: containerd and a kubelet in namespaces of their own, images of our own, pods that run. The API server
// stays on loopback of the machine; a relay carries both ways (go-node/node-relay). Invariants: everything ends with the
// starter; a start begins with an empty node, as if the machine were new, so nothing of an earlier run is shown.
// Called by start-kubernetes.ts; tests kill and restart the parts through it.
import { join } from 'node:path';
import { geteuid } from 'node:process';
import { ensurePrivateDir } from '../../../daemon/atomic-file.ts';
import { systemClock } from '../../../daemon/clock.ts';
import { isDaemonError } from '../../../daemon/errors.ts';
import { type Exec, type RunResult, runChecked } from '../../../daemon/exec.ts';
import { TreError } from '../../../proto/errors.ts';
import type { Api } from '../api.ts';
import { type BinariesOptions, findBuild } from '../binaries.ts';
import { imagesBuild, nodeBuild } from '../go-builds.ts';
import type { ServerProcess } from '../server-process.ts';
import { cgroupObstacle } from './cgroups.ts';
import { nodeImages } from './node-images.ts';
import { nodeObstacle, runcSource } from './node-obstacle.ts';
import {
  type NodePart,
  type NodePrograms,
  nodeParts,
  nodePartsOf,
  type PartsOptions,
  writeNodeSettings,
} from './node-parts.ts';
import { containerdSocket, nodeName } from './node-settings.ts';
import { type NodeWorld, openWorld } from './node-world.ts';

/** A part of the node that a test may kill and start again. */
export interface NodePartHandle {
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when it does its work again. */
  start(signal: AbortSignal): Promise<void>;
}

export interface RealNode extends AsyncDisposable {
  readonly name: string;
  /** `/proc/PID/ns/net`: for `nsenter --net=`, where the pods can be reached by their addresses. */
  readonly networkNamespace: string;
  /** Name of the control group of the pods. */
  readonly cgroup: string;
  readonly containerd: NodePartHandle;
  readonly kubelet: NodePartHandle;
  /** Of the running parts; inside the namespaces each is the child of the process named here. */
  pids(): Partial<Record<NodePart, number>>;
  /** Runs a program in all namespaces of the node; an exit code is an answer. */
  run(program: string, args: readonly string[]): Promise<RunResult>;
  /** Imports the images of a tar that imageTar made, within a minute. */
  importImages(tar: Uint8Array, signal?: AbortSignal): Promise<void>;
}

/** The programs, built when they are missing; or why this machine can have no real node. */
export async function findNodePrograms(
  exec: Exec,
  options: BinariesOptions,
): Promise<NodePrograms | { readonly obstacle: string }> {
  const obstacle = (await nodeObstacle(exec, geteuid?.())) ?? (await cgroupObstacle(systemClock));
  if (obstacle !== undefined) return { obstacle };
  const source = await runcSource(exec);
  if ('obstacle' in source) return source;
  try {
    const folder = await findBuild(nodeBuild(source.runc === 'build'), options);
    const images = await findBuild(imagesBuild, options);
    return { folder, images, runc: source.runc === 'build' ? join(folder, 'runc') : source.runc };
  } catch (error) {
    if (!(error instanceof TreError)) throw error;
    // The ways to get a Kubernetes are of no use to somebody who has one.
    return { obstacle: `its programs cannot be built: ${error.facts['obstacle'] ?? error.message}` };
  }
}

export interface RealNodeOptions extends PartsOptions {
  readonly admin: Api;
  readonly signal: AbortSignal;
}

/** Resolves when the node is Ready, about 3 s. Throws what its parts say; nothing is left then. */
export async function startRealNode(programs: NodePrograms, options: RealNodeOptions): Promise<RealNode> {
  const { layout, exec, signal } = options;
  await using opened = new AsyncDisposableStack();
  await ensurePrivateDir(layout.node);
  const folders = [programs.folder, options.binaries.folder];
  const world = opened.use(
    await openWorld({ folder: layout.node, programs: folders, exec, clock: systemClock, signal }),
  );
  await writeNodeSettings(world, programs, layout);
  const parts = nodePartsOf(world, programs, options);
  opened.defer(async () => void (await Promise.all(Object.values(parts).map((part) => part.stop()))));
  const containerd = containerdHandle(parts.containerd, { world, exec, ctr: join(programs.folder, 'ctr') });
  const kubelet = kubeletHandle(parts.kubelet, options.admin);
  await parts['node-relay'].start();
  await containerd.start(signal);
  await containerd.importImages(await nodeImages(programs.images), signal);
  await kubelet.start(signal);
  const stack = opened.move();
  return {
    name: nodeName,
    networkNamespace: world.networkNamespace,
    cgroup: world.cgroup,
    containerd,
    kubelet,
    pids: () => Object.fromEntries(nodeParts.flatMap((name) => pairs(name, parts[name].pid()))),
    run: (program, args) => {
      const entered = world.inside(program, args);
      return exec.run(entered.command, entered.args);
    },
    importImages: containerd.importImages,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const attemptTimeoutMs = 5_000;
const importTimeoutMs = 60_000;

/** Whether a program that is to answer at once does; one that hangs does not. Throws DaemonError `aborted`. */
export async function isDone(
  exec: Exec,
  [command, ...args]: readonly [string, ...string[]],
  bounds: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<boolean> {
  try {
    return (await exec.run(command, args, { ...bounds, group: true })).code === 0;
  } catch (error) {
    if (isDaemonError(error, 'timeout')) return false;
    throw error;
  }
}

interface ContainerdTools {
  readonly world: NodeWorld;
  readonly exec: Exec;
  readonly ctr: string;
}

function containerdHandle(
  part: ServerProcess,
  { world, exec, ctr }: ContainerdTools,
): NodePartHandle & Pick<RealNode, 'importImages'> {
  const inside = (...args: string[]): ReturnType<NodeWorld['inside']> =>
    world.inside(ctr, ['--address', containerdSocket, '--namespace', 'k8s.io', ...args]);
  const isServing = async (signal: AbortSignal): Promise<boolean> => {
    const { command, args } = inside('version');
    return await isDone(exec, [command, ...args], { signal, timeoutMs: attemptTimeoutMs });
  };
  return {
    kill: () => part.kill(),
    start: async (signal) => {
      await part.start();
      await part.waitFor(() => isServing(signal), signal);
    },
    importImages: async (tar, signal) => {
      const { command, args } = inside('images', 'import', '--local', '--snapshotter', 'native', '-');
      const bounds = signal === undefined ? {} : { signal };
      await runChecked(exec, command, args, {
        input: tar,
        timeoutMs: importTimeoutMs,
        group: true,
        ...bounds,
      });
    },
  };
}

function kubeletHandle(part: ServerProcess, admin: Api): NodePartHandle {
  return {
    kill: () => part.kill(),
    start: async (signal) => {
      // A second is what the API server keeps of a time.
      const sinceMs = Math.floor(systemClock.now() / 1_000) * 1_000;
      await part.start();
      await part.waitFor(() => isReadySince(admin, sinceMs, signal), signal);
    },
  };
}

interface NodeStatus {
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly lastHeartbeatTime: string;
  }[];
}

/** An earlier kubelet may have said Ready: its word does not count. */
async function isReadySince(admin: Api, sinceMs: number, signal: AbortSignal): Promise<boolean> {
  const { status, body } = await admin.request({ path: `/api/v1/nodes/${nodeName}`, signal });
  if (status !== 200) return false;
  const { conditions = [] } = (body as { status: NodeStatus }).status;
  return conditions.some(
    (condition) =>
      condition.type === 'Ready' &&
      condition.status === 'True' &&
      Date.parse(condition.lastHeartbeatTime) >= sinceMs,
  );
}

function pairs(name: NodePart, pid: number | undefined): [NodePart, number][] {
  return pid === undefined ? [] : [[name, pid]];
}
