// Where the programs come from: the user's cache, else a build from Go modules into it.
// Invariant: an answer names programs that were built from exactly the sources of this checkout, or there is one
// error that says all the ways to get a Kubernetes. Called by start-kubernetes.ts, by node/ and by the commands.
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { type Clock, systemClock } from '../../daemon/clock.ts';
import { isDaemonError } from '../../daemon/errors.ts';
import { type Exec, systemExec } from '../../daemon/exec.ts';
import { TreError } from '../../proto/errors.ts';
import { build } from './build.ts';
import { type GoBuild, kubernetesBuild } from './go-builds.ts';
import { buildKey, goVersion, type Part, type SourceFile } from './go-module.ts';
import { holdLock } from './held-lock.ts';

export interface BinariesOptions {
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  /** Of XDG_CACHE_HOME, and of the Go client; the process's own when not given. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly exec?: Exec;
  readonly clock?: Clock;
}

export interface Binaries {
  /** Folder in the cache. */
  readonly folder: string;
  /** Path of one program. */
  path(part: Part): string;
}

/** Programs from the cache, built first when they are not there. @throws TreError KUBERNETES_UNAVAILABLE */
export async function findBinaries(options: BinariesOptions): Promise<Binaries> {
  const folder = await findBuild(kubernetesBuild, options);
  return { folder, path: (part: Part) => join(folder, part) };
}

/** The cache folder of one build, built first when it is not there. @throws TreError KUBERNETES_UNAVAILABLE */
export async function findBuild(what: GoBuild, options: BinariesOptions): Promise<string> {
  const { environment = process.env } = options;
  const folder = await cacheFolder(environment, what);
  if (await isBuilt(folder, what)) return folder;
  const { signal, log, exec = systemExec(environment), clock = systemClock } = options;
  const obstacle = await findObstacle(exec);
  if (obstacle !== undefined) throw unavailable(folder, obstacle);
  await mkdir(join(folder, '..'), { recursive: true });
  const onWait = (): void => log(`another process builds ${what.name} just now: waiting for it`);
  await using _lock = await holdLock(`${folder}.lock`, { exec, signal, onWait });
  if (await isBuilt(folder, what)) return folder;
  try {
    await build({ what, target: folder, exec, clock, signal, log });
  } catch (error) {
    signal.throwIfAborted();
    throw unavailable(folder, error instanceof Error ? error.message : String(error));
  }
  return folder;
}

/** The folder of a build of this checkout: XDG_CACHE_HOME or ~/.cache, then tre-fleet/<name>/<key>. */
export async function cacheFolder(
  environment: Readonly<Record<string, string | undefined>>,
  what: GoBuild = kubernetesBuild,
): Promise<string> {
  const { XDG_CACHE_HOME: configured } = environment;
  const root = configured === undefined || configured === '' ? join(homedir(), '.cache') : configured;
  const platform = `${process.platform}-${process.arch}`;
  const key = buildKey(await sourceFiles(what.source), platform, [...what.flags, ...what.packages]);
  return join(root, 'tre-fleet', what.name, key);
}

/**
 * The one message for a machine without any Kubernetes: all three ways, and why the third did not work, which is also its
 * fact `obstacle`.
 */
export function unavailable(folder: string, obstacle: string): TreError {
  const ways = [
    'there is no Kubernetes to start. Any one of these gives one:',
    '  1. set TRE_KUBECONFIG to the kubeconfig of a cluster where you are administrator (npm start only);',
    `  2. copy a build of this checkout from another machine into the cache folder ${folder};`,
    `  3. install Go >= ${goVersion} and a C compiler, and run the same command again: it then builds Kubernetes by itself.`,
    `The build did not work because ${obstacle}`,
  ];
  return new TreError('KUBERNETES_UNAVAILABLE', ways.join('\n'), { facts: { obstacle } });
}

async function findObstacle(exec: Exec): Promise<string | undefined> {
  try {
    const { stdout } = await exec.run('go', ['env', 'GOVERSION', 'CC'], { env: { GOTOOLCHAIN: 'local' } });
    const [version = '', compiler = 'cc'] = stdout.split('\n');
    if (!isAtLeast(version, goVersion))
      return `${version || 'the Go client'} is too old; Go ${goVersion} or later is needed`;
    await exec.run(compiler.split(' ')[0] || 'cc', ['--version']);
    return undefined;
  } catch (error) {
    if (isDaemonError(error, 'command-missing')) return error.message;
    throw error;
  }
}

/** Compares 'go1.26.8' with '1.26.5'; a development version counts as too old. */
export function isAtLeast(version: string, wanted: string): boolean {
  const numbers = (text: string): number[] => (/\d+(\.\d+)*/.exec(text)?.[0] ?? '0').split('.').map(Number);
  const [have, want] = [numbers(version), numbers(wanted)];
  const index = want.findIndex((number, place) => number !== (have[place] ?? 0));
  return index === -1 || (have[index] ?? 0) > (want[index] ?? 0);
}

async function isBuilt(folder: string, { programs }: GoBuild): Promise<boolean> {
  const isThere = async (name: string): Promise<boolean> =>
    await stat(join(folder, name)).then(
      () => true,
      () => false,
    );
  return (await Promise.all(programs.map(isThere))).every(Boolean);
}

async function sourceFiles(folder: string): Promise<SourceFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map(async (path) => ({ name: relative(folder, path), text: await readFile(path, 'utf8') })),
  );
}
