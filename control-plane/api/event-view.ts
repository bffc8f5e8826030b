// One event of a site as people read it: a refusal, or what a run did. Filled from store/events.ts.
import { z } from 'zod';
import type { SiteEvent } from '../store/events.ts';
import { timeField, timeText } from './fields.ts';
import { words } from './site-view.ts';

const key = { id: z.int(), bootId: z.string(), sequence: z.int(), receivedAt: timeField, generation: z.int() };

export const siteEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('refusal'), ...key, at: timeField, epoch: z.int(), code: z.string(), text: z.string(), next: z.string() }),
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

export function siteEventView(event: SiteEvent): z.infer<typeof siteEventSchema> {
  const { id, bootId, sequence, generation } = event;
  const shared = { id, bootId, sequence, generation, receivedAt: timeText(event.receivedAtMs) };
  if (event.kind === 'refusal') {
    return { kind: 'refusal', ...shared, ...words(event.code), at: timeText(event.atMs), epoch: event.epoch };
  }
  const { applied, repaired, deleted, failed } = event;
  const times = { startedAt: timeText(event.startedAtMs), endedAt: timeText(event.endedAtMs) };
  return { kind: 'run', ...shared, ...times, applied, repaired, deleted, failed };
}
