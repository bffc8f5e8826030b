// `trectl site rollback`: the release that the site had before the present one, with the parameters it had then, as a new
// generation. The site checks it like any other; going back again goes further back, past what was fled from.

import type { Command } from 'commander';
import type { DesiredAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
import { factLines, type OutputFormat, outputOption, printFacts } from './output.ts';
import { connect } from './server.ts';
import { sayHowToWait, timeoutOption, waitForSite } from './site-wait.ts';
import { releaseText } from './site-words.ts';
import { whyOption } from './why.ts';

interface RollbackOptions {
  readonly why: string;
  readonly wait?: boolean;
  readonly timeout: number;
  readonly output: OutputFormat;
}

export function registerSiteRollback(program: Command, context: CommandContext): void {
  group(program, 'site', 'sites and what they run')
    .command('rollback')
    .argument('<site>', 'name or id')
    .description('go back to the release before, with the parameters it had then')
    .addOption(whyOption().makeOptionMandatory())
    .option('--wait', 'stay until the site has applied it and is healthy')
    .addOption(timeoutOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nGoing back again goes further back: what was left by a rollback is passed over until it is assigned again.',
    )
    .addHelpText('after', '\nExample:\n  $ trectl site rollback leeds --why "the portal is slow" --wait')
    .action((site: string, options: RollbackOptions) => rollback(context, site, options));
}

async function rollback(context: CommandContext, site: string, options: RollbackOptions): Promise<void> {
  using client = await connect(context);
  const path = `/v1/sites/${encodeURIComponent(site)}`;
  const desired = await client.call<DesiredAnswer>('POST', `${path}/rollback`, { why: options.why });
  const text = factLines([
    ['site', site],
    ['release', releaseText(desired.release)],
    ['generation', String(desired.generation)],
  ]);
  printFacts(context, options.output, { data: desired, text: () => text });
  if (options.wait !== true) return sayHowToWait(context, options.output, site);
  const { generation } = desired;
  await waitForSite(context, client, { path, generation, wanted: 'healthy', timeoutMs: options.timeout });
}
