// `trectl site list`: every site on a line; --watch keeps it up to date (watch-sites.ts).
// NEWS says how old the news is that the other columns tell; GENERATION is the one held by the site of the one wanted.

import type { Command } from 'commander';
import type { SiteAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
import { type OutputFormat, outputOption, printTable } from './output.ts';
import { connect } from './server.ts';
import { chosenFacts, siteColumns } from './site-columns.ts';
import { watchSites } from './watch-sites.ts';

interface ListOptions {
  readonly label?: readonly string[];
  readonly columns?: string;
  readonly watch?: boolean;
  readonly output: OutputFormat;
}

export function registerSiteList(program: Command, context: CommandContext): void {
  group(program, 'site', 'sites and what they run')
    .command('list')
    .description('list sites, with how old the news of each is')
    .option('--label <key=value>', 'only sites with this label (or `key`, any value); may be repeated', add)
    .option('--columns <names>', 'which columns, such as name,healthy,last-heard')
    .option('--watch', 'stay, and show what changes')
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
NEWS        how old all else is: live (heard of within 90 s), stale, offline (15 min), expired (its certificate)
GENERATION  held by the site/wanted from it
APPLIED     yes, or how many objects of how many
HOLD        how much longer the people on site take no new release
TROUBLE     what to look at first; \`trectl site show\` says what to do`,
    )
    .addHelpText('after', '\nExample:\n  $ trectl site list --watch --label region=north')
    .action((options: ListOptions) => list(context, options));
}

async function list(context: CommandContext, options: ListOptions): Promise<void> {
  const { label = [], output, watch } = options;
  const none =
    label.length === 0 ? 'There are no sites: trectl site create NAME.' : 'No site has such labels.';
  const facts = chosenFacts(options.columns?.split(','), output === 'wide');
  const query = label.map((one) => `label=${encodeURIComponent(one)}`).join('&');
  const path = query === '' ? '/v1/sites' : `/v1/sites?${query}`;
  using client = await connect(context);
  if (watch === true) return await watchSites(context, client, { path, facts, output, none });
  const { sites } = await client.call<{ sites: readonly SiteAnswer[] }>('GET', path);
  const nowMs = client.serverTime() ?? context.clock.now();
  printTable(context, output, { columns: siteColumns(facts, nowMs), rows: sites, none });
}

function add(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
