// The events of the fleet as a stream that can be picked up anywhere: by the id of the last one seen. Invariant: no event
// is told twice and none is left out, also across a restart of the control plane, and what is missing because it is too
// old or a backup was restored is said (but not what was forgotten of one site because it had too many); what had no
// answer is asked for again from the last id that was told. Used by `trectl events`, by watches and by the live view.

import type { EventAnswer } from './answers.ts';
import { type PatienceOptions, patiently } from './patience.ts';
import type { RestClient } from './rest.ts';

export interface EventsAnswer {
  readonly events: readonly EventAnswer[];
  /** Id of the newest event of all sites; 0 for none. */
  readonly newest: number;
  /** Id of the oldest event that is kept; 0 for none. */
  readonly oldest: number;
  /** They come after this one: the one that was asked for, unless `restored`. */
  readonly after: number;
  /** A backup was restored: ids are given anew. */
  readonly restored: boolean;
}

/** What is missing between the last event that was seen and the next one that is told. */
export type Gap =
  | { readonly kind: 'restored'; readonly after: number }
  | { readonly kind: 'forgotten'; readonly upTo: number };

export interface EventQuestion {
  /** Id of the last event seen. */
  readonly after: number;
  /** When that one happened: shows whether it is still the one with this id. */
  readonly at?: string | undefined;
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
  { after, at, site, limit = pageEvents, waitSeconds = 0 }: EventQuestion,
): Promise<EventsAnswer> {
  const ofSite = site === undefined ? '' : `&site=${encodeURIComponent(site)}`;
  const ofMoment = at === undefined ? '' : `&at=${encodeURIComponent(at)}`;
  const path = `/v1/events?after=${after}&limit=${limit}&wait=${waitSeconds}${ofMoment}${ofSite}`;
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
  {
    after,
    at,
    site,
    onGap,
  }: Pick<EventQuestion, 'after' | 'at' | 'site'> & { readonly onGap?: (gap: Gap) => void },
): AsyncGenerator<readonly EventAnswer[]> {
  const ofSite = site === undefined ? {} : { site };
  for (let [last, lastAt] = [after, at]; ; ) {
    const answer = await askEvents(client, { after: last, at: lastAt, ...ofSite });
    const gap = gapIn(last, answer);
    if (gap !== undefined) onGap?.(gap);
    const end = answer.events.at(-1);
    if (end === undefined) return;
    yield answer.events;
    [last, lastAt] = [end.id, end.at];
  }
}

export interface FollowOptions extends PatienceOptions {
  readonly after: number;
  /** When that event happened, when that is known. */
  readonly at?: string | undefined;
  readonly site: string | undefined;
  readonly onGap: (gap: Gap) => void;
}

/** Every event after one, for ever; ends only by the signal, with its reason, or by a refusal. */
export async function* followEvents(
  client: RestClient,
  { after, at, site, onGap, ...patience }: FollowOptions,
): AsyncGenerator<readonly EventAnswer[]> {
  const ofSite = site === undefined ? {} : { site };
  for (let [last, lastAt] = [after, at]; ; ) {
    const question = { after: last, at: lastAt, ...ofSite, waitSeconds: longestWaitSeconds };
    const askedAt = patience.clock.monotonic();
    const answer = await patiently(() => askEvents(client, question), patience);
    const tookMs = patience.clock.monotonic() - askedAt;
    const gap = gapIn(last, answer);
    if (gap !== undefined) onGap(gap);
    if (gap !== undefined) [last, lastAt] = [gap.kind === 'restored' ? gap.after : gap.upTo, undefined];
    const end = answer.events.at(-1);
    if (end !== undefined) {
      yield answer.events;
      [last, lastAt] = [end.id, end.at];
    } else if (tookMs < leastPauseMs) await patience.clock.sleep(leastPauseMs - tookMs, patience.signal);
  }
}

/** Whoever begins at the beginning misses nothing. */
function gapIn(asked: number, { after, newest, oldest, restored }: EventsAnswer): Gap | undefined {
  if (restored) return { kind: 'restored', after };
  const forgotten = (oldest === 0 ? newest + 1 : oldest) - 1;
  return asked > 0 && asked < forgotten ? { kind: 'forgotten', upTo: forgotten } : undefined;
}
