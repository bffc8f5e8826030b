// What every command of trectl gets instead of reaching for the process: where to write, the environment, the signal
// of Ctrl-C, and the exit code it leaves behind. Tests make one of their own. Made by main.ts.

import type { Command } from 'commander';
import type { Environment } from '../daemon/config.ts';
import { type Files, systemFiles } from '../daemon/files.ts';

export interface CommandContext {
  /** Results, on stdout. Whole lines. */
  out(text: string): void;
  /** Problems and progress, on stderr. Whole lines. */
  err(text: string): void;
  readonly files: Files;
  readonly environment: Environment;
  /** Ends long work when the person presses Ctrl-C. */
  readonly signal: AbortSignal;
  /** True when stdout is a terminal: colours and live tables only then. */
  readonly isTerminal: boolean;
  /** Columns of the terminal, 120 when it is none. */
  readonly width: number;
  /** Version of this program. */
  readonly version: string;
  /** What the process ends with: one of `exitCodes`. */
  exitCode: number;
}

export const exitCodes = { done: 0, failed: 1, usage: 2, refused: 3, unreachable: 4 } as const;

/** The context of the real process. */
export function processContext(
  environment: Environment,
  version: string,
  signal: AbortSignal,
): CommandContext {
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    files: systemFiles,
    environment,
    signal,
    isTerminal: process.stdout.isTTY === true,
    width: process.stdout.isTTY === true ? process.stdout.columns : 120,
    version,
    exitCode: exitCodes.done,
  };
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
