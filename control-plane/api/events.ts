// /v1/events: what happened, over all sites. Ids rise, so a reader goes on after the last one it saw, and may wait for
// the next; it is told when events were forgotten or a backup was restored since. /v1/sites/:site/events: what one site
// reported by itself.
import { z } from 'zod';
import { TreError } from '../../proto/errors.ts';
import type { FleetEvent } from '../store/events.ts';
import type { App } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { eventSchema, eventView } from './event-view.ts';
import { siteOf, siteParams, timeField, timeText } from './fields.ts';
import { words } from './site-view.ts';

const page = {
  after: z.coerce.number().int().min(0).default(0).describe('Id of the last event already seen.'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
};
const maxWaitSeconds = 30;
// More than these are answered at once: whoever waits costs a connection.
const maxWaiting = 256;

const questionSchema = z.object({
  ...page,
  at: z.iso
    .datetime()
    .optional()
    .describe('`at` of the last event already seen: shows whether that is still the one with this id.'),
  site: z.string().max(63).optional().describe('Name or id of a site; a deleted one by its id.'),
  wait: z.coerce
    .number()
    .min(0)
    .max(maxWaitSeconds)
    .default(0)
    .describe('Seconds to wait for the next event when there is none.'),
});

const answerSchema = z.object({
  events: z.array(eventSchema),
  after: z.int().describe('They come after this one: as asked, unless `restored`.'),
  newest: z.int().describe('Id of the newest event of all sites; 0 for none.'),
  oldest: z.int().describe('Id of the oldest event that is kept: what was before is forgotten; 0 for none.'),
  restored: z
    .boolean()
    .describe(
      'The event with the id `after` is not the one that was seen: a backup was restored, and ids are given anew. ' +
        'With `at` the answer goes on after that moment, without it after the newest event.',
    ),
});

/** Where a reader goes on. */
interface Place {
  readonly after: number;
  readonly restored: boolean;
}

export function eventRoutes(app: App, deps: ApiDeps): void {
  const { store } = deps;
  let waiting = 0;
  app.get('/v1/events', {
    config: { role: 'viewer' },
    schema: {
      summary: 'What happened, oldest first',
      querystring: questionSchema,
      response: { 200: answerSchema },
    },
    handler: async (request, reply) => {
      const { limit, site, wait } = request.query;
      const siteId = site === undefined ? null : evenDeleted(deps, site);
      const place = placeOf(deps, request.query);
      const read = () => store.events.after(siteId, place.after, limit);
      const found = read();
      if (found.length > 0 || wait === 0 || place.restored || waiting >= maxWaiting)
        return answer(deps, place, found);
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      waiting += 1;
      try {
        const next = await nextEvents(deps, read, { wait, gone: gone.signal });
        // Nobody is there to be answered, and perhaps no database either: the end of the server closes connections.
        return gone.signal.aborted ? reply.hijack() : answer(deps, place, next);
      } finally {
        waiting -= 1;
      }
    },
  });
  reportedRoute(app, deps);
}

/** An id names one event as long as no backup is restored; id and moment together name it for ever. */
function placeOf({ store }: ApiDeps, { after, at }: z.infer<typeof questionSchema>): Place {
  const newest = store.events.newestId();
  const keptMs = store.events.momentOf(after);
  const seenMs = at === undefined ? undefined : Date.parse(at);
  const isOther = keptMs !== undefined && seenMs !== undefined && keptMs !== seenMs;
  if (after <= newest && !isOther) return { after, restored: false };
  return { after: seenMs === undefined ? newest : store.events.lastUntil(seenMs), restored: true };
}

function answer({ store }: ApiDeps, place: Place, events: readonly FleetEvent[]) {
  const [newest, oldest] = [store.events.newestId(), store.events.oldestId()];
  return { events: events.map(eventView), ...place, newest, oldest };
}

/** Nothing for whoever hung up. */
async function nextEvents(
  { store }: ApiDeps,
  read: () => readonly FleetEvent[],
  { wait, gone }: { wait: number; gone: AbortSignal },
): Promise<readonly FleetEvent[]> {
  const over = AbortSignal.any([gone, AbortSignal.timeout(wait * 1000)]);
  for (;;) {
    await store.events.next(over);
    if (gone.aborted) return [];
    const found = read();
    if (found.length > 0 || over.aborted) return found;
  }
}

function evenDeleted({ store }: ApiDeps, site: string): string {
  const row = store.sites.findEvenDeleted(site);
  if (row === undefined) throw new TreError('SITE_UNKNOWN', `There is no site ${site}.`);
  return row.id;
}

const key = {
  id: z.int(),
  bootId: z.string(),
  sequence: z.int(),
  receivedAt: timeField,
  generation: z.int(),
};

const reportedSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('refusal'),
    ...key,
    at: timeField,
    epoch: z.int(),
    code: z.string(),
    text: z.string(),
    next: z.string(),
  }),
  z.object({
    kind: z.literal('run'),
    ...key,
    startedAt: timeField,
    endedAt: timeField,
    applied: z.int(),
    repaired: z.int(),
    deleted: z.int(),
    failed: z.int(),
  }),
]);

function reportedRoute(app: App, { store }: ApiDeps): void {
  app.get('/v1/sites/:site/events', {
    config: { role: 'viewer' },
    schema: {
      summary: 'Refusals and results of runs that the site reported, oldest first',
      params: siteParams,
      querystring: z.object(page),
      response: { 200: z.object({ events: z.array(reportedSchema) }) },
    },
    handler: async (request) => {
      const { after, limit } = request.query;
      const events = store.events.reported(siteOf(store, request.params).id, after, limit);
      return { events: events.flatMap(reportedView) };
    },
  });
}

function reportedView({ id, atMs, bootId, sequence, news }: FleetEvent): z.infer<typeof reportedSchema>[] {
  if (news.kind !== 'refusal' && news.kind !== 'run') return [];
  const { generation } = news;
  const shared = {
    id,
    bootId: bootId ?? '',
    sequence: sequence ?? 0,
    generation,
    receivedAt: timeText(atMs),
  };
  if (news.kind === 'refusal')
    return [{ kind: 'refusal', ...shared, ...words(news.code), at: timeText(news.atMs), epoch: news.epoch }];
  const { applied, repaired, deleted, failed } = news;
  const times = { startedAt: timeText(news.startedAtMs), endedAt: timeText(news.endedAtMs) };
  return [{ kind: 'run', ...shared, ...times, applied, repaired, deleted, failed }];
}
