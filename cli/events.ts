// `trectl events`: what happened at the sites, oldest first; --follow stays and goes on by itself after an interruption.
// Every event has an id: --after takes one up where somebody stopped, today or next week.

import type { Command } from 'commander';
import { systemCode } from '../daemon/errors.ts';
import { TreError } from '../proto/errors.ts';
import type { EventAnswer } from './answers.ts';
import { wholeNumber } from './audit.ts';
import type { CommandContext } from './context.ts';
import { eventPages, followEvents, type Gap, newestEvent } from './event-feed.ts';
import { eventText } from './event-words.ts';
import { secondText } from './moments.ts';
import { type OutputFormat, outputOption, printFacts, printNext } from './output.ts';
import type { RestClient } from './rest.ts';
import { connect } from './server.ts';

interface EventsOptions {
  readonly after?: number;
  readonly limit?: number;
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
    .option(
      '--limit <n>',
      `at most so many (default: the last ${usualEvents}, all with --after)`,
      wholeNumber,
    )
    .option('--site <site>', 'only of this site; name or id')
    .option('--follow', 'stay, and print what happens; with -o json one line per event')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ trectl events --follow --after 1200 -o json')
    .action((options: EventsOptions) => showEvents(context, options));
}

async function showEvents(context: CommandContext, options: EventsOptions): Promise<void> {
  const { after, limit, output } = options;
  const isFollowing = options.follow === true;
  if (isFollowing && after !== undefined && limit !== undefined)
    throw new TreError(
      'USAGE',
      '--follow has no end: --limit goes with --follow alone or with --after alone.',
    );
  using client = await connect(context);
  // Whoever cannot be reached at all is told at once, as by any other command.
  const newest = await newestEvent(client);
  if (after !== undefined && isFollowing) return await follow(context, client, { ...options, after });
  if (after !== undefined) return await showAfter(context, client, { ...options, after });
  const found = await lastEvents(client, newest, options);
  if (!isFollowing) return print(context, found, output);
  printLines(context, found, output);
  const last = found.at(-1);
  await follow(context, client, { ...options, after: last?.id ?? newest, at: last?.at });
}

/** Page by page, however many they are; only an array for programs is put together first. */
async function showAfter(
  context: CommandContext,
  client: RestClient,
  { after, limit = Number.POSITIVE_INFINITY, site, output }: EventsOptions & { readonly after: number },
): Promise<void> {
  const isData = output === 'json' || output === 'yaml';
  const kept: EventAnswer[] = [];
  let left = limit;
  const onGap = (gap: Gap): void => context.err(gapText(gap));
  for await (const page of eventPages(client, { after, onGap, ...(site === undefined ? {} : { site }) })) {
    const shown = page.slice(0, left);
    left -= shown.length;
    if (isData) kept.push(...shown);
    else printLines(context, shown, output);
    if (left === 0) break;
  }
  if (isData) print(context, kept, output);
}

async function lastEvents(
  client: RestClient,
  newest: number,
  { limit = usualEvents, site }: EventsOptions,
): Promise<readonly EventAnswer[]> {
  // The last ones of one site may lie far back.
  const after = site === undefined ? Math.max(0, newest - limit) : 0;
  const found: EventAnswer[] = [];
  for await (const page of eventPages(client, { after, ...(site === undefined ? {} : { site }) })) {
    found.push(...page);
    found.splice(0, found.length - limit);
  }
  return found;
}

async function follow(
  context: CommandContext,
  client: RestClient,
  { after, at, site, output }: EventsOptions & { readonly after: number; readonly at?: string | undefined },
): Promise<void> {
  const { clock, signal } = context;
  let last = after;
  let isSilent = false;
  const onSilence = ({ sinceMs, why }: { sinceMs: number; why: string }): void => {
    if (!isSilent) context.err(`No answer since ${secondText(sinceMs)}; goes on after event ${last}. ${why}`);
    isSilent = true;
  };
  const onAnswer = (): void => {
    context.err(`Answered again at ${secondText(clock.now())}.`);
    isSilent = false;
  };
  const onGap = (gap: Gap): void => {
    if (gap.kind === 'restored') last = gap.after;
    context.err(gapText(gap));
  };
  try {
    const hearing = { clock, signal, onSilence, onAnswer, onGap };
    for await (const events of followEvents(client, { after, at, site, ...hearing })) {
      printLines(context, events, output);
      last = events.at(-1)?.id ?? last;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    // Of what was printed into a closed pipe nobody knows how much was read.
    const isUnread = systemCode(signal.reason) === 'EPIPE';
    if (!isUnread && (output === 'table' || output === 'wide'))
      context.err(`To go on: trectl events --follow --after ${last}`);
  }
}

function gapText(gap: Gap): string {
  if (gap.kind === 'forgotten')
    return `Events up to ${gap.upTo} are forgotten: a control plane does not keep them for ever.`;
  return `The control plane does not have the event that was seen last: a backup was restored, or it is another one. Goes on after event ${gap.after}.`;
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
