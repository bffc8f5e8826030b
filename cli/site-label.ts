// `trectl site label`: words of the operator's own on a site, to choose sites by: key=value sets one, key- removes it.
// The site itself never hears of them.

import type { Command } from 'commander';
import { TreError } from '../proto/errors.ts';
import type { SiteAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
import { type OutputFormat, outputOption, printFacts } from './output.ts';
import { connect } from './server.ts';
import { labelsOf } from './site-words.ts';
import { whyOption } from './why.ts';

interface LabelOptions {
  readonly why?: string;
  readonly output: OutputFormat;
}

export function registerSiteLabel(program: Command, context: CommandContext): void {
  group(program, 'site', 'sites and what they run')
    .command('label')
    .argument('<site>', 'name or id')
    .argument('<labels...>', 'key=value to set, key- to remove')
    .description('set and remove labels of a site')
    .addOption(whyOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ trectl site label leeds region=north tier=1 old-')
    .action((site: string, labels: string[], options: LabelOptions) =>
      label(context, { site, labels }, options),
    );
}

async function label(
  context: CommandContext,
  target: { readonly site: string; readonly labels: readonly string[] },
  { why, output }: LabelOptions,
): Promise<void> {
  const labels = Object.fromEntries(target.labels.map(labelChange));
  using client = await connect(context);
  const path = `/v1/sites/${encodeURIComponent(target.site)}`;
  const site = await client.call<SiteAnswer>('PATCH', path, { labels, why });
  printFacts(context, output, { data: site, text: () => `${site.name}: ${labelsOf(site)}` });
}

/** What is no label is judged by the server too; a text that says neither to set nor to remove is refused here. */
function labelChange(text: string): readonly [key: string, value: string | null] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  if (at < 0 && text.length > 1 && text.endsWith('-')) return [text.slice(0, -1), null];
  throw new TreError('LABEL_INVALID', `${text} is neither key=value nor key-.`);
}
