// What every command of trectl gets instead of reaching for the process: where to write, whom to ask, the clock, the
// environment, the signal of Ctrl-C, and the exit code it leaves behind. Tests make one of their own. Made by main.ts.

import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';
import { type Clock, systemClock } from '../daemon/clock.ts';
import type { Environment } from '../daemon/config.ts';
import { type Files, systemFiles } from '../daemon/files.ts';
import { type Paint, painter, wantsColour } from './paint.ts';

export interface CommandContext {
  /** Results, on stdout. Whole lines. */
  out(text: string): void;
  /** Problems and progress, on stderr. Whole lines. */
  err(text: string): void;
  /** The terminal that stdout is; undefined when it is none, and then nothing is drawn over. */
  readonly terminal: Terminal | undefined;
  /** Asks the person at the keyboard; '' from whoever gives up. Undefined when nobody is there. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  readonly files: Files;
  readonly clock: Clock;
  readonly environment: Environment;
  /** Ends long work when the person presses Ctrl-C. */
  readonly signal: AbortSignal;
  /** Colours, where they are wanted. */
  readonly paint: Paint;
  /** Columns to fit into, as they are now: those of the terminal; elsewhere COLUMNS, else no end of them. */
  readonly width: number;
  /** Version of this program. */
  readonly version: string;
  /** What the process ends with: one of `exitCodes`. */
  exitCode: number;
}

/** A screen on which text can be drawn over. */
export interface Terminal {
  write(text: string): void;
  readonly columns: number;
  readonly rows: number;
}

export const exitCodes = { done: 0, failed: 1, usage: 2, refused: 3, unreachable: 4 } as const;

/** The context of the real process. */
export function processContext(
  environment: Environment,
  version: string,
  signal: AbortSignal,
): CommandContext {
  const { stdin, stdout, stderr } = process;
  const terminal = terminalOf(stdout, environment);
  return {
    out: (text) => void stdout.write(`${text}\n`),
    err: (text) => void stderr.write(`${text}\n`),
    terminal,
    ask:
      stdin.isTTY && stderr.isTTY
        ? (question) => askPerson({ input: stdin, output: stderr }, question, signal)
        : undefined,
    files: systemFiles,
    clock: systemClock,
    environment,
    signal,
    paint: painter(wantsColour(environment, terminal !== undefined)),
    get width() {
      return widthOf(stdout, environment);
    },
    version,
    exitCode: exitCodes.done,
  };
}

/** What is asked of a stream that may be a terminal. */
export interface TerminalStream {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows: number;
  write(text: string): unknown;
}

const usualWidth = 80;
const usualRows = 24;

/**
 * Undefined when the stream is none, or one that cannot be drawn over (TERM=dumb). A terminal that does not know its
 * size, and says 0, is of the usual one.
 */
export function terminalOf(stream: TerminalStream, environment: Environment): Terminal | undefined {
  // Of a stream that is no terminal it is undefined, whatever its type says.
  if (!stream.isTTY || environment['TERM'] === 'dumb') return undefined;
  return {
    write: (text) => void stream.write(text),
    get columns() {
      return widthOf(stream, environment);
    },
    get rows() {
      return stream.rows > 0 ? stream.rows : usualRows;
    },
  };
}

/** Of a terminal its columns, else COLUMNS, else 80. Files and pipes have no end: who searches them wants whole lines. */
export function widthOf(
  { isTTY, columns }: Pick<TerminalStream, 'isTTY' | 'columns'>,
  environment: Environment,
): number {
  if (isTTY && columns > 0) return columns;
  const wanted = Number(environment['COLUMNS'] ?? '');
  if (Number.isInteger(wanted) && wanted > 0) return wanted;
  return isTTY ? usualWidth : Number.POSITIVE_INFINITY;
}

export async function askPerson(
  { input, output }: { readonly input: Readable; readonly output: Writable },
  question: string,
  signal: AbortSignal,
): Promise<string> {
  // Keys arrive here one by one: Ctrl-C as well, which is then no signal to the process.
  using line = createInterface({ input, output, terminal: true });
  try {
    return await line.question(question, { signal });
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError') || signal.aborted) throw error;
    output.write('\n');
    return '';
  }
}

/** The command that holds others, such as `release`; made when the first of them registers. */
export function group(program: Command, name: string, summary: string): Command {
  return (
    program.commands.find((command) => command.name() === name) ??
    program
      .command(name)
      .description(summary)
      .addHelpText('after', `\nEach command shows an example: trectl ${name} COMMAND --help`)
  );
}
