// What every command of tre-agent gets instead of reaching for the process: where to write, how wide, in which colours, its
// settings, the clock, and the exit code it leaves behind. Tests make one of their own. Made by main.ts.
import process from 'node:process';
import type { Command } from 'commander';
import type { Clock } from '../../daemon/clock.ts';
import { systemClock } from '../../daemon/clock.ts';
import type { Config, Environment } from '../../daemon/config.ts';
import { type Paint, paintFor } from './paint.ts';
import { widthOf } from './wrap.ts';

/** The settings that commands need; the others are there for the support bundle, which says where each comes from. */
export type LocalSettings = Readonly<Record<string, unknown>> & {
  readonly data: string;
  readonly socket: string;
};

export type Flags = Readonly<Record<string, unknown>>;

export interface LocalContext {
  /** Results, on stdout. Whole lines. */
  readonly out: (text: string) => void;
  /** Problems and progress, on stderr. Whole lines. */
  readonly err: (text: string) => void;
  /** Draws over the whole terminal; undefined when stdout is none. */
  readonly redraw: ((text: string) => void) | undefined;
  /** Asks the person at the keyboard; undefined when nobody is there. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  readonly width: number;
  readonly paint: Paint;
  readonly clock: Clock;
  readonly version: string;
  readonly settings: (flags: Flags) => Promise<Config<LocalSettings>>;
  /** What the process ends with. */
  exitCode: number;
}

export interface ContextParts {
  readonly environment: Environment;
  readonly version: string;
  readonly settings: LocalContext['settings'];
}

/** The context of the real process. */
export function processContext({ environment, version, settings }: ContextParts): LocalContext {
  const { stdin, stdout, stderr } = process;
  const isTerminal = stdout.isTTY === true;
  // `tre-agent ledger | head` ends when head has enough.
  stdout.on('error', () => process.exit(0));
  return {
    out: (text) => void stdout.write(`${text}\n`),
    err: (text) => void stderr.write(`${text}\n`),
    redraw: isTerminal ? (text) => void stdout.write(overdrawn(text, stdout)) : undefined,
    ask: stdin.isTTY === true && isTerminal ? (question) => askPerson(question, stdin, stderr) : undefined,
    get width() {
      return screenWidth(stdout, environment);
    },
    paint: paintFor(isTerminal, environment),
    clock: systemClock,
    version,
    settings,
    exitCode: 0,
  };
}

/** The flags of every command that asks the agent. */
export function withSocket(command: Command): Command {
  return command
    .option('--config <file>', 'settings file (default: /etc/tre-agent/agent.yaml)')
    .option('--socket <path>', 'where commands on this machine ask the agent');
}

const [narrowest, usual] = [40, 80];

/** Of a terminal its columns; of one that has no size (a serial line) and of anything else COLUMNS, or what is usual. */
export function screenWidth(
  { isTTY, columns }: { readonly isTTY?: boolean; readonly columns?: number },
  { COLUMNS }: Environment,
): number {
  if (isTTY === true && columns !== undefined && columns > 0) return columns;
  const width = Number(COLUMNS);
  return Number.isInteger(width) && width >= narrowest ? width : usual;
}

interface Size {
  readonly columns?: number;
  readonly rows?: number;
}

/** From the upper left corner, each line to its end, and nothing below: no flicker. What is too much is left out at the end. */
export function overdrawn(text: string, size: Size): string {
  const lines = fitting(text.split('\n'), size).map((line) => row(line, size));
  return `\u001B[H${lines.join('')}\u001B[J`;
}

/** The line, and what stood to the right of it gone. After the last column some terminals would take its character away. */
function row(line: string, { columns = 0 }: Size): string {
  const width = widthOf(line);
  return width > 0 && columns > 0 && width % columns === 0 ? `${line}\n` : `${line}\u001B[K\n`;
}

/** A terminal that scrolled would lose the first line, which matters most. Its last row is the cursor's. */
function fitting(lines: readonly string[], { columns = 0, rows = 0 }: Size): readonly string[] {
  if (rows <= 0) return lines;
  const rowsOf = (line: string): number => Math.max(1, columns > 0 ? Math.ceil(widthOf(line) / columns) : 1);
  let left = rows - 1;
  const firstOut = lines.findIndex((line) => (left -= rowsOf(line)) < 0);
  if (firstOut === -1) return lines;
  const kept = lines.slice(0, Math.max(1, firstOut - 1));
  return [...kept, `... ${lines.length - kept.length} more lines: tre-agent status`];
}

/** What the person types; nothing when they end the input instead (Ctrl-D). */
export function askPerson(
  question: string,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<string> {
  output.write(question);
  return new Promise((resolve) => {
    const said = (answer: unknown): void => {
      input.off('data', said).off('end', ended).pause();
      resolve(String(answer).trim());
    };
    const ended = (): void => {
      output.write('\n');
      said('');
    };
    input.on('data', said).on('end', ended);
  });
}
