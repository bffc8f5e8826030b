// /v1/content: the objects of a release, before the release itself is published. Bytes are UTF-8 text (canonical JSON),
// so they travel as JSON strings; each is kept only when it is what its digest says.
import { z } from 'zod';
import { digestOf, isDigest } from '../../daemon/content-files.ts';
import { documentBounds } from '../../proto/document.ts';
import { TreError } from '../../proto/errors.ts';
import type { App } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { digestField } from './fields.ts';

const maxBodyBytes = 8 * 1024 * 1024;
const maxItems = 1000;

export function contentRoutes(app: App, { content }: ApiDeps): void {
  app.post('/v1/content/missing', {
    config: { role: 'operator' },
    bodyLimit: maxBodyBytes,
    schema: {
      summary: 'Which of these are not here yet',
      body: z.object({ digests: z.array(digestField).max(documentBounds.maxObjects) }),
      response: { 200: z.object({ missing: z.array(digestField) }) },
    },
    handler: async (request) => {
      const missing: string[] = [];
      for (const digest of new Set(request.body.digests)) {
        if (isDigest(digest) && !(await content.has(digest))) missing.push(digest);
      }
      return { missing };
    },
  });
  app.post('/v1/content', {
    config: { role: 'operator' },
    bodyLimit: maxBodyBytes,
    schema: {
      summary: 'Store several contents at once; all or none',
      body: z.object({
        contents: z.array(z.object({ digest: digestField, text: z.string() })).max(maxItems),
      }),
      response: { 200: z.object({ stored: z.int() }) },
    },
    handler: async (request) => {
      const blobs = request.body.contents.map(({ digest, text }) => ({
        digest,
        bytes: Buffer.from(text, 'utf8'),
      }));
      for (const { digest, bytes } of blobs) {
        if (bytes.length > documentBounds.maxObjectBytes)
          throw new TreError('RELEASE_TOO_LARGE', `${digest} has ${bytes.length} bytes.`);
        if (digestOf(bytes) !== digest)
          throw new TreError('DIGEST_MISMATCH', `What came as ${digest} is something else.`);
      }
      await content.put(...blobs.map((blob) => blob.bytes));
      return { stored: blobs.length };
    },
  });
}
