// `trectl site revoke`: withdraws the identity of a site: its machine is not let in any more and gets nothing new.
// What runs there goes on. It is for good: to go on under its name the site is deleted and created anew. A machine that
// is only replaced needs no revoke: approving the new one shuts the old one out. Asks for the name to be typed.

import type { Command } from 'commander';
import type { SiteAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
import { isMeant, yesOption } from './meant.ts';
import { minuteText } from './moments.ts';
import { type OutputFormat, outputOption, printFacts } from './output.ts';
import { connect } from './server.ts';
import { whyOption } from './why.ts';

interface RevokeOptions {
  readonly why: string;
  readonly yes?: boolean;
  readonly output: OutputFormat;
}

export function registerSiteRevoke(program: Command, context: CommandContext): void {
  group(program, 'site', 'sites and what they run')
    .command('revoke')
    .argument('<site>', 'name or id')
    .description('withdraw the identity of a site for good; what runs there goes on')
    .addOption(whyOption().makeOptionMandatory())
    .addOption(yesOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nA machine that is replaced needs no revoke: approving the new one (site join-file, site approve) shuts it out.',
    )
    .addHelpText('after', '\nExample:\n  $ trectl site revoke leeds --why "the machine was stolen"')
    .action((site: string, options: RevokeOptions) => revoke(context, site, options));
}

async function revoke(
  context: CommandContext,
  site: string,
  { why, yes = false, output }: RevokeOptions,
): Promise<void> {
  using client = await connect(context);
  const { id, name } = await client.call<SiteAnswer>('GET', `/v1/sites/${encodeURIComponent(site)}`);
  if (!(await isMeant(context, { name, deed: 'withdraw it for good', yes }))) return;
  // By its id: it may have been renamed since it was asked about.
  const revoked = await client.call<{ revokedAt: string }>('POST', `/v1/sites/${id}/revoke`, { why });
  const text = (): string =>
    `${name} is withdrawn since ${minuteText(revoked.revokedAt)}; what runs there goes on.`;
  printFacts(context, output, { data: revoked, text });
}
