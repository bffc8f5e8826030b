// `trectl site show`: everything known about one site, each fact with its age, each code with what to do.
// What the site did not report is left out, never guessed.

import type { Command } from 'commander';
import type { CodedAnswer, SiteDetailAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
import { factLines, type OutputFormat, outputOption, printFacts } from './output.ts';
import { connect } from './server.ts';
import { newsOf } from './site-words.ts';

export function registerSiteShow(program: Command, context: CommandContext): void {
  group(program, 'site', 'sites and what they run')
    .command('show')
    .argument('<site>', 'name or id')
    .description('show one site')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ trectl site show leeds -o json')
    .action((site: string, options: { output: OutputFormat }) => show(context, site, options.output));
}

async function show(context: CommandContext, name: string, output: OutputFormat): Promise<void> {
  using client = await connect(context);
  const site = await client.call<SiteDetailAnswer>('GET', `/v1/sites/${encodeURIComponent(name)}`);
  printFacts(context, output, { data: site, text: () => siteText(site) });
}

/** The site as a page for people. */
export function siteText(site: SiteDetailAnswer): string {
  const blocks = [
    factLines([...identityFacts(site), ...documentFacts(site), ...stateFacts(site)]),
    troubles(site),
    refusals(site),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

type Facts = readonly (readonly [string, string])[];

function identityFacts(site: SiteDetailAnswer): Facts {
  return [
    ['site', `${site.name} (${site.id})`],
    ['news', `${newsOf(site)}${site.contact.lastAt === null ? '' : `, last heard ${site.contact.lastAt}`}`],
    ['agent', site.contact.agentVersion ?? ''],
    [
      'certificate',
      site.contact.certificateExpiresAt === null ? '' : `until ${site.contact.certificateExpiresAt}`,
    ],
    ['waiting', site.waiting.map((one) => `${one.fingerprint} since ${one.requestedAt}`).join('\n')],
  ];
}

function documentFacts({ desired, held }: SiteDetailAnswer): Facts {
  if (desired === null) return [['wanted', 'nothing was assigned yet']];
  const { release, generation, parameters } = desired;
  const values = Object.entries(parameters).map(([name, value]) => `${name}=${String(value)}`);
  return [
    ['wanted', `${release.name}@${release.version}, generation ${generation}, issued ${desired.issuedAt}`],
    ['parameters', values.join(', ')],
    ['held', held === null ? 'none' : `generation ${held.generation}`],
  ];
}

function stateFacts({ state }: SiteDetailAnswer): Facts {
  if (state === null) return [['state', 'nothing was reported yet']];
  const running = state.releases.running;
  return [
    ['running', running === null ? 'none' : `${running.name}@${running.version}`],
    ['applied', `${state.applied ? 'yes' : 'no'}, ${state.objectsApplied} of ${state.objectsWanted} objects`],
    ['drifted', state.drifted ? 'yes' : 'no'],
    ['observed', `${state.observedAt}, received ${state.receivedAt}`],
    ['kubernetes', state.kubernetesVersion ?? ''],
  ];
}

function troubles(site: SiteDetailAnswer): string {
  const objects = site.objects.map(({ object, index, ...coded }) => {
    const name =
      object === null
        ? `object ${index}`
        : `${object.kind} ${object.namespace === null ? '' : `${object.namespace}/`}${object.name}`;
    return codedText(coded, name);
  });
  const conditions = (site.state?.conditions ?? []).map((one) => codedText(one, `since ${one.since}`));
  const problem = site.problem === null ? [] : [codedText(site.problem, `since ${site.problem.since}`)];
  return [...problem, ...conditions, ...objects].join('\n');
}

function refusals(site: SiteDetailAnswer): string {
  return site.refusals
    .map((one) => codedText(one, `refused generation ${one.generation} at ${one.at}`))
    .join('\n');
}

function codedText({ code, text, next }: CodedAnswer, fact: string): string {
  return `${code} (${fact}): ${text}\n    ${next}`;
}
