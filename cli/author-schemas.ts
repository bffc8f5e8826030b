// The shapes of what `-o json` prints for authors of releases, who work without a control plane. As in
// answer-schemas.ts, every field here is promised and others may come. Loaded by `trectl schema` alone.

import { z } from 'zod';

export const newKey = z.object({
  name: z.string(),
  keyId: z.string(),
  privateKey: z.string().describe('Path of the file.'),
  publicKey: z.string().describe('Path of the file.'),
});

const release = z.string().describe('name@version');
const digest = z.string().describe('sha256:<hex> of the manifest');

/** A build that is refused prints its problems in the same place. */
export const builtRelease = z.union([
  z.object({ release, digest, folder: z.string(), objects: z.int(), bytes: z.int() }),
  z.object({
    problems: z.array(z.object({ code: z.string(), file: z.string(), line: z.int(), detail: z.string() })),
  }),
]);

export const signedRelease = z.object({ release, digest, keyIds: z.array(z.string()) });

export const verifiedRelease = z.object({
  release,
  digest,
  objects: z.int(),
  signers: z.array(z.string()),
  threshold: z.int(),
});

const diffedObject = z.object({
  group: z.string(),
  version: z.string(),
  kind: z.string(),
  namespace: z.string().nullable(),
  name: z.string(),
  component: z.string(),
  digest: z.string(),
});
const names = z.array(z.string());

export const releaseDiff = z.object({
  added: z.array(diffedObject),
  removed: z.array(diffedObject),
  changed: z.array(
    diffedObject.extend({
      fields: z.array(
        z.object({
          pointer: z.string(),
          before: z.unknown().describe('Absent in secrets, and where there was nothing.'),
          after: z.unknown(),
        }),
      ),
    }),
  ),
  parameters: z.object({ added: names, removed: names, changed: names }),
});
