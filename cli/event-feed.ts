// The events of the fleet as a stream that can be picked up anywhere: by the id of the last one seen. Invariant: while
// ids rise no event is told twice and none is left out, also across a restart of the control plane; what had no answer
// is asked for again from the last id that was told. Used by `trectl events`, by watches and by the live view.

import type { EventAnswer } from './answers.ts';
import { type PatienceOptions, patiently } from './patience.ts';
import type { RestClient } from './rest.ts';

export interface EventsAnswer {
  readonly events: readonly EventAnswer[];
  /** Id of the newest event of all sites; 0 for none. */
  readonly newest: number;
}

export interface EventQuestion {
  /** Id of the last event seen. */
  readonly after: number;
  /** Name or id of a site; all of them when not given. */
  readonly site?: string;
  readonly limit?: number;
  /** How long the server shall wait for the next one, at most 30. */
  readonly waitSeconds?: number;
}

const pageEvents = 1000;
const longestWaitSeconds = 25;
/** A server that is silent for longer than it was asked to wait, and this, does not answer. */
const graceSeconds = 5;
/** A server with too many who wait answers at once that there is nothing. */
const leastPauseMs = 1_000;

export function askEvents(
  client: RestClient,
  { after, site, limit = pageEvents, waitSeconds = 0 }: EventQuestion,
): Promise<EventsAnswer> {
  const ofSite = site === undefined ? '' : `&site=${encodeURIComponent(site)}`;
  const path = `/v1/events?after=${after}&limit=${limit}&wait=${waitSeconds}${ofSite}`;
  return client.call('GET', path, undefined, { silenceMs: (waitSeconds + graceSeconds) * 1_000 });
}

/** Id of the newest event there is. */
export async function newestEvent(client: RestClient): Promise<number> {
  return (await askEvents(client, { after: 0, limit: 1 })).newest;
}

/** Waits until something happened after this event (or, without one, from now on), or until the time is over. */
export async function waitForEvent(
  client: RestClient,
  after: number | undefined,
  waitSeconds: number,
): Promise<number> {
  const from = after ?? (await newestEvent(client));
  return (await askEvents(client, { after: from, limit: 1, waitSeconds })).newest;
}

/** All events after one, page by page, to the newest. */
export async function* eventPages(
  client: RestClient,
  { after, site }: Pick<EventQuestion, 'after' | 'site'>,
): AsyncGenerator<readonly EventAnswer[]> {
  for (let last = after; ; ) {
    const { events } = await askEvents(client, { after: last, ...(site === undefined ? {} : { site }) });
    const end = events.at(-1);
    if (end === undefined) return;
    yield events;
    last = end.id;
  }
}

export interface FollowOptions extends PatienceOptions {
  readonly after: number;
  readonly site: string | undefined;
  /** The control plane was restored from a backup: its ids begin anew after this one. */
  readonly onRestored: (newest: number) => void;
}

/** Every event after one, for ever; ends only by the signal, with its reason, or by a refusal. */
export async function* followEvents(
  client: RestClient,
  { after, site, onRestored, ...patience }: FollowOptions,
): AsyncGenerator<readonly EventAnswer[]> {
  const ofSite = site === undefined ? {} : { site };
  for (let last = after; ; ) {
    const question = { after: last, ...ofSite, waitSeconds: longestWaitSeconds };
    const askedAt = patience.clock.monotonic();
    const { events, newest } = await patiently(() => askEvents(client, question), patience);
    const tookMs = patience.clock.monotonic() - askedAt;
    const fresh = events.filter(({ id }) => id > last);
    if (fresh.length > 0) yield fresh;
    else if (tookMs < leastPauseMs) await patience.clock.sleep(leastPauseMs - tookMs, patience.signal);
    const end = fresh.at(-1)?.id ?? last;
    if (newest < end) onRestored(newest);
    last = Math.min(end, newest);
  }
}
