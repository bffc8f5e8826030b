// `trectl site delete`: takes a site off the list; refused while a machine of it has joined. Its history and its audit
// stay. Asks for the name to be typed.

import type { Command } from 'commander';
import type { SiteAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
import { isMeant, yesOption } from './meant.ts';
import { connect } from './server.ts';
import { whyOption } from './why.ts';

interface DeleteOptions {
  readonly why: string;
  readonly yes?: boolean;
}

export function registerSiteDelete(program: Command, context: CommandContext): void {
  group(program, 'site', 'sites and what they run')
    .command('delete')
    .argument('<site>', 'name or id')
    .description('delete a site that no machine belongs to any more')
    .addOption(whyOption().makeOptionMandatory())
    .addOption(yesOption())
    .addHelpText('after', '\nExample:\n  $ trectl site delete leeds --why "the building was closed"')
    .action((site: string, options: DeleteOptions) => remove(context, site, options));
}

async function remove(
  context: CommandContext,
  site: string,
  { why, yes = false }: DeleteOptions,
): Promise<void> {
  using client = await connect(context);
  const { id, name } = await client.call<SiteAnswer>('GET', `/v1/sites/${encodeURIComponent(site)}`);
  if (!(await isMeant(context, { name, deed: 'delete it', yes }))) return;
  // By its id: it may have been renamed since it was asked about.
  await client.call('DELETE', `/v1/sites/${id}?why=${encodeURIComponent(why)}`);
  context.out(`${name} is deleted; what happened there stays in the audit.`);
}
