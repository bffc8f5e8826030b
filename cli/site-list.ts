// `trectl site list`: every site on a line. NEWS says how old the news is that the other columns tell.
// WANTED is what was assigned here; GENERATION is the one held by the site of the one wanted.

import type { Command } from 'commander';
import type { SiteAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
import { type Column, type OutputFormat, outputOption, printTable } from './output.ts';
import { connect } from './server.ts';
import { newsOf } from './site-words.ts';

const columns: readonly Column<SiteAnswer>[] = [
  { title: 'name', value: (site) => site.name },
  { title: 'news', value: newsOf },
  { title: 'last heard', value: (site) => site.contact.lastAt ?? '-' },
  {
    title: 'wanted',
    value: ({ desired }) => (desired === null ? '-' : `${desired.release.name}@${desired.release.version}`),
  },
  {
    title: 'generation',
    value: ({ desired, held }) => `${held?.generation ?? 0}/${desired?.generation ?? 0}`,
  },
  { title: 'applied', value: ({ state }) => yesNo(state?.applied) },
  { title: 'drifted', value: ({ state }) => yesNo(state?.drifted) },
  {
    title: 'objects',
    value: ({ state }) => (state === null ? '-' : `${state.objectsApplied}/${state.objectsWanted}`),
  },
  { title: 'trouble', value: troubleOf },
  { title: 'agent', value: (site) => site.contact.agentVersion ?? '-', wide: true },
  { title: 'kubernetes', value: ({ state }) => state?.kubernetesVersion ?? '-', wide: true },
  { title: 'id', value: (site) => site.id, wide: true },
];

export function registerSiteList(program: Command, context: CommandContext): void {
  group(program, 'site', 'sites and what they run')
    .command('list')
    .description('list all sites')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ trectl site list -o wide')
    .action((options: { output: OutputFormat }) => list(context, options.output));
}

async function list(context: CommandContext, output: OutputFormat): Promise<void> {
  using client = await connect(context);
  const { sites } = await client.call<{ sites: readonly SiteAnswer[] }>('GET', '/v1/sites');
  printTable(context, output, { columns, rows: sites });
}

function yesNo(value: boolean | undefined): string {
  return value === undefined ? '-' : value ? 'yes' : 'no';
}

/** The one thing to look at first. */
function troubleOf(site: SiteAnswer): string {
  const held = site.state?.conditions.find((condition) => condition.severity === 'error');
  const refused = site.held?.generation === site.desired?.generation ? undefined : site.refused?.code;
  return (
    site.problem?.code ?? refused ?? held?.code ?? (site.waiting.length > 0 ? 'waits for approval' : '-')
  );
}
