// /v1/sites/:site/events: every refusal and every result of a run that a site reported.
// Ids rise, so a reader goes on after the last one it saw.
import { z } from 'zod';
import type { SiteEvent } from '../store/events.ts';
import type { App } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { siteOf, siteParams, timeField, timeText } from './fields.ts';
import { words } from './site-view.ts';

const key = {
  id: z.int(),
  bootId: z.string(),
  sequence: z.int(),
  receivedAt: timeField,
  generation: z.int(),
};

const siteEventSchema = z.discriminatedUnion('kind', [
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

export function eventRoutes(app: App, { store }: ApiDeps): void {
  app.get('/v1/sites/:site/events', {
    config: { role: 'viewer' },
    schema: {
      summary: 'Refusals and results of runs that the site reported, oldest first',
      params: siteParams,
      querystring: z.object({
        after: z.coerce.number().int().min(0).default(0).describe('Id of the last event already seen.'),
        limit: z.coerce.number().int().min(1).max(1000).default(100),
      }),
      response: { 200: z.object({ events: z.array(siteEventSchema) }) },
    },
    handler: async (request) => {
      const { after, limit } = request.query;
      return {
        events: store.events.after(siteOf(store, request.params).id, after, limit).map(eventView),
      };
    },
  });
}

function eventView(event: SiteEvent): z.infer<typeof siteEventSchema> {
  const { id, bootId, sequence, generation } = event;
  const shared = { id, bootId, sequence, generation, receivedAt: timeText(event.receivedAtMs) };
  if (event.kind === 'refusal') {
    return { kind: 'refusal', ...shared, ...words(event.code), at: timeText(event.atMs), epoch: event.epoch };
  }
  const { applied, repaired, deleted, failed } = event;
  const times = { startedAt: timeText(event.startedAtMs), endedAt: timeText(event.endedAtMs) };
  return { kind: 'run', ...shared, ...times, applied, repaired, deleted, failed };
}
