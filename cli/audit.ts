// `trectl audit` (or `audit list`): who did what, when and why, oldest first, from a row on. `trectl audit verify` checks the chain.
// Texts are those of operators; they cannot steer the terminal.

import { type Command, InvalidArgumentError } from 'commander';
import type { AuditAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
import { minuteText } from './moments.ts';
import { type OutputFormat, outputOption, printTable } from './output.ts';
import type { RestClient } from './rest.ts';
import { connect } from './server.ts';
import type { Column } from './table.ts';

interface AuditOptions {
  readonly after: number;
  readonly limit: number;
  readonly output: OutputFormat;
}

const columns: readonly Column<AuditAnswer>[] = [
  { title: 'id', value: ({ id }) => String(id) },
  { title: 'at', value: ({ at }) => minuteText(at) },
  { title: 'who', value: ({ who }) => who },
  { title: 'what', value: ({ what }) => what },
  { title: 'subject', value: ({ subject }) => subject, rank: 1 },
  { title: 'why', value: ({ why }) => why ?? '-' },
  { title: 'digest', value: ({ digest }) => digest ?? '-', wide: true },
  { title: 'hash', value: ({ hash }) => hash, wide: true },
];
const pageRows = 1000;

export function registerAudit(program: Command, context: CommandContext): void {
  group(program, 'audit', 'who did what, when and why')
    .command('list', { isDefault: true })
    .description('list the audit, oldest first')
    .option('--after <id>', 'only rows after this one', wholeNumber, 0)
    .option('--limit <n>', 'at most so many', wholeNumber, pageRows)
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ trectl audit list --after 1200')
    .action((options: AuditOptions) => list(context, options));
}

async function list(context: CommandContext, { after, limit, output }: AuditOptions): Promise<void> {
  using client = await connect(context);
  const rows: AuditAnswer[] = [];
  for await (const page of auditPages(client, after)) {
    rows.push(...page.slice(0, limit - rows.length));
    if (rows.length >= limit) break;
  }
  printTable(context, output, { columns, rows });
  const last = rows.at(-1);
  if (last !== undefined && rows.length === limit && output === 'table')
    context.err(`There may be more: trectl audit list --after ${last.id}`);
}

/** The audit after a row, page by page, to its end. */
export async function* auditPages(client: RestClient, after: number): AsyncGenerator<readonly AuditAnswer[]> {
  for (let last = after; ; ) {
    const { rows } = await client.call<{ rows: readonly AuditAnswer[] }>(
      'GET',
      `/v1/audit?after=${last}&limit=${pageRows}`,
    );
    if (rows.length > 0) yield rows;
    const end = rows.at(-1);
    if (end === undefined || rows.length < pageRows) return;
    last = end.id;
  }
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
