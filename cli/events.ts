// `trectl events`: what happened at the sites, oldest first; --follow stays and goes on by itself after an interruption.
// Every event has an id: --after takes one up where somebody stopped, today or next week; with the time of that event it
// also notices that a backup was restored since.

import { type Command, InvalidArgumentError } from 'commander';
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

/** The last event that somebody has seen. */
interface EventPlace {
  readonly id: number;
  /** When it happened; undefined when nobody says. */
  readonly at: string | undefined;
}

interface EventsOptions {
  readonly after?: EventPlace;
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
    .option(
      '--after <id[@time]>',
      'all events after this one (default: the last ones); with its time a restored backup is noticed',
      eventPlace,
    )
    .option(
      '--limit <n>',
      `at most so many (default: the last ${usualEvents}, all with --after)`,
      wholeNumber,
    )
    .option('--site <site>', 'only of this site; name or id')
    .option('--follow', 'stay, and print what happens; with -o json one line per event')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ trectl events --follow --after 1200@2026-11-23T10:00:00.000Z -o json',
    )
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
  if (after !== undefined && isFollowing) return await follow(context, client, after, options);
  if (after !== undefined) return await showAfter(context, client, { ...options, after });
  const found = await lastEvents(client, newest, options);
  if (!isFollowing) return print(context, found, output);
  printLines(context, found, output);
  const last = found.at(-1);
  await follow(context, client, { id: last?.id ?? newest, at: last?.at }, options);
}

/** Page by page, however many they are; only an array for programs is put together first. */
async function showAfter(
  context: CommandContext,
  client: RestClient,
  { after, limit = Number.POSITIVE_INFINITY, site, output }: EventsOptions & { readonly after: EventPlace },
): Promise<void> {
  const isData = output === 'json' || output === 'yaml';
  const kept: EventAnswer[] = [];
  let left = limit;
  const onGap = (gap: Gap): void => context.err(gapText(gap));
  const place = { after: after.id, at: after.at, ...(site === undefined ? {} : { site }) };
  for await (const page of eventPages(client, { ...place, onGap })) {
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
  after: EventPlace,
  { site, output }: EventsOptions,
): Promise<void> {
  const { clock, signal } = context;
  let last = after;
  let isSilent = false;
  const onSilence = ({ sinceMs, why }: { sinceMs: number; why: string }): void => {
    if (!isSilent)
      context.err(`No answer since ${secondText(sinceMs)}; goes on after event ${last.id}. ${why}`);
    isSilent = true;
  };
  const onAnswer = (): void => {
    context.err(`Answered again at ${secondText(clock.now())}.`);
    isSilent = false;
  };
  const onGap = (gap: Gap): void => {
    if (gap.kind === 'restored') last = { id: gap.after, at: undefined };
    context.err(gapText(gap));
  };
  try {
    const hearing = { clock, signal, onSilence, onAnswer, onGap };
    for await (const events of followEvents(client, { after: after.id, at: after.at, site, ...hearing })) {
      printLines(context, events, output);
      last = events.at(-1) ?? last;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    // Of what was printed into a closed pipe nobody knows how much was read.
    const isUnread = systemCode(signal.reason) === 'EPIPE';
    if (!isUnread && (output === 'table' || output === 'wide'))
      context.err(`To go on: trectl events --follow --after ${placeText(last)}`);
  }
}

/** As `eventPlace` reads it. */
function placeText({ id, at }: EventPlace): string {
  return at === undefined ? `${id}` : `${id}@${at}`;
}

function eventPlace(text: string): EventPlace {
  const [, id, time] = /^(\d{1,15})(?:@(\d{4}-\d\d-\d\dT[\d:.]+Z))?$/.exec(text) ?? [];
  const atMs = time === undefined ? undefined : Date.parse(time);
  if (id === undefined || Number.isNaN(atMs))
    throw new InvalidArgumentError(
      'It must be the id of an event, or its id and its time: 1200@2026-11-23T10:00:00.000Z.',
    );
  return { id: Number(id), at: atMs === undefined ? undefined : new Date(atMs).toISOString() };
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
