// /v1/releases: publish, sign, list, show. The API never carries a keyset.
// Content comes before its release (content.ts), so that a release is whole from its first moment.
import { z } from 'zod';
import { isDigest } from '../../daemon/content-files.ts';
import { documentBounds, parseRelease } from '../../proto/document.ts';
import { decodeSignatures } from '../../proto/envelope.ts';
import { TreError } from '../../proto/errors.ts';
import type { ReleaseRow } from '../store/releases.ts';
import type { App } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { releaseField, releaseOf, releaseParams, timeField, timeText, whyField } from './fields.ts';
import { addSignatures, publish } from './publish.ts';

const releaseSchema = releaseField.extend({
  publishedAt: timeField,
  publishedBy: z.string(),
  signatures: z.int().describe('How many came with it; whether they are enough is judged at each site.'),
});
const parameterSchema = z.object({
  name: z.string(),
  type: z.enum(['string', 'integer', 'boolean', 'enum', 'cidr']),
  default: z.union([z.string(), z.int(), z.boolean()]).nullable(),
});
const releaseDetailSchema = releaseSchema.extend({
  components: z.array(z.string()),
  kubernetes: z.array(z.string()),
  objects: z.int(),
  parameters: z.array(parameterSchema),
});
const signaturesBody = z.object({
  signatures: z.object({
    payloadType: z.string(),
    digest: z.string(),
    signatures: z.array(z.object({ keyid: z.string(), sig: z.string() })),
  }),
  why: whyField,
});
// A manifest may have 16 MiB; as a JSON string every quote in it takes two bytes.
const maxPublishBytes = 2 * documentBounds.maxManifestBytes;

export function releaseRoutes(app: App, deps: ApiDeps): void {
  const { store } = deps;
  app.post('/v1/releases', {
    config: { role: 'operator' },
    bodyLimit: maxPublishBytes,
    schema: {
      summary: 'Publish a release whose content is here',
      body: z.object({ manifest: z.string().describe('The exact bytes of release.json.'), why: whyField }),
      response: { 200: releaseSchema, 201: releaseSchema },
    },
    handler: async (request, reply) => {
      const { manifest, why } = request.body;
      const bytes = Buffer.from(manifest, 'utf8');
      const { row, isNew } = await publish(deps, bytes, { who: request.who, why: why ?? null });
      return reply.code(isNew ? 201 : 200).send(releaseView(row));
    },
  });
  app.put('/v1/releases/:release/signatures', {
    config: { role: 'operator' },
    schema: {
      summary: 'Add signatures to a release',
      params: releaseParams,
      body: signaturesBody,
      response: { 200: releaseSchema },
    },
    handler: async (request) => {
      const row = releaseOf(store, request.params.release);
      const given = Buffer.from(JSON.stringify(request.body.signatures), 'utf8');
      return releaseView(
        addSignatures(deps, row, { given, who: request.who, why: request.body.why ?? null }),
      );
    },
  });
  app.get('/v1/releases', {
    config: { role: 'viewer' },
    schema: {
      summary: 'List all releases, newest first',
      response: { 200: z.object({ releases: z.array(releaseSchema) }) },
    },
    handler: async () => ({ releases: store.releases.list().map(releaseView) }),
  });
  app.get('/v1/releases/:release', {
    config: { role: 'viewer' },
    schema: { summary: 'Show a release', params: releaseParams, response: { 200: releaseDetailSchema } },
    handler: async (request) => releaseDetail(deps, releaseOf(store, request.params.release)),
  });
}

function releaseView(row: ReleaseRow): z.infer<typeof releaseSchema> {
  const { name, version, digest, publishedBy } = row;
  const signatures = decodeSignatures(row.signatures).signatures.length;
  return { name, version, digest, publishedAt: timeText(row.publishedAtMs), publishedBy, signatures };
}

async function releaseDetail(
  { content }: ApiDeps,
  row: ReleaseRow,
): Promise<z.infer<typeof releaseDetailSchema>> {
  if (!isDigest(row.digest)) throw new TreError('INTERNAL', 'a stored digest is not one');
  const { components, kubernetes, objects, parameters } = parseRelease(await content.get(row.digest));
  return {
    ...releaseView(row),
    components: [...components],
    kubernetes: [...kubernetes],
    objects: objects.length,
    parameters: parameters.map(({ name, type, default: otherwise }) => ({ name, type, default: otherwise })),
  };
}
