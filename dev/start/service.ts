// One long-lived process of ours: start, wait until it is ready, stop, kill, start again. Output goes to a log file.
// Invariants: a service that ends by itself while it is being waited for is an error with what it said last; it ends
// with us, however we end (leash.ts).
// Used by fleet.ts; system tests kill and restart through it.
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../daemon/clock.ts';
import type { Child, Exec, Exit } from '../../daemon/exec.ts';
import { TreError } from '../../proto/errors.ts';
import { Told } from '../failure.ts';
import { node } from './commands.ts';

/** How a service is run and how one knows that it is ready. */
export interface ServiceSettings {
  readonly name: string;
  /** Arguments of Node: its own flags, the program, the arguments of the program. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Asked every 50 ms until true. */
  readonly isReady: () => Promise<boolean>;
  readonly readyTimeoutMs: number;
}

/** A service that may be started again and again. */
export interface Service extends AsyncDisposable {
  readonly name: string;
  /** Process id while it runs. */
  readonly pid: () => number | undefined;
  /** When the process that runs now was started, milliseconds since 1970; undefined when it has ended or was never started. */
  readonly since: () => number | undefined;
  /** Resolves when it is ready. Throws ServiceEnded, and TreError DATA_LOCKED when another process answers in its place. */
  readonly start: (signal: AbortSignal) => Promise<void>;
  /** SIGTERM, then SIGKILL after 10 s. */
  readonly stop: () => Promise<void>;
  /** kill -9. */
  readonly kill: () => Promise<void>;
}

/** The process ended before it was ready. `text` is the end of its log. */
export class ServiceEnded extends Told {
  readonly exit: Exit;
  readonly log: string;

  constructor(name: string, exit: Exit, log: string) {
    super(`${name} ended ${exit.code === null ? `by ${exit.signal}` : `with code ${exit.code}`}:\n${log}`);
    this.name = 'ServiceEnded';
    this.exit = exit;
    this.log = log;
  }
}

const leash = new URL('leash.ts', import.meta.url).href;
const pollIntervalMs = 50;
const stopGraceMs = 10_000;
const otherPatienceMs = 5_000;
const shownLogCharacters = 2_000;

export function createService(
  settings: ServiceSettings,
  tools: { readonly exec: Exec; readonly clock: Clock },
): Service {
  let child: Child | undefined;
  let sinceMs: number | undefined;
  const started = async (): Promise<Child> => {
    const { args, env, logFile } = settings;
    return await tools.exec.spawn(node, ['--import', leash, ...args], {
      env,
      output: { file: logFile },
      leash: true,
      group: true,
      graceMs: stopGraceMs,
    });
  };
  const stop = async (): Promise<void> => {
    await child?.stop();
    child = undefined;
  };
  return {
    name: settings.name,
    pid: () => child?.pid,
    since: () => sinceMs,
    start: async (signal) => {
      await untilNobodyAnswers(settings, { clock: tools.clock, signal });
      const own = await started();
      child = own;
      sinceMs = tools.clock.now();
      void own.exited.then(() => {
        if (child === own || child === undefined) sinceMs = undefined;
      });
      await waitUntilReady(settings, own, { clock: tools.clock, signal });
    },
    stop,
    kill: async () => {
      child?.kill('SIGKILL');
      await child?.exited;
      child = undefined;
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** Another start on the same data folder would be taken for ours. One that was killed a moment ago may still be ending. */
async function untilNobodyAnswers(
  { name, isReady }: ServiceSettings,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const deadline = clock.monotonic() + otherPatienceMs;
  while (await isReady()) {
    if (clock.monotonic() > deadline)
      throw new TreError(
        'DATA_LOCKED',
        `the ${name} of this data folder runs already, started by another command`,
      );
    await clock.sleep(pollIntervalMs, signal);
  }
}

async function waitUntilReady(
  settings: ServiceSettings,
  child: Child,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  let exit: Exit | undefined;
  void child.exited.then((value) => {
    exit = value;
  });
  const deadline = clock.monotonic() + settings.readyTimeoutMs;
  while (!(await settings.isReady())) {
    if (exit !== undefined) throw new ServiceEnded(settings.name, exit, await endOf(settings.logFile));
    if (clock.monotonic() > deadline) {
      throw new Error(
        `${settings.name} is not ready after ${settings.readyTimeoutMs / 1000} s; its log: ${settings.logFile}`,
      );
    }
    await clock.sleep(pollIntervalMs, signal);
  }
}

/** What a program said last: its words for people, or the end of its log when there are none. */
async function endOf(logFile: string): Promise<string> {
  const text = (await readFile(logFile, 'utf8').catch(() => '')).trimEnd();
  const lines = text.split('\n');
  const words = lines.slice(lines.findLastIndex((line) => line.startsWith('{')) + 1);
  return (words.length > 0 ? words.join('\n') : text).slice(-shownLogCharacters);
}
