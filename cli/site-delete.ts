// `trectl site delete`: takes a site off the list; refused while a machine of it has joined. Its history and its audit
// stay. Asks for the name to be typed, so that nobody deletes the line above by mistake.

import type { Command } from 'commander';
import { TreError } from '../proto/errors.ts';
import type { SiteAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
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
    .option('--yes', 'do not ask for the name')
    .addHelpText('after', '\nExample:\n  $ trectl site delete leeds --why "the building was closed"')
    .action((site: string, options: DeleteOptions) => remove(context, site, options));
}

async function remove(context: CommandContext, site: string, { why, yes }: DeleteOptions): Promise<void> {
  using client = await connect(context);
  const { id, name } = await client.call<SiteAnswer>('GET', `/v1/sites/${encodeURIComponent(site)}`);
  if (yes !== true && !(await isMeant(context, name))) {
    context.err('Nothing was deleted.');
    context.exitCode = 1;
    return;
  }
  // By its id: it may have been renamed since it was asked about.
  await client.call('DELETE', `/v1/sites/${id}?why=${encodeURIComponent(why)}`);
  context.out(`${name} is deleted; what happened there stays in the audit.`);
}

async function isMeant({ ask }: CommandContext, name: string): Promise<boolean> {
  if (ask === undefined)
    throw new TreError('USAGE', 'Nobody can be asked here: add --yes to delete the site.');
  return (await ask(`Type the name of the site to delete it (${name}): `)).trim() === name;
}
