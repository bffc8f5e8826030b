// Commands of tre-agent in this process, against a real socket and a real store: the same words and exit codes, without the second
// that a process takes. agent/main.ts itself is tested as a real process in the system tests.
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { Command, CommanderError } from 'commander';
import { describeFailure } from '../../agent/failure.ts';
import { keepHold } from '../../agent/intake/hold-keeper.ts';
import { type AnswerDeps, createAnswer } from '../../agent/local/answers.ts';
import type { LocalContext } from '../../agent/local/command-context.ts';
import { addExplainCommand } from '../../agent/local/explain-command.ts';
import { addHoldCommands } from '../../agent/local/hold-command.ts';
import { addLedgerCommand } from '../../agent/local/ledger-command.ts';
import type { LocalFacts } from '../../agent/local/local-facts.ts';
import { plain } from '../../agent/local/paint.ts';
import { addSchemaCommand } from '../../agent/local/schema-command.ts';
import { addShutdownCommand } from '../../agent/local/shutdown-command.ts';
import { openLocalSocket } from '../../agent/local/socket.ts';
import { addStatusCommand } from '../../agent/local/status-command.ts';
import { addSupportCommand } from '../../agent/local/support-command.ts';
import { systemClock } from '../../daemon/clock.ts';
import { systemFiles } from '../../daemon/files.ts';
import { silentLog } from '../../daemon/log.ts';
import { scratch } from './scratch.ts';

export interface OnSite {
  readonly socket: string;
  /** Ends the agent's socket. */
  readonly leave: () => Promise<void>;
}

/** A socket that answers for these facts, as a running agent would. */
export async function agentWith(
  t: ExecutionContext,
  facts: LocalFacts,
  changes: Partial<AnswerDeps> = {},
): Promise<OnSite> {
  const { store } = facts;
  const socket = join(scratch(t), 'agent.sock');
  const holds = keepHold({ store, clock: systemClock, log: silentLog, onChange: () => undefined });
  const answer = createAnswer({
    store,
    facts: () => facts,
    holds,
    stopApplying: async () => undefined,
    isConnected: () => true,
    clock: systemClock,
    end: () => undefined,
    ...changes,
  });
  const open = await openLocalSocket({ path: socket, answer, files: systemFiles, log: silentLog });
  const leave = async () => {
    await open[Symbol.asyncDispose]();
    await holds[Symbol.asyncDispose]();
  };
  t.teardown(leave);
  return { socket, leave };
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** All commands, as main.ts registers them, but for those that are not of agent/local. */
export function localCommands(context: LocalContext): Command {
  const program = new Command('tre-agent').exitOverride();
  addStatusCommand(program, context);
  addExplainCommand(program, context);
  addHoldCommands(program, context);
  addLedgerCommand(program, context);
  addSupportCommand(program, context);
  addSchemaCommand(program, context);
  addShutdownCommand(program, context);
  return program;
}

export interface Place {
  readonly socket: string;
  readonly data?: string;
}

/** Runs one command line. */
export async function treAgent(
  { socket, data = '/nowhere' }: Place,
  args: readonly string[],
  changes: Partial<LocalContext> = {},
): Promise<Ran> {
  const written = { out: '', err: '' };
  const origin = { source: 'default', name: '' } as const;
  const context: LocalContext = {
    redraw: undefined,
    ask: undefined,
    width: 80,
    paint: plain,
    clock: systemClock,
    version: '0.0.0-test',
    settings: async () => ({
      values: { data, socket, logLevel: 'info' },
      origins: { data: origin, socket: origin, logLevel: origin },
    }),
    exitCode: 0,
    ...changes,
    out: (text) => void (written.out += `${text}\n`),
    err: (text) => void (written.err += `${text}\n`),
  };
  const program = localCommands(context);
  const output = { writeOut: context.out, writeErr: context.err };
  for (const command of [program, ...program.commands]) command.exitOverride().configureOutput(output);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) context.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
      const { exitCode, text } = describeFailure(error);
      context.err(text);
      context.exitCode = exitCode;
    }
  }
  return { code: context.exitCode, stdout: written.out, stderr: written.err };
}
