// `trectl site rename`: another name for a site; its id, its history and what runs there stay.
// The machine there keeps calling itself by the name of its join file until it joins again.

import type { Command } from 'commander';
import type { SiteAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
import { type OutputFormat, outputOption, printFacts } from './output.ts';
import { connect } from './server.ts';
import { whyOption } from './why.ts';

interface RenameOptions {
  readonly why?: string;
  readonly output: OutputFormat;
}

export function registerSiteRename(program: Command, context: CommandContext): void {
  group(program, 'site', 'sites and what they run')
    .command('rename')
    .argument('<site>', 'name or id')
    .argument('<name>', 'the new name, a DNS label')
    .description('give a site another name')
    .addOption(whyOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ trectl site rename leeds leeds-general')
    .action((site: string, name: string, options: RenameOptions) => rename(context, { site, name }, options));
}

async function rename(
  context: CommandContext,
  { site, name }: { readonly site: string; readonly name: string },
  { why, output }: RenameOptions,
): Promise<void> {
  using client = await connect(context);
  const path = `/v1/sites/${encodeURIComponent(site)}`;
  const renamed = await client.call<SiteAnswer>('PATCH', path, { name, why });
  printFacts(context, output, { data: renamed, text: () => `${site} is called ${renamed.name} now.` });
}
