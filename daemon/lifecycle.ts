// The life of a process: start, run until asked to stop, stop in order, exit. Invariants: one AbortSignal
// says that it is over; resources stop in reverse order of their adding, each within its bound; what
// nobody caught ends the process with code 1 and one line. Called once, by each main.ts.

import { existsSync } from 'node:fs';
import process from 'node:process';
import { DaemonError, fromSystem } from './errors.ts';
import type { Log } from './log.ts';

export interface Lifecycle {
  /** Aborted when the process is asked to stop; its reason says by whom. */
  readonly signal: AbortSignal;
  /** Stops `resource` at the end, before those added earlier; returns it. */
  add<T extends AsyncDisposable | Disposable>(name: string, resource: T, withinMs?: number): T;
  /** Asks the process to stop, as a signal does. */
  stop(reason: string): void;
}

export interface ProcessOptions {
  readonly log: Log;
  /** Builds and wires everything; the process runs on after it resolves. A rejection ends it with code 1. */
  readonly start: (lifecycle: Lifecycle) => Promise<void>;
  /** How long one resource may take to stop; 5 s when not given. */
  readonly stopWithinMs?: number;
}

/** Runs until SIGINT, SIGTERM, SIGHUP or `stop`; resolves with the exit code, which main.ts gives to `endProcess`. */
export async function runProcess(options: ProcessOptions): Promise<number> {
  const { log, start, stopWithinMs = defaultStopWithinMs } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const resources: Resource[] = [];
  const stop = (reason: string): void => {
    // A parent and a terminal may both ask; only the first one counts.
    if (signal.aborted) return;
    log.info({ reason }, 'stopping');
    stopping.abort(new DaemonError('aborted', `asked to stop: ${reason}`));
  };
  for (const name of stopSignals) process.on(name, stop);
  process.on('uncaughtException', (error) => {
    log.error({ error, stack: placesOf(error) }, 'ending after an error that nothing handled');
    endProcess(1);
  });

  let exitCode = 0;
  try {
    const add: Lifecycle['add'] = (name, resource, withinMs = stopWithinMs) => {
      resources.push({ name, resource, withinMs });
      return resource;
    };
    await start({ signal, stop, add });
    await untilAborted(signal);
  } catch (error) {
    if (!signal.aborted) {
      log.error({ error }, 'could not start');
      exitCode = 1;
    }
  }
  const allStopped = await stopAll(resources, log);
  return allStopped ? exitCode : 1;
}

/**
 * Ends this process at once. `process.exit` alone waits for its threads, and one that reads from a dead disk or a pipe never
 * comes back: while any of them is busy, a program that ends with `code` takes the place of this one.
 */
export function endProcess(code: number): never {
  const isBusy = process.getActiveResourcesInfo().some((name) => threadWork.test(name));
  if (isBusy && existsSync(ownProgram))
    process.execve?.(ownProgram, [process.title, '-e', `process.exitCode = ${code}`], {});
  process.exit(code);
}

/** As Node calls what its threads do: files and names. */
const threadWork = /^FSReq|^GetAddrInfo|^GetNameInfo/;
/** Also there when the file was replaced meanwhile. */
const ownProgram = '/proc/self/exe';

/** Waits for `listen` of a server to succeed. @throws DaemonError `port-taken`, `listen-failed` naming `address` */
export async function listening(server: Listener, listen: () => void, address: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.once('listening', () => {
        server.off('error', reject);
        resolve();
      });
      listen();
    });
  } catch (error) {
    throw fromSystem(error, 'listen-failed', address);
  }
}

interface Listener {
  once(event: 'error', listener: (error: Error) => void): unknown;
  once(event: 'listening', listener: () => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

interface Resource {
  readonly name: string;
  readonly resource: AsyncDisposable | Disposable;
  readonly withinMs: number;
}

const defaultStopWithinMs = 5_000;
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

async function stopAll(resources: readonly Resource[], log: Log): Promise<boolean> {
  let allStopped = true;
  for (const { name, resource, withinMs } of resources.toReversed()) {
    try {
      await within(withinMs, dispose(resource));
    } catch (error) {
      allStopped = false;
      log.error({ resource: name, error }, 'did not stop');
    }
  }
  return allStopped;
}

async function dispose(resource: AsyncDisposable | Disposable): Promise<void> {
  if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
  else resource[Symbol.dispose]();
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new DaemonError('timeout', `not stopped after ${ms} ms`)), ms);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Where it was thrown. The stack begins with the message, which `error` tells without what may be a secret. */
function placesOf({ stack = '' }: Error): string {
  return stack
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
    .join('\n');
}
