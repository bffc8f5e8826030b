// `trectl site show`: everything known about one site, each fact with its age, each code with what to do.
// What the site did not report is left out, never guessed; the page itself is site-page.ts.

import type { Command } from 'commander';
import type { SiteDetailAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
import { type OutputFormat, outputOption, printFacts } from './output.ts';
import { connect } from './server.ts';
import { sitePage } from './site-page.ts';

export function registerSiteShow(program: Command, context: CommandContext): void {
  group(program, 'site', 'sites and what they run')
    .command('show')
    .argument('<site>', 'name or id')
    .description('show one site; -o wide also says where each figure of its machine was read')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ trectl site show leeds -o json')
    .action((site: string, options: { output: OutputFormat }) => show(context, site, options.output));
}

async function show(context: CommandContext, name: string, output: OutputFormat): Promise<void> {
  using client = await connect(context);
  const site = await client.call<SiteDetailAnswer>('GET', `/v1/sites/${encodeURIComponent(name)}`);
  const { width, paint } = context;
  const nowMs = client.serverTime() ?? context.clock.now();
  const text = (isWide: boolean): string => sitePage(site, { nowMs, width, paint, isWide });
  printFacts(context, output, { data: site, text });
}
