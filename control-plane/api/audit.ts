// /v1/audit: who did what, when and why, with the hash chain, so that a reader can check it for itself.
// Rows are written where the change is made; here they are only read.
import { z } from 'zod';
import type { App } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { digestField, timeField, timeText } from './fields.ts';

const rowSchema = z.object({
  id: z.int(),
  at: timeField,
  who: z.string(),
  what: z.string(),
  subject: z.string(),
  why: z.string().nullable(),
  digest: digestField.nullable(),
  previous: digestField,
  hash: digestField.describe(
    'sha256 of the canonical JSON of atMs, digest, id, previous, subject, what, who and why.',
  ),
});

export function auditRoutes(app: App, { store }: ApiDeps): void {
  app.get('/v1/audit', {
    config: { role: 'viewer' },
    schema: {
      summary: 'The audit, oldest first',
      querystring: z.object({
        after: z.coerce.number().int().min(0).default(0).describe('Id of the last row already seen.'),
        limit: z.coerce.number().int().min(1).max(1000).default(100),
      }),
      response: { 200: z.object({ rows: z.array(rowSchema) }) },
    },
    handler: async (request) => {
      const rows = store.audit.after(request.query.after, request.query.limit);
      return { rows: rows.map(({ atMs, ...row }) => ({ ...row, at: timeText(atMs) })) };
    },
  });
}
