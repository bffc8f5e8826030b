// Builds the programs of one Go module into a folder of the cache, with visible progress and its cost in CPU-seconds.
// Invariants: a folder in the cache is whole (made beside it, then renamed); an aborted build leaves no process
// and no half folder. The caller holds the lock. Called by binaries.ts when the cache has nothing.
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../daemon/atomic-file.ts';
import type { Clock } from '../../daemon/clock.ts';
import type { Exec } from '../../daemon/exec.ts';
import { buildProgress, duration } from './build-progress.ts';
import type { GoBuild } from './go-builds.ts';
import { nodeModules, versions } from './go-module.ts';

export interface BuildOptions {
  readonly what: GoBuild;
  /** The folder to make; its parent exists. */
  readonly target: string;
  readonly exec: Exec;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/** What a build cost; kept beside it in build.json. */
export interface BuildCost {
  readonly packages: number;
  readonly elapsedSeconds: number;
  readonly cpuSeconds: number;
}

/** Builds into `target`. @throws Error with the end of the compiler's output */
export async function build(options: BuildOptions): Promise<BuildCost> {
  const { what, target, clock, log } = options;
  const temporary = `${target}.${process.pid}.tmp`;
  const startedAt = clock.monotonic();
  log(`building ${what.announcement}`);
  await mkdir(temporary, { recursive: true });
  try {
    const form = ['-deps', '-f', '{{if .Stale}}{{.ImportPath}}{{end}}'];
    const list = await runGo(options, ['list', ...what.flags, ...form, ...what.packages]);
    const packages = list.output.length;
    const output = what.links.length > 0 ? join(temporary, 'kubernetes') : `${temporary}/`;
    const compiling = ['build', ...what.flags, '-v', '-o', output, ...what.packages];
    const compile = await runGo(options, compiling, packages);
    for (const link of what.links) await symlink('kubernetes', join(temporary, link));
    const elapsedMs = clock.monotonic() - startedAt;
    const cpuSeconds = Math.round(list.cpuSeconds + compile.cpuSeconds);
    const cost = { packages, elapsedSeconds: Math.round(elapsedMs / 1000), cpuSeconds };
    const facts = { versions, nodeModules, ...cost };
    await writeFileAtomic(join(temporary, 'build.json'), `${JSON.stringify(facts)}\n`);
    await rename(temporary, target);
    log(`built ${packages} packages in ${duration(elapsedMs)} with ${cpuSeconds} CPU-seconds: ${target}`);
    return cost;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

const goEnvironment = { GOTOOLCHAIN: 'local', GOWORK: 'off', GOFLAGS: '' };
// `times` prints what the shell's children used, compilers included, once they ended.
const withTimes = '"$@"; code=$?; times; exit "$code"';
const keptErrorLines = 20;

interface GoRun {
  /** Lines of standard output. */
  readonly output: string[];
  readonly cpuSeconds: number;
}

async function runGo(options: BuildOptions, args: readonly string[], packages?: number): Promise<GoRun> {
  const { exec, what, signal } = options;
  const progress = buildProgress(packages, options);
  const output: string[] = [];
  let complaints: string[] = [];
  const line = (text: string, stream: string): void => {
    if (stream === 'stdout') return void output.push(text);
    complaints = [...complaints, text].slice(-keptErrorLines);
    progress.seen(text);
  };
  const command = ['-n', '5', 'sh', '-c', withTimes, 'sh', 'go', ...args];
  const child = await exec.spawn('nice', command, {
    cwd: what.source,
    env: { ...goEnvironment, CGO_ENABLED: what.cgo ? '1' : '0' },
    group: true,
    signal,
    output: { line },
  });
  const exit = await child.exited;
  signal.throwIfAborted();
  if (exit.code !== 0) throw new Error(`go ${args[0]} failed:\n${complaints.join('\n')}`);
  return { cpuSeconds: cpuSecondsOf(output.splice(-2)), output };
}

/** Reads the two lines of `times`; the second is the children: '8m6.27s 1m42.37s', user and system. */
export function cpuSecondsOf(lines: readonly string[]): number {
  const fields = [...(lines.at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return fields.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}
