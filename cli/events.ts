// `trectl events`: what happened at the sites, oldest first; --follow stays and goes on by itself after an interruption.
// Every event has an id: --after takes one up where somebody stopped, today or next week.

import type { Command } from 'commander';
import type { EventAnswer } from './answers.ts';
import { wholeNumber } from './audit.ts';
import type { CommandContext } from './context.ts';
import { eventPages, followEvents, newestEvent } from './event-feed.ts';
import { eventText } from './event-words.ts';
import { secondText } from './moments.ts';
import { type OutputFormat, outputOption, printFacts, printNext } from './output.ts';
import type { RestClient } from './rest.ts';
import { connect } from './server.ts';

interface EventsOptions {
  readonly after?: number;
  readonly limit: number;
  readonly site?: string;
  readonly follow?: boolean;
  readonly output: OutputFormat;
}

const usualEvents = 50;

export function registerEvents(program: Command, context: CommandContext): void {
  program
    .command('events')
    .description('what happened at the sites')
    .option('--after <id>', 'all events after this one (default: the last ones)', wholeNumber)
    .option('--limit <n>', 'how many of the last ones', wholeNumber, usualEvents)
    .option('--site <site>', 'only of this site; name or id')
    .option('--follow', 'stay, and print what happens; with -o json one line per event')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ trectl events --follow --after 1200 -o json')
    .action((options: EventsOptions) => showEvents(context, options));
}

async function showEvents(context: CommandContext, options: EventsOptions): Promise<void> {
  using client = await connect(context);
  const { found, after } = await earlierEvents(client, options);
  if (options.follow !== true) return print(context, found, options.output);
  printLines(context, found, options.output);
  await follow(context, client, { ...options, after });
}

/** What there is already, and the id to go on after. */
async function earlierEvents(
  client: RestClient,
  { after, limit, site }: EventsOptions,
): Promise<{ readonly found: readonly EventAnswer[]; readonly after: number }> {
  const newest = await newestEvent(client);
  // The last ones of one site may lie far back.
  const from = after ?? (site === undefined ? Math.max(0, newest - limit) : 0);
  const found: EventAnswer[] = [];
  for await (const page of eventPages(client, { after: from, ...(site === undefined ? {} : { site }) })) {
    found.push(...page);
    if (after === undefined) found.splice(0, found.length - limit);
  }
  return { found, after: found.at(-1)?.id ?? Math.max(from, newest) };
}

async function follow(
  context: CommandContext,
  client: RestClient,
  { after, site, output }: EventsOptions & { readonly after: number },
): Promise<void> {
  const { clock, signal } = context;
  let last = after;
  let isSilent = false;
  const onSilence = ({ sinceMs, why }: { sinceMs: number; why: string }): void => {
    if (!isSilent) context.err(`No answer since ${secondText(sinceMs)}; goes on after event ${last}. ${why}`);
    isSilent = true;
  };
  const onRestored = (newest: number): void =>
    context.err(
      `The control plane has forgotten what came after event ${newest}: was it restored? Goes on there.`,
    );
  try {
    for await (const events of followEvents(client, { after, site, clock, signal, onSilence, onRestored })) {
      isSilent = false;
      printLines(context, events, output);
      last = events.at(-1)?.id ?? last;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    if (output === 'table' || output === 'wide')
      context.err(`To go on: trectl events --follow --after ${last}`);
  }
}

function print(context: CommandContext, events: readonly EventAnswer[], output: OutputFormat): void {
  const text = (isWide: boolean): string =>
    events.map((event) => eventText(event, look(context, isWide))).join('\n');
  if (events.length > 0 || output === 'json' || output === 'yaml')
    printFacts(context, output, { data: events, text });
}

/** As they come: one line of JSON each for programs. */
function printLines(context: CommandContext, events: readonly EventAnswer[], output: OutputFormat): void {
  for (const event of events)
    if (output === 'json' || output === 'yaml') printNext(context, output, event);
    else context.out(eventText(event, look(context, output === 'wide')));
}

function look({ width, paint }: CommandContext, isWide: boolean) {
  return { width, paint, isWide };
}
