// /v1/audit: who did what, when and why, with the hash chain, so that a reader can check it for itself.
// Rows are written where the change is made; here they are only read. Beside each stands what its ids and digests name,
// which is looked up now and no part of the chain.
import { z } from 'zod';
import type { ChainedRow } from '../../proto/audit-chain.ts';
import { uuidForm } from '../../proto/document.ts';
import type { DesiredLink } from '../store/desired.ts';
import type { Store } from '../store/store.ts';
import type { App } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { digestField, timeField, timeText } from './fields.ts';

const aboutSchema = z
  .object({
    site: z.string().describe('Its name now; of a deleted one the last.'),
    generation: z.int().nullable(),
    release: z.object({ name: z.string(), version: z.string() }).nullable(),
  })
  .nullable()
  .describe('The site that is the subject, and the document that has the digest. Not part of the hash.');

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
  about: aboutSchema,
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
      const about = aboutRows(store);
      return { rows: rows.map(({ atMs, ...row }) => ({ ...row, at: timeText(atMs), about: about(row) })) };
    },
  });
}

/** Asks for the documents of a site once. */
function aboutRows({ sites, desired, releases }: Store) {
  const chains = new Map<string, ReadonlyMap<string, DesiredLink>>();
  const documentsOf = (siteId: string): ReadonlyMap<string, DesiredLink> => {
    const known = chains.get(siteId) ?? new Map(desired.chain(siteId).map((link) => [link.digest, link]));
    chains.set(siteId, known);
    return known;
  };
  return ({ subject, digest }: Pick<ChainedRow, 'subject' | 'digest'>): z.infer<typeof aboutSchema> => {
    const [id = ''] = subject.split(' ', 1);
    const site = uuidForm.test(id) ? sites.findEvenDeleted(id) : undefined;
    // A name may look like an id.
    if (site?.id !== id) return null;
    const link = digest === null ? undefined : documentsOf(id).get(digest);
    const named = link && releases.findByDigest(desired.releaseOf(id, link) ?? '');
    const release = named === undefined ? null : { name: named.name, version: named.version };
    return { site: site.name, generation: link?.generation ?? null, release };
  };
}
