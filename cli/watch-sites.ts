// `trectl site list --watch`: asks again whenever something happened at a site and every few seconds, at most once per
// second. On a terminal the table is drawn over in place, every second with the ages of then, whether anybody answers or
// not; elsewhere a line says what changed, and with -o json each changed site is one line. Survives a restart of the
// control plane, and says so while nobody answers.

import type { Clock } from '../daemon/clock.ts';
import type { SiteAnswer } from './answers.ts';
import type { CommandContext } from './context.ts';
import { waitForEvent } from './event-feed.ts';
import { createFrame, whileDrawing } from './frame.ts';
import { secondText } from './moments.ts';
import { type OutputFormat, printNext, printTable } from './output.ts';
import { patiently, type Silence } from './patience.ts';
import type { RestClient } from './rest.ts';
import { changedSites, changeLines } from './site-changes.ts';
import { type SiteFact, siteColumns } from './site-columns.ts';
import { type SitesSeen, sitesScreen } from './sites-screen.ts';

export interface WatchOptions {
  /** The list to ask for, with its query. */
  readonly path: string;
  readonly facts: readonly SiteFact[];
  readonly output: OutputFormat;
  /** What people are told when there is no site. */
  readonly none: string;
}

type Show = (seen: SitesSeen) => void;

interface Answered {
  readonly sites: readonly SiteAnswer[];
  /** By the clock of the server. */
  readonly atMs: number;
  /** The same moment by both of our clocks. */
  readonly monotonic: number;
  readonly nowMs: number;
}

const refreshSeconds = 5;
const listSilenceMs = 15_000;
const leastPauseMs = 1_000;
/** A list that takes long to make is asked for less often. */
const pausePerWork = 4;

/** Ends with the signal, without a word. Throws what the control plane refuses. */
export async function watchSites(
  context: CommandContext,
  client: RestClient,
  options: WatchOptions,
): Promise<void> {
  const { clock, signal } = context;
  const show = showing(context, options);
  let answered: Answered | undefined;
  let silence: Silence | null = null;
  const draw = (): void => {
    if (answered !== undefined) show(seenNow(answered, silence, clock));
  };
  const onSilence = (found: Silence): void => {
    silence = found;
    draw();
  };
  const patience = { clock, signal, onSilence };
  const ask = () =>
    client.call<{ sites: readonly SiteAnswer[] }>('GET', options.path, undefined, {
      silenceMs: listSilenceMs,
    });
  const watch = async (): Promise<void> => {
    for (let after: number | undefined; ; ) {
      const startedAt = clock.monotonic();
      // Whoever cannot be reached at all is told at once, as by any other command.
      const { sites } = answered === undefined ? await ask() : await patiently(ask, patience);
      const monotonic = clock.monotonic();
      const nowMs = clock.now();
      answered = { sites, atMs: client.serverTime() ?? nowMs, monotonic, nowMs };
      silence = null;
      draw();
      await clock.sleep(Math.max(leastPauseMs, (monotonic - startedAt) * pausePerWork), signal);
      after = await patiently(() => waitForEvent(client, after, refreshSeconds), patience);
    }
  };
  try {
    await whileDrawing(watch, { clock, signal, draw });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** A computer that slept has a monotonic clock that slept too: the longer of both times is what has passed. */
function seenNow(
  { sites, atMs, monotonic, nowMs }: Answered,
  silence: Silence | null,
  clock: Clock,
): SitesSeen {
  const passedMs = Math.max(clock.monotonic() - monotonic, clock.now() - nowMs);
  return { sites, answeredAtMs: atMs, nowMs: atMs + passedMs, silence };
}

function showing(context: CommandContext, options: WatchOptions): Show {
  const { facts, output } = options;
  if (output === 'json' || output === 'yaml') return showData(context, output);
  const { terminal, paint } = context;
  if (terminal === undefined) return showLines(context, { ...options, output });
  const frame = createFrame(terminal);
  const isWide = output === 'wide';
  return (seen) =>
    frame.draw(sitesScreen(seen, { facts, width: terminal.columns, rows: terminal.rows, paint, isWide }));
}

function showData(context: CommandContext, output: 'json' | 'yaml'): Show {
  let before: readonly SiteAnswer[] = [];
  const silent = silenceOnce(context);
  return (seen) => {
    silent(seen);
    if (seen.sites === before) return;
    for (const site of changedSites(before, seen.sites)) printNext(context, output, site);
    before = seen.sites;
  };
}

function showLines(
  context: CommandContext,
  { facts, output, none }: WatchOptions & { readonly output: 'table' | 'wide' },
): Show {
  let before: readonly SiteAnswer[] | undefined;
  const silent = silenceOnce(context);
  return (seen) => {
    silent(seen);
    const { sites, nowMs, answeredAtMs } = seen;
    if (before === sites) return;
    if (before === undefined)
      printTable(context, output, { columns: siteColumns(facts, nowMs), rows: sites, none });
    else
      for (const line of changeLines({ before, after: sites }, facts, nowMs))
        context.out(`${secondText(answeredAtMs)}  ${line}`);
    before = sites;
  };
}

/** Says on stderr, once each, that nobody answers and that somebody answers again. */
function silenceOnce(context: CommandContext): (seen: SitesSeen) => void {
  let isSilent = false;
  return ({ silence, answeredAtMs }) => {
    if ((silence !== null) === isSilent) return;
    isSilent = silence !== null;
    if (silence === null) context.err(`Answered again at ${secondText(answeredAtMs)}.`);
    else
      context.err(`No answer since ${secondText(silence.sinceMs)}; what was shown is older. ${silence.why}`);
  };
}
