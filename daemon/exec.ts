// The only place that starts other programs. Invariants: never a shell; a child sees only the
// environment it was given; what is kept of its output is bounded; ending a child ends its whole group
// when it leads one; no wait without a bound. Callers get `Exec` injected, so tests can count commands.

import { type ChildProcess, type StdioOptions, spawn as spawnChild } from 'node:child_process';
import { open } from 'node:fs/promises';
import { kill as killProcess } from 'node:process';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Environment } from './config.ts';
import { DaemonError, fromSystem, systemCode } from './errors.ts';

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to the environment that `systemExec` was given. */
  readonly env?: Readonly<Record<string, string>>;
  /** Stops the child: SIGTERM, then SIGKILL after `graceMs`. */
  readonly signal?: AbortSignal;
  /** Its own process group: what it started ends with it, and a terminal's Ctrl-C does not reach it. */
  readonly group?: boolean;
  /** From SIGTERM to SIGKILL; 5 s when not given. */
  readonly graceMs?: number;
}

export interface RunOptions extends CommandOptions {
  readonly timeoutMs?: number;
  /** Given to standard input, which is empty otherwise. */
  readonly input?: string | Uint8Array;
  /** More on stdout ends the command; 16 MiB when not given. Of stderr the last 64 KiB are kept. */
  readonly maxOutputBytes?: number;
}

export type StreamName = 'stdout' | 'stderr';

export interface SpawnOptions extends CommandOptions {
  /** Where both streams go: to a function line by line, appended to a file, to our own, or nowhere. */
  readonly output:
    | { readonly line: (text: string, stream: StreamName) => void }
    | { readonly file: string }
    | 'inherit'
    | 'ignore';
  /** Keeps standard input open and silent while we live: a child that reads it to its end learns that we are gone, also by SIGKILL. */
  readonly leash?: boolean;
}

/** How a child ended: an exit code, or the signal that killed it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunResult extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** Resolves when it is gone and its last output has been handed over; never rejects. */
  readonly exited: Promise<Exit>;
  /** Does nothing once the child is gone. */
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after `graceMs`; what `[Symbol.asyncDispose]` does too. */
  stop(): Promise<Exit>;
}

export interface Exec {
  /**
   * Runs a program to its end. An exit code other than 0 is a result, not an error.
   * @throws DaemonError `command-missing`, `command-failed` (no start, or too much output), `timeout`, `aborted`
   */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Returns once the program has a process id. @throws DaemonError as `run` does, besides `timeout` */
  spawn(command: string, args: readonly string[], options: SpawnOptions): Promise<Child>;
}

/** The real one; `environment` is all that children see besides their own `env`. */
export function systemExec(environment: Environment): Exec {
  return {
    run: (command, args, options = {}) => run({ environment, command, args }, options),
    spawn: (command, args, options) => spawn({ environment, command, args }, options),
  };
}

/** `run` for what must succeed. @throws DaemonError `command-failed` with the end of its stderr, else as `run` */
export async function runChecked(
  exec: Exec,
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await exec.run(command, args, options);
  if (result.code === 0) return result;
  const how = result.code === null ? `was ended by ${result.signal}` : `ended with code ${result.code}`;
  const said = (result.stderr.trim() || result.stdout.trim()).slice(-quotedCharacters);
  const details = { command, ...(result.code === null ? {} : { code: result.code }) };
  throw new DaemonError('command-failed', `${command} ${how}${said === '' ? '' : `: ${said}`}`, { details });
}

const quotedCharacters = 2_000;
const defaultGraceMs = 5_000;
const defaultMaxOutputBytes = 16 * 2 ** 20;
const keptStderrBytes = 64 * 2 ** 10;
const maxLineCharacters = 64 * 2 ** 10;
// A grandchild may hold the pipes open for ever; what comes later than this is not waited for.
const drainMs = 1_000;

interface Invocation {
  readonly environment: Environment;
  readonly command: string;
  readonly args: readonly string[];
}

async function run(invocation: Invocation, options: RunOptions): Promise<RunResult> {
  const { command } = invocation;
  const { process, child } = await start(invocation, options, ['pipe', 'pipe', 'pipe']);
  let failure: DaemonError | undefined;
  const giveUp = (kind: 'timeout' | 'command-failed', message: string): void => {
    failure ??= new DaemonError(kind, message, { details: { command } });
    void child.stop();
  };
  const maxBytes = options.maxOutputBytes ?? defaultMaxOutputBytes;
  const stdout = keep(process.stdout, maxBytes, () =>
    giveUp('command-failed', `${command} wrote more than ${maxBytes} bytes`),
  );
  const stderr = keep(process.stderr, keptStderrBytes);
  // A child that does not read its input to the end is no error of ours.
  process.stdin?.on('error', () => undefined).end(options.input);
  const { timeoutMs } = options;
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(giveUp, timeoutMs, 'timeout', `${command} took longer than ${timeoutMs} ms`);
  const exit = await child.exited;
  clearTimeout(timer);
  if (options.signal?.aborted === true) throw aborted(command, options.signal);
  if (failure !== undefined) throw failure;
  return { ...exit, stdout: stdout(), stderr: stderr() };
}

async function spawn(invocation: Invocation, options: SpawnOptions): Promise<Child> {
  const { output } = options;
  const input = options.leash === true ? 'pipe' : 'ignore';
  if (typeof output === 'string') return (await start(invocation, options, [input, output, output])).child;
  if ('line' in output) {
    const { process, child } = await start(invocation, options, [input, 'pipe', 'pipe']);
    eachLine(process.stdout, (text) => output.line(text, 'stdout'));
    eachLine(process.stderr, (text) => output.line(text, 'stderr'));
    return child;
  }
  const file = await open(output.file, 'a', 0o600).catch((error: unknown) => {
    throw fromSystem(error, 'path-unwritable', output.file);
  });
  try {
    return (await start(invocation, options, [input, file.fd, file.fd])).child;
  } finally {
    await file.close();
  }
}

interface Started {
  readonly process: ChildProcess;
  readonly child: Child;
}

async function start(invocation: Invocation, options: CommandOptions, stdio: StdioOptions): Promise<Started> {
  const { command, args, environment } = invocation;
  const { signal, cwd, group = false } = options;
  if (signal?.aborted === true) throw aborted(command, signal);
  const process = spawnChild(command, args, {
    cwd,
    env: { ...environment, ...options.env },
    stdio,
    detached: group,
  });
  const exited = exitOf(process, group);
  const child = childOf(process, exited, options);
  const onAbort = (): void => void child.stop();
  signal?.addEventListener('abort', onAbort, { once: true });
  void exited.then(() => signal?.removeEventListener('abort', onAbort));
  await new Promise<void>((resolve, reject) => {
    process.once('spawn', resolve);
    process.once('error', (error) => reject(startFailure(invocation, cwd, error)));
  });
  return { process, child };
}

function childOf(process: ChildProcess, exited: Promise<Exit>, options: CommandOptions): Child {
  const kill = (signal: NodeJS.Signals): void => {
    if (process.exitCode !== null || process.signalCode !== null) return;
    if (options.group === true) killGroup(process, signal);
    else process.kill(signal);
  };
  const stop = async (): Promise<Exit> => {
    kill('SIGTERM');
    const timer = setTimeout(kill, options.graceMs ?? defaultGraceMs, 'SIGKILL');
    try {
      return await exited;
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    pid: process.pid ?? 0,
    exited,
    kill,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}

function exitOf(process: ChildProcess, group: boolean): Promise<Exit> {
  return new Promise((resolve) => {
    process.once('error', () => resolve({ code: null, signal: null }));
    process.once('exit', (code, signal) => {
      if (group) killGroup(process, 'SIGKILL');
      const timer = setTimeout(() => {
        process.stdout?.destroy();
        process.stderr?.destroy();
      }, drainMs);
      process.once('close', () => {
        clearTimeout(timer);
        resolve({ code, signal });
      });
    });
  });
}

function killGroup(process: ChildProcess, signal: NodeJS.Signals): void {
  if (process.pid === undefined) return;
  try {
    killProcess(-process.pid, signal);
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

function aborted(command: string, signal: AbortSignal): DaemonError {
  return new DaemonError('aborted', `${command} was ended because its caller stopped`, {
    cause: signal.reason,
  });
}

function startFailure({ command }: Invocation, cwd: string | undefined, error: Error): DaemonError {
  const where = cwd === undefined ? '' : ` in ${cwd}`;
  const missing = systemCode(error) === 'ENOENT';
  const message = missing ? `there is no program ${command}${where}` : `cannot start ${command}${where}`;
  return new DaemonError(missing ? 'command-missing' : 'command-failed', message, {
    cause: error,
    details: { command },
  });
}

/** Keeps the last `maxBytes` of a stream; returns how to read them when it has ended. */
function keep(stream: Readable | null, maxBytes: number, onOverflow?: () => void): () => string {
  let chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size <= maxBytes) return;
    onOverflow?.();
    const tail = Buffer.concat(chunks).subarray(-maxBytes);
    chunks = [tail];
    size = tail.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

/** Calls `line` for every line, the last one also without its end; a longer line than 64 Ki is cut in pieces. */
function eachLine(stream: Readable | null, line: (text: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  stream?.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) line(text);
    if (rest.length <= maxLineCharacters) return;
    line(rest);
    rest = '';
  });
  stream?.on('close', () => {
    if (rest !== '') line(rest);
  });
}
