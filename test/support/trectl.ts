// trectl in this process: the same commands, the same words and exit codes, without the second that a process takes.
// cli/main.ts itself is tested as a real process in test/cli/release.test.ts.

import { Command } from 'commander';
import type { CommandContext } from '../../cli/context.ts';
import { describeFailure } from '../../cli/failure.ts';
import { systemFiles } from '../../daemon/files.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Register = (program: Command, context: CommandContext) => void;

/** Runs one command line; `environment` is all that the command sees of it. */
export async function runTrectl(
  registers: readonly Register[],
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const written = { out: '', err: '' };
  const context: CommandContext = {
    out: (text) => void (written.out += `${text}\n`),
    err: (text) => void (written.err += `${text}\n`),
    files: systemFiles,
    environment,
    signal: AbortSignal.timeout(30_000),
    isTerminal: false,
    width: 120,
    version: '0.0.0-test',
    exitCode: 0,
  };
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
