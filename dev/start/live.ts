// Watches a fleet on this machine until it is stopped: on a terminal a table that is drawn over in place, elsewhere one
// line for each thing that changes. Asks the REST API with the operator's token, on a connection that stays open, and
// looks at its own processes; it changes nothing. What is shown grows old while nobody answers. Called by start.ts when
// everything is up.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventAnswer, SiteDetailAnswer } from '../../cli/answers.ts';
import { askEvents, type EventQuestion, newestEvent } from '../../cli/event-feed.ts';
import { type Frame, whileDrawing } from '../../cli/frame.ts';
import type { Paint } from '../../cli/paint.ts';
import { type RestClient, restClient } from '../../cli/rest.ts';
import { readServer } from '../../cli/server.ts';
import type { Clock } from '../../daemon/clock.ts';
import { errors, TreError } from '../../proto/errors.ts';
import { liveLines } from './live-lines.ts';
import { isAnswering, lookAtNodes, type NodesSeen, partsOf } from './live-parts.ts';
import { type LiveFacts, liveScreen } from './live-screen.ts';
import { deletedText, type FleetWithSite } from './site.ts';

export interface LiveOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Of the terminal that is written to; undefined when it is none. */
  readonly frame: Frame | undefined;
  readonly paint: Paint;
  /** Whole lines, where there is no terminal. */
  readonly say: (line: string) => void;
}

const pollMs = 2_000;
const siteSilenceMs = 5_000;
/** Kubernetes is asked less often: the site says sooner that it is gone. */
const pollsPerLook = 5;
const keptEvents = 10;

/** Ends with the signal, without an error. */
export async function showLive(fleet: FleetWithSite, options: LiveOptions): Promise<void> {
  const { clock, signal } = options;
  const login = join(fleet.layout.operator, 'tre', 'login.json');
  using client = restClient(readServer(login, await readFile(login)), signal);
  const show = options.frame === undefined ? inLines(options) : onTerminal(options.frame, options.paint);
  let kubernetesSinceMs: number | null = null;
  let nodes: NodesSeen | null = null;
  let seen: SiteSeen = {
    site: null,
    answeredAtMs: clock.now(),
    events: [],
    last: null,
    problem: null,
    answers: true,
  };
  let hasLooked = false;
  const draw = (): void => {
    if (!hasLooked) return;
    const parts = partsOf(fleet, { kubernetesSinceMs, nodes, controlPlane: seen.answers });
    show({ ...seen, nowMs: clock.now(), parts });
  };
  const look = async (): Promise<void> => {
    for (let polls = 0; ; polls += 1) {
      seen = await lookAtSite(fleet, client, seen, clock);
      if (polls % pollsPerLook === 0) {
        const answers = await isAnswering(fleet.kubernetes, signal);
        nodes = answers ? await lookAtNodes(fleet.kubernetes, signal) : null;
        kubernetesSinceMs = answers ? (kubernetesSinceMs ?? clock.now()) : null;
      }
      signal.throwIfAborted();
      hasLooked = true;
      draw();
      await clock.sleep(pollMs, signal);
    }
  };
  try {
    await whileDrawing(look, { clock, signal, draw });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

interface SiteSeen {
  readonly site: SiteDetailAnswer | null;
  readonly answeredAtMs: number;
  readonly events: readonly EventAnswer[];
  /** The newest event that was fetched; null before any was asked for. */
  readonly last: Pick<EventQuestion, 'after' | 'at'> | null;
  /** What was answered instead of the site, in words. */
  readonly problem: string | null;
  /** Whether the control plane answered just now; a refusal is an answer too. */
  readonly answers: boolean;
}

/** What is known after one more attempt; without an answer, what was known. */
async function lookAtSite(
  { siteId, layout }: FleetWithSite,
  client: RestClient,
  before: SiteSeen,
  clock: Clock,
): Promise<SiteSeen> {
  let seen = before;
  try {
    // First what happened: it can also be asked for when the site is gone.
    seen = { ...seen, ...(await newEvents(client, seen)) };
    const bounds = { silenceMs: siteSilenceMs };
    const site = await client.call<SiteDetailAnswer>('GET', `/v1/sites/${siteId}`, undefined, bounds);
    return { ...seen, site, answeredAtMs: clock.now(), problem: null, answers: true };
  } catch (error) {
    if (!(error instanceof TreError)) throw error;
    if (error.code === 'CONTROL_PLANE_UNREACHABLE') return { ...seen, answers: false };
    if (error.code === 'SITE_UNKNOWN')
      return {
        ...seen,
        site: null,
        problem: `${deletedText(layout.root)} What runs here goes on until Ctrl-C.`,
        answers: true,
      };
    return { ...seen, problem: `${error.message} ${errors[error.code].next}`, answers: true };
  }
}

async function newEvents(
  client: RestClient,
  { events, last }: SiteSeen,
): Promise<Pick<SiteSeen, 'events' | 'last'>> {
  const place = last ?? { after: Math.max(0, (await newestEvent(client)) - keptEvents) };
  const { events: fresh, after } = await askEvents(client, place);
  // All that is new, however much it is: where there is no terminal every event is told once.
  const kept = [...events, ...fresh].slice(-Math.max(keptEvents, fresh.length));
  const end = fresh.at(-1);
  // After a backup was restored, `after` is what it goes on from.
  const at = after === place.after ? place.at : undefined;
  return { events: kept, last: end === undefined ? { after, at } : { after: end.id, at: end.at } };
}

type Show = (facts: LiveFacts) => void;

function onTerminal(frame: Frame, paint: Paint): Show {
  const { terminal } = frame;
  return (facts) => frame.draw(liveScreen(facts, { width: terminal.columns, rows: terminal.rows, paint }));
}

function inLines({ say }: LiveOptions): Show {
  let before: LiveFacts | undefined;
  return (facts) => {
    for (const line of liveLines(before, facts)) say(line);
    before = facts;
  };
}
