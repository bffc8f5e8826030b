// `trectl site revoke`: withdraws the identity of a site: its machine is not let in any more and gets nothing new.
// What runs there goes on. It is for good: to go on under its name the site is deleted and created anew. A machine that
// is only replaced needs no revoke: approving the new one shuts the old one out.

import type { Command } from 'commander';
import { type CommandContext, group } from './context.ts';
import { minuteText } from './moments.ts';
import { type OutputFormat, outputOption, printFacts } from './output.ts';
import { connect } from './server.ts';
import { whyOption } from './why.ts';

interface RevokeOptions {
  readonly why: string;
  readonly output: OutputFormat;
}

export function registerSiteRevoke(program: Command, context: CommandContext): void {
  group(program, 'site', 'sites and what they run')
    .command('revoke')
    .argument('<site>', 'name or id')
    .description('withdraw the identity of a site for good; what runs there goes on')
    .addOption(whyOption().makeOptionMandatory())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nA machine that is replaced needs no revoke: approving the new one (site join-file, site approve) shuts it out.',
    )
    .addHelpText('after', '\nExample:\n  $ trectl site revoke leeds --why "the machine was stolen"')
    .action((site: string, options: RevokeOptions) => revoke(context, site, options));
}

async function revoke(context: CommandContext, site: string, { why, output }: RevokeOptions): Promise<void> {
  using client = await connect(context);
  const path = `/v1/sites/${encodeURIComponent(site)}/revoke`;
  const revoked = await client.call<{ revokedAt: string }>('POST', path, { why });
  const text = (): string =>
    `${site} is withdrawn since ${minuteText(revoked.revokedAt)}; what runs there goes on.`;
  printFacts(context, output, { data: revoked, text });
}
