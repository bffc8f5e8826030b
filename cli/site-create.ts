// `trectl site create`: a name for a site that will join later.
// The name can be used instead of the id everywhere.

import type { Command } from 'commander';
import type { SiteAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
import { type OutputFormat, outputOption, printFacts } from './output.ts';
import { connect } from './server.ts';
import { whyOption } from './why.ts';

interface CreateOptions {
  readonly why?: string;
  readonly output: OutputFormat;
}

export function registerSiteCreate(program: Command, context: CommandContext): void {
  group(program, 'site', 'sites and what they run')
    .command('create')
    .argument('<name>', 'a DNS label, such as leeds')
    .description('create a site')
    .addOption(whyOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ trectl site create leeds')
    .action((name: string, options: CreateOptions) => create(context, name, options));
}

async function create(context: CommandContext, name: string, { why, output }: CreateOptions): Promise<void> {
  using client = await connect(context);
  const site = await client.call<SiteAnswer>('POST', '/v1/sites', { name, why });
  const text = () =>
    `Site ${site.name} (${site.id}) exists. Next: trectl site join-file ${site.name} --keyset keyset.json`;
  printFacts(context, output, { data: site, text });
}
