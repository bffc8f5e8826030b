// `trectl audit verify`: fetches the whole audit and computes every hash anew, without trusting the server for any of it.
// A hash that was noted before and is not in the chain any more shows that the past was written anew, so note the last
// one and give it with --expect the next time.

import { type Command, InvalidArgumentError } from 'commander';
import { auditRoot, brokenAuditRow, type ChainEnd, chainStart } from '../proto/audit-chain.ts';
import { TreError } from '../proto/errors.ts';
import { auditPages } from './audit.ts';
import { type CommandContext, group } from './context.ts';
import { factLines, type OutputFormat, outputOption, printFacts } from './output.ts';
import type { RestClient } from './rest.ts';
import { connect } from './server.ts';

interface VerifyOptions {
  readonly expect?: string;
  readonly output: OutputFormat;
}

/** What was found: the chain is whole from its first row to this one. */
interface VerifiedAudit {
  readonly rows: number;
  readonly hash: string;
  /** The row with the hash that was asked for; absent when none was. */
  readonly expected?: number;
}

export function registerAuditVerify(program: Command, context: CommandContext): void {
  group(program, 'audit', 'who did what, when and why')
    .command('verify')
    .description('compute the hash chain of the whole audit anew')
    .option('--expect <hash>', 'a hash noted before, which must still be in the chain', hashText)
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ trectl audit verify --expect sha256:1f0c...')
    .action((options: VerifyOptions) => verify(context, options));
}

async function verify(context: CommandContext, { expect, output }: VerifyOptions): Promise<void> {
  using client = await connect(context);
  const verified = await verifyAudit(client, expect);
  const text = (): string =>
    factLines(
      [
        [
          'audit',
          `whole: ${verified.rows} ${verified.rows === 1 ? 'row' : 'rows'}, every hash computed here`,
        ],
        ['last hash', verified.hash],
        ['expected', verified.expected === undefined ? '' : `still there, row ${verified.expected}`],
      ],
      context.width,
    );
  printFacts(context, output, { data: verified, text });
}

/** Throws TreError AUDIT_BROKEN with the first row that does not follow, or when the expected hash is gone. */
async function verifyAudit(client: RestClient, expect?: string): Promise<VerifiedAudit> {
  let end: ChainEnd = chainStart;
  let expected: number | undefined;
  for await (const page of auditPages(client, 0)) {
    const rows = page.map((row) => ({ ...row, atMs: Date.parse(row.at) }));
    const broken = brokenAuditRow(rows, end);
    if (broken !== undefined)
      throw new TreError('AUDIT_BROKEN', brokenText(rows, broken, end), { facts: { row: broken } });
    end = rows.at(-1) ?? end;
    expected ??= rows.find(({ hash }) => hash === expect)?.id;
  }
  if (expect !== undefined && expected === undefined)
    throw new TreError('AUDIT_BROKEN', `No row has the hash ${expect} any more.`, {
      facts: { rows: end.id },
    });
  return { rows: end.id, hash: end.hash, ...(expected === undefined ? {} : { expected }) };
}

/** Names the row before as it came; a row that has no number was given the one that it should have. */
function brokenText(rows: readonly ChainEnd[], broken: number, end: ChainEnd): string {
  const at = rows.findLastIndex(({ id }) => id === broken);
  const before = at < 0 ? broken - 1 : (rows[at - 1] ?? end).id;
  return `Row ${broken} does not follow from ${before === chainStart.id ? 'the beginning' : `row ${before}`}.`;
}

function hashText(text: string): string {
  if (!/^sha256:[0-9a-f]{64}$/.test(text)) throw new InvalidArgumentError('It must be sha256:<hex>.');
  if (text === auditRoot)
    throw new InvalidArgumentError(
      'Every audit begins with this one; give a last hash that was noted before.',
    );
  return text;
}
