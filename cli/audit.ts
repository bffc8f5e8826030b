// `trectl audit` (or `audit list`): who did what to whom, when and why, oldest first, from a row on. A row is a line, for
// nothing in it may be hidden. `trectl audit verify` checks the chain. Texts of operators cannot steer the terminal.

import { type Command, InvalidArgumentError } from 'commander';
import type { AuditAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
import { minuteText } from './moments.ts';
import { type OutputFormat, outputOption, printFacts } from './output.ts';
import type { RestClient } from './rest.ts';
import { connect } from './server.ts';
import { releaseText } from './site-words.ts';
import { printable, wrapped } from './wrap.ts';

interface AuditOptions {
  readonly after: number;
  readonly limit: number;
  readonly output: OutputFormat;
}

const pageRows = 1000;
const idWidth = 6;
const indent = ' '.repeat(idWidth + 2);

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
  const text = (isWide: boolean): string =>
    rows.map((row) => auditText(row, { width: context.width, isWide })).join('\n');
  if (rows.length > 0 || output === 'json' || output === 'yaml')
    printFacts(context, output, { data: rows, text });
  const last = rows.at(-1);
  if (last !== undefined && rows.length === limit && (output === 'table' || output === 'wide'))
    context.err(`There may be more: trectl audit list --after ${last.id}`);
}

/** `    41  2026-11-23 07:48 UTC  maria  site.delete hull (01a2075b-...): the building was closed`; wide: the digests too. */
export function auditText(
  given: AuditAnswer,
  { width, isWide }: { readonly width: number; readonly isWide: boolean },
): string {
  const row = printable(given);
  const { id, at, who, what, why, digest, hash } = row;
  const reason = why === null ? '' : `: ${why}`;
  const line = `${String(id).padStart(idWidth)}  ${minuteText(at)}  ${who}  ${what} ${subjectText(row)}${reason}`;
  const digests = isWide ? [...(digest === null ? [] : [`digest ${digest}`]), `hash ${hash}`] : [];
  const below = digests.map((one) => `${indent}${wrapped(one, width - indent.length, indent)}`);
  return [wrapped(line, width, indent), ...below].join('\n');
}

/** The id stays beside the name, for only the id is part of what is hashed. */
function subjectText({ subject, about }: AuditAnswer): string {
  if (!about) return subject;
  const [id = '', ...rest] = subject.split(' ');
  const { site, release, generation } = about;
  const named = [`${site} (${id})`, ...rest].join(' ');
  if (generation === null) return named;
  return `${named}, ${release === null ? '' : `${releaseText(release)}, `}generation ${generation}`;
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
