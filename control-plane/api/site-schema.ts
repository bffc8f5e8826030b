// The shape of a site in answers. Every value that a site reported stands beside when it was observed there and when it
// was received here; `contact.class` says how old the news is. Filled by site-view.ts.
import { z } from 'zod';
import { digestField, parametersField, releaseField, timeField } from './fields.ts';

const coded = {
  code: z.string().describe('A code of a closed list: docs/errors.md or docs/conditions.md.'),
  text: z.string(),
  next: z.string().describe('What to do.'),
};
const position = { epoch: z.int(), generation: z.int() };
const release = releaseField.nullable();

export const desiredSchema = z.object({
  ...position,
  release: releaseField,
  parameters: parametersField,
  digest: digestField,
  issuedAt: timeField,
  notAfter: timeField,
});

const stateSchema = z.object({
  observedAt: timeField,
  receivedAt: timeField,
  ...position,
  applied: z.boolean().describe('Everything wanted has been applied.'),
  drifted: z.boolean().describe('Something had been changed by others and is being repaired.'),
  objectsWanted: z.int(),
  objectsApplied: z.int(),
  releases: z.object({ offered: release, running: release, lastHealthy: release, quarantined: release }),
  conditions: z.array(
    z.object({ ...coded, severity: z.enum(['error', 'warning', 'info']), since: timeField, count: z.int() }),
  ),
  kubernetesVersion: z.string().nullable(),
});

export const siteSchema = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: timeField,
  revokedAt: timeField.nullable(),
  joined: z.boolean(),
  waiting: z
    .array(
      z.object({
        requestId: z.string(),
        fingerprint: z.string().describe('Six words.'),
        requestedAt: timeField,
      }),
    )
    .describe('Machines that wait for approval.'),
  contact: z.object({
    class: z
      .enum(['live', 'stale', 'offline', 'expired'])
      .nullable()
      .describe('How old the news is; null before the site joined.'),
    connected: z.boolean(),
    lastAt: timeField.nullable(),
    certificateExpiresAt: timeField.nullable(),
    agentVersion: z.string().nullable(),
    clusterUid: z.string().nullable(),
  }),
  problem: z
    .object({ ...coded, since: timeField })
    .nullable()
    .describe('Why nothing is offered to this site although it lacks something.'),
  desired: desiredSchema.nullable(),
  held: z
    .object({ ...position, digest: digestField })
    .nullable()
    .describe('The document that the site says it holds.'),
  refused: z
    .object({ ...coded, generation: z.int() })
    .nullable()
    .describe('What the site refused last.'),
  state: stateSchema.nullable(),
});

const objectSchema = z.object({
  ...coded,
  index: z.int(),
  releaseDigest: digestField.nullable(),
  object: z
    .object({ group: z.string(), kind: z.string(), namespace: z.string().nullable(), name: z.string() })
    .nullable()
    .describe('Looked up here: the site sends only the index.'),
});

export const siteDetailSchema = siteSchema.extend({
  objects: z.array(objectSchema).describe('The objects that are not as wanted.'),
  refusals: z
    .array(z.object({ ...coded, ...position, at: timeField, receivedAt: timeField }))
    .describe('The last ten, newest first.'),
});

export type SiteView = z.infer<typeof siteSchema>;
export type SiteDetail = z.infer<typeof siteDetailSchema>;
export type DesiredView = z.infer<typeof desiredSchema>;
