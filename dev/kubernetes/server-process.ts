// One part of the control plane as a process: start, wait until it does what it is for, stop, kill, start again.
// Invariants: it ends with us, however we end (it reads standard input to the end); Ctrl-C in a terminal does not
// reach it; when it ends by itself while somebody waits for it, that is an error with the end of its log.
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../daemon/clock.ts';
import type { Child, Exec, Exit } from '../../daemon/exec.ts';
import { TreError } from '../../proto/errors.ts';

export interface ServerSettings {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly logFile: string;
  readonly exec: Exec;
  readonly clock: Clock;
  /** Told when it ends without having been asked to. */
  readonly onUnexpectedEnd: (text: string) => void;
}

export interface ServerProcess {
  readonly name: string;
  /** Undefined while it does not run. */
  pid(): number | undefined;
  start(): Promise<void>;
  /**
   * Asks `isReady` every 25 ms until true.
   * @throws TreError KUBERNETES_UNAVAILABLE when it ends, or is not ready after 60 s
   */
  waitFor(isReady: () => Promise<boolean>, signal: AbortSignal): Promise<void>;
  /** SIGTERM, SIGKILL after 3 s; resolves when it is gone. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

const pollIntervalMs = 25;
const readyTimeoutMs = 60_000;
// What was acknowledged is on disk, so nothing is lost by the second signal.
const stopGraceMs = 3_000;
const shownLogCharacters = 1_500;

export function serverProcess(settings: ServerSettings): ServerProcess {
  let running: Child | undefined;
  let lastExit: Exit | undefined;
  const end = async (how: (child: Child) => Promise<Exit>): Promise<void> => {
    const child = running;
    running = undefined;
    if (child !== undefined) await how(child);
  };
  return {
    name: settings.name,
    pid: () => running?.pid,
    start: async () => {
      if (running !== undefined) return;
      const child = await spawn(settings);
      running = child;
      lastExit = undefined;
      void child.exited.then((exit) => {
        if (running !== child) return;
        running = undefined;
        lastExit = exit;
        settings.onUnexpectedEnd(
          `${settings.name} ended by itself (${exitText(exit)}); its log: ${settings.logFile}`,
        );
      });
    },
    waitFor: async (isReady, signal) => {
      const deadline = settings.clock.monotonic() + readyTimeoutMs;
      while (!(await isReady())) {
        if (lastExit !== undefined) throw await notReady(settings, `ended with ${exitText(lastExit)}`);
        if (settings.clock.monotonic() > deadline)
          throw await notReady(settings, `is not ready after ${readyTimeoutMs / 1000} s`);
        await settings.clock.sleep(pollIntervalMs, signal);
      }
    },
    stop: () => end((child) => child.stop()),
    kill: () =>
      end((child) => {
        child.kill('SIGKILL');
        return child.exited;
      }),
  };
}

async function spawn({ program, args, cwd, logFile, exec }: ServerSettings): Promise<Child> {
  return await exec.spawn(program, args, {
    cwd,
    output: { file: logFile },
    leash: true,
    group: true,
    graceMs: stopGraceMs,
  });
}

function exitText({ code, signal }: Exit): string {
  return code === null ? String(signal) : `code ${code}`;
}

async function notReady({ name, logFile }: ServerSettings, what: string): Promise<TreError> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  return new TreError(
    'KUBERNETES_UNAVAILABLE',
    `${name} ${what}; the end of ${logFile}:\n${log.slice(-shownLogCharacters).trimEnd()}`,
  );
}
