// One event as everybody reads it: the same few fields for every kind, the sentence and the next step beside the code,
// and the facts of the case. What an event says of a site is how it was then: `at` stands beside it. Used by
// /v1/events; the alerts have the same sentences (fleet/event-words.ts).
import { z } from 'zod';
import { codeOf, factsOf, nextOf, phaseOf, textOf } from '../fleet/event-words.ts';
import { eventKinds, severityOf } from '../fleet/news.ts';
import type { FleetEvent } from '../store/events.ts';
import { timeField, timeText } from './fields.ts';

export const eventSchema = z.object({
  id: z.int().describe('Rises with every event of any site.'),
  at: timeField.describe('When it was noticed, by the clock of this server.'),
  site: z.object({
    id: z.string(),
    name: z.string(),
    deleted: z.boolean().describe('Another site may have the name now; the id is its alone.'),
  }),
  kind: z.enum(eventKinds),
  phase: z.enum(['began', 'ended']).nullable().describe('Of conditions and holds.'),
  code: z
    .string()
    .nullable()
    .describe('Of a condition or refusal its code, of health the word, of contact the class.'),
  severity: z.enum(['error', 'warning', 'info']),
  text: z.string(),
  next: z.string().nullable().describe('What to do.'),
  facts: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .describe('The figures of the case, by name; times are RFC 3339.'),
});

export function eventView(event: FleetEvent): z.infer<typeof eventSchema> {
  const { id, siteId, siteName, isSiteDeleted, atMs, news } = event;
  return {
    id,
    at: timeText(atMs),
    site: { id: siteId, name: siteName, deleted: isSiteDeleted },
    kind: news.kind,
    phase: phaseOf(news),
    code: codeOf(news),
    severity: severityOf(news),
    text: textOf(news),
    next: nextOf(news),
    facts: { ...factsOf(news) },
  };
}
