// `tre-agent ledger`: what left this building, message by message and field by field, with the reason for each. Asks the
// running agent, or reads its data folder when none runs. Registered by main.ts.
import { type Command, Option } from 'commander';
import { errors, TreError } from '../../proto/errors.ts';
import type { LedgerExtent } from '../store/ledger.ts';
import { answersOrData } from './answers-or-data.ts';
import { type Flags, type LocalContext, withSocket } from './command-context.ts';
import { fieldsOf } from './ledger-fields.ts';
import { type KnownRelease, type LedgerLine, ledgerLines } from './ledger-lines.ts';
import { extentText, joined, LedgerSummary, messageText, type ShownMessage } from './ledger-screen.ts';
import { flagMs } from './time-flag.ts';

const usualCount = 20;

export function addLedgerCommand(program: Command, context: LocalContext): void {
  withSocket(program.command('ledger'))
    .description('show what left this building, field by field, and why')
    .option('--data <folder>', 'the data folder, read when no agent runs')
    .option('--since <time>', 'only of the last while, such as 24h')
    .option(
      '--last <count>',
      `the newest so many messages, heartbeats not counted (default: ${usualCount}, without --since)`,
    )
    .option('--summary', 'every field once: how often it left, and what it said last')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
Kept are the newest 64 MiB of at most 400 days. Heartbeats in a row, and those of a day gone by, are shown as one.
With -o json, one line per message.

Examples:
  $ tre-agent ledger
  $ tre-agent ledger --since 24h | less
  $ tre-agent ledger --summary`,
    )
    .action((flags: Flags) => ledger(flags, context));
}

async function ledger(flags: Flags, context: LocalContext): Promise<void> {
  const question = questionOf(flags, context.clock.now());
  const { values } = await context.settings(flags);
  const summary = flags['summary'] === true ? new LedgerSummary() : undefined;
  const isJson = flags['output'] === 'json';
  let releases: readonly KnownRelease[] = [];
  let pending: ShownMessage | undefined;
  let extent: LedgerExtent | undefined;
  let shown = 0;
  const lines = answersOrData(values, { command: 'ledger', ...question }, (store) =>
    ledgerLines(store, question),
  );
  for await (const line of lines as AsyncGenerator<LedgerLine>) {
    if (line.kind === 'extent') {
      ({ releases, extent } = line);
      continue;
    }
    shown += line.count;
    const message = messageOf(line, releases);
    if (summary !== undefined) summary.add(message);
    else if (isJson) context.out(JSON.stringify(message));
    else pending = next(pending, message, context);
  }
  if (pending !== undefined) context.out(`${messageText(pending, context)}\n`);
  if (summary !== undefined)
    context.out(isJson ? JSON.stringify(summary.rows(), undefined, 2) : `${summary.text(context)}\n`);
  if (!isJson && extent !== undefined) context.out(extentText(extent, shown, context.width));
}

/** Prints what is complete; heartbeats in a row wait for their last. */
function next(pending: ShownMessage | undefined, message: ShownMessage, context: LocalContext): ShownMessage {
  const both = pending === undefined ? undefined : joined(pending, message);
  if (pending !== undefined && both === undefined) context.out(`${messageText(pending, context)}\n`);
  return both ?? message;
}

function messageOf(
  { body, atMs, ...line }: Extract<LedgerLine, { kind: 'message' }>,
  releases: readonly KnownRelease[],
): ShownMessage {
  const bytes = Buffer.from(body, 'base64');
  return {
    number: line.number,
    at: new Date(atMs).toISOString(),
    message: line.message,
    count: line.count,
    bytes: bytes.length,
    fields: fieldsOf(line.message, bytes, releases),
  };
}

function questionOf(flags: Flags, nowMs: number): { sinceMs?: number; last?: number } {
  const { since, last, summary } = flags;
  const sinceMs = flagMs(since);
  if (since !== undefined && sinceMs === undefined)
    throw usage('--since takes a time such as 30m, 24h or 7d.');
  if (last !== undefined && !(typeof last === 'string' && /^[1-9]\d{0,8}$/.test(last)))
    throw usage('--last takes a number from 1 on.');
  return {
    ...(sinceMs === undefined ? {} : { sinceMs: nowMs - sinceMs }),
    ...(last === undefined ? {} : { last: Number(last) }),
    ...(since === undefined && last === undefined && summary !== true ? { last: usualCount } : {}),
  };
}

function usage(detail: string): TreError {
  return new TreError('USAGE', `${errors.USAGE.text} ${detail}`);
}
