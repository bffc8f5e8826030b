// trectl in this process: the same commands, the same words and exit codes, without the second that a process takes.
// cli/main.ts itself is tested as a real process in test/cli/release.test.ts.

import { Command } from 'commander';
import type { CommandContext } from '../../cli/context.ts';
import { describeFailure } from '../../cli/failure.ts';
import { noPaint } from '../../cli/paint.ts';
import { systemClock } from '../../daemon/clock.ts';
import { systemFiles } from '../../daemon/files.ts';

/** A context without terminal, colours and anybody to ask. */
export function plainContext(changes: Partial<CommandContext> = {}): CommandContext {
  return {
    out: () => {},
    err: () => {},
    terminal: undefined,
    ask: undefined,
    files: systemFiles,
    clock: systemClock,
    environment: {},
    signal: AbortSignal.timeout(30_000),
    paint: noPaint,
    width: 120,
    version: '0.0.0-test',
    exitCode: 0,
    ...changes,
  };
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Register = (program: Command, context: CommandContext) => void;

/** Runs one command line; `environment` is all that the command sees of it, `changes` replace what it is given. */
export async function runTrectl(
  registers: readonly Register[],
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  changes: Partial<CommandContext> = {},
): Promise<Ran> {
  const written = { out: '', err: '' };
  const context = plainContext({
    environment,
    ...changes,
    out: (text) => {
      written.out += `${text}\n`;
      changes.out?.(text);
    },
    err: (text) => {
      written.err += `${text}\n`;
      changes.err?.(text);
    },
  });
  const program = new Command('trectl').exitOverride();
  program.configureOutput({
    writeOut: (text) => void (written.out += text),
    writeErr: (text) => void (written.err += text),
  });
  for (const register of registers) register(program, context);
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    const failure = describeFailure(error);
    if (failure.text !== '') context.err(failure.text);
    context.exitCode = failure.exitCode;
  }
  return { code: context.exitCode, stdout: written.out, stderr: written.err };
}
