// A lock between processes that the kernel frees however its holder ends: flock(1) holds it in a child that reads
// standard input to the end, and that end comes with ours. Used for one builder at a time and one Kubernetes per
// data folder. Invariant: no lock file is ever stale, so none is ever removed.
import { type Child, type Exec, systemExec } from '../../daemon/exec.ts';

export interface LockOptions {
  readonly exec?: Exec;
  readonly signal?: AbortSignal;
  /** Called once when somebody else holds it; without this nobody waits. */
  readonly onWait?: () => void;
}

const takenExitCode = 75;

/** Takes the lock on `file`, which is made when missing; undefined when it is taken and `onWait` is not given. */
export async function holdLock(
  file: string,
  options: LockOptions = {},
): Promise<AsyncDisposable | undefined> {
  const atOnce = await tryLock(file, ['--nonblock', '--conflict-exit-code', String(takenExitCode)], options);
  if (atOnce !== undefined || options.onWait === undefined) return atOnce;
  options.onWait();
  return await tryLock(file, [], options);
}

/** True while some process holds the lock on `file`. */
export async function isLocked(file: string, exec: Exec = systemExec(process.env)): Promise<boolean> {
  const { code } = await exec.run('flock', [
    '--nonblock',
    '--conflict-exit-code',
    String(takenExitCode),
    file,
    'true',
  ]);
  return code === takenExitCode;
}

async function tryLock(
  file: string,
  flags: readonly string[],
  options: LockOptions,
): Promise<Child | undefined> {
  const { exec = systemExec(process.env), signal } = options;
  const held = Promise.withResolvers<void>();
  const said: string[] = [];
  const line = (text: string): void => {
    if (text === 'held') held.resolve();
    else said.push(text);
  };
  const holder = await exec.spawn('flock', [...flags, file, 'sh', '-c', 'echo held; exec cat'], {
    output: { line },
    leash: true,
    group: true,
    ...(signal === undefined ? {} : { signal }),
  });
  const exit = await Promise.race([held.promise, holder.exited]);
  if (exit === undefined) return holder;
  signal?.throwIfAborted();
  if (exit.code === takenExitCode) return undefined;
  throw new Error(`cannot lock ${file}: ${said.join(' ') || `flock ended with ${exit.code ?? exit.signal}`}`);
}
