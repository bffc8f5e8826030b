// `trectl site list --watch`: asks again whenever something happened at a site and every few seconds, at most once per
// second. On a terminal the table is drawn over in place, elsewhere a line says what changed, and with -o json each
// changed site is one line. Survives a restart of the control plane, and says so while nobody answers.

import type { SiteAnswer } from './answers.ts';
import type { CommandContext } from './context.ts';
import { waitForEvent } from './event-feed.ts';
import { createFrame } from './frame.ts';
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
}

type Show = (seen: SitesSeen) => void;

const refreshSeconds = 5;
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
  let answered:
    | { readonly sites: readonly SiteAnswer[]; readonly atMs: number; readonly at: number }
    | undefined;
  const tell = (silence: Silence | null): void => {
    if (answered === undefined) return;
    const { sites, atMs, at } = answered;
    show({ sites, answeredAtMs: atMs, nowMs: atMs + clock.monotonic() - at, silence });
  };
  const patience = { clock, signal, onSilence: tell };
  const ask = () => client.call<{ sites: readonly SiteAnswer[] }>('GET', options.path);
  try {
    for (let after: number | undefined; ; ) {
      const startedAt = clock.monotonic();
      // Whoever cannot be reached at all is told at once, as by any other command.
      const { sites } = answered === undefined ? await ask() : await patiently(ask, patience);
      const at = clock.monotonic();
      answered = { sites, atMs: client.serverTime() ?? clock.now(), at };
      tell(null);
      await clock.sleep(Math.max(leastPauseMs, (at - startedAt) * pausePerWork), signal);
      after = await patiently(() => waitForEvent(client, after, refreshSeconds), patience);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function showing(context: CommandContext, { facts, output }: WatchOptions): Show {
  if (output === 'json' || output === 'yaml') return showData(context, output);
  const { terminal, paint } = context;
  if (terminal === undefined) return showLines(context, facts);
  const frame = createFrame(terminal);
  return (seen) =>
    frame.draw(sitesScreen(seen, { facts, width: terminal.columns, rows: terminal.rows, paint }));
}

function showData(context: CommandContext, output: 'json' | 'yaml'): Show {
  let before: readonly SiteAnswer[] = [];
  const silent = silenceOnce(context);
  return (seen) => {
    silent(seen);
    for (const site of changedSites(before, seen.sites)) printNext(context, output, site);
    before = seen.sites;
  };
}

function showLines(context: CommandContext, facts: readonly SiteFact[]): Show {
  let before: readonly SiteAnswer[] | undefined;
  const silent = silenceOnce(context);
  return (seen) => {
    silent(seen);
    const { sites, nowMs, answeredAtMs } = seen;
    if (before === undefined)
      printTable(context, 'table', { columns: siteColumns(facts, nowMs), rows: sites });
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
