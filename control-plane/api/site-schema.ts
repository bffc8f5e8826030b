// The shape of a site in answers. Every value that a site reported stands beside when it was observed there and when it
// was received here; `verdict` says how the site is and whether that is news. Filled by site-view.ts and site-detail.ts.
import { z } from 'zod';
import { networkPolicyWords } from '../fleet/site-report.ts';
import { verdictWords } from '../fleet/verdict.ts';
import { digestField, parametersField, releaseField, timeField } from './fields.ts';

const coded = {
  code: z.string().describe('A code of a closed list: docs/errors.md or docs/conditions.md.'),
  text: z.string(),
  next: z.string().describe('What to do.'),
};
const position = { epoch: z.int(), generation: z.int() };
const release = releaseField.nullable();
const objectField = z
  .object({ group: z.string(), kind: z.string(), namespace: z.string().nullable(), name: z.string() })
  .nullable()
  .describe('Looked up here: the site sends only the index.');

export const desiredSchema = z.object({
  ...position,
  release: releaseField,
  parameters: parametersField,
  digest: digestField,
  issuedAt: timeField,
  notAfter: timeField,
});

const contactClassField = z.enum(['live', 'stale', 'offline', 'expired']);
const verdictWordField = z.enum(verdictWords);
const labelsField = z.record(z.string(), z.string()).describe('The words of operators, by key.');

const stateSchema = z.object({
  observedAt: timeField.describe('RFC 3339, UTC, by the clock of the site.'),
  receivedAt: timeField,
  ...position,
  applied: z.boolean().describe('Everything wanted had been applied.'),
  drifted: z.boolean().describe('Something had been changed by others and was being repaired.'),
  healthy: z.boolean().describe('Everything applied worked. `verdict` says whether that is news.'),
  healthObservedAt: timeField
    .nullable()
    .describe('By the clock of the site; null while health was not looked at.'),
  objectsWanted: z.int(),
  objectsApplied: z.int(),
  components: z.array(
    z.object({
      name: z.string(),
      applied: z.boolean(),
      healthy: z.boolean(),
      drifted: z.boolean(),
      objects: z.int(),
    }),
  ),
  hold: z
    .object({ since: timeField, until: timeField })
    .nullable()
    .describe('Somebody on site has put new releases on hold.'),
  isolation: z
    .object({ networkPolicy: z.enum(networkPolicyWords), checkedAt: timeField.nullable() })
    .nullable()
    .describe('Whether the cluster keeps projects apart; null when the site does not say.'),
  releases: z.object({ offered: release, running: release, lastHealthy: release, quarantined: release }),
  conditions: z.array(
    z.object({ ...coded, severity: z.enum(['error', 'warning', 'info']), since: timeField, count: z.int() }),
  ),
  kubernetesVersion: z.string().nullable(),
});

export const siteSchema = z.object({
  id: z.string(),
  name: z.string(),
  labels: labelsField,
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
  verdict: z
    .object({
      word: verdictWordField,
      isNews: z
        .boolean()
        .describe('False when the site is not heard of now or nobody looked within three heartbeats.'),
      asOf: timeField
        .nullable()
        .describe('Until when it is known to have been so, by the clock of this server.'),
      text: z.string(),
    })
    .describe('How the site is. Never show the word alone when isNews is false.'),
  contact: z.object({
    class: contactClassField.nullable().describe('How old the news is; null before the site joined.'),
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
  object: objectField,
});

const sourced = { source: z.string().describe('Where the site read it.'), text: z.string() };
const times = { observedAt: timeField.describe('By the clock of the site.'), receivedAt: timeField };

export const siteDetailSchema = siteSchema.extend({
  objects: z.array(objectSchema).describe('The objects that are not as wanted.'),
  unhealthy: z
    .array(
      z.object({
        reason: z.string().describe('A code of docs/health.md.'),
        status: z.enum(['in-progress', 'failed', 'terminating', 'unknown']),
        text: z.string(),
        next: z.string(),
        since: timeField,
        object: objectField,
      }),
    )
    .describe('The objects that did not work or were not ready when health was looked at last.'),
  history: z
    .array(
      z.object({
        ...position,
        release: releaseField,
        issuedAt: timeField,
        issuedBy: z.string(),
        why: z.string().nullable(),
      }),
    )
    .describe('The last twenty documents, newest first.'),
  host: z
    .object({
      ...times,
      measures: z.array(z.object({ name: z.string(), value: z.int(), unit: z.string(), ...sourced })),
    })
    .nullable(),
  hardware: z
    .object({ ...times, facts: z.array(z.object({ name: z.string(), value: z.string(), ...sourced })) })
    .nullable(),
  refusals: z
    .array(z.object({ ...coded, ...position, at: timeField, receivedAt: timeField }))
    .describe(
      'Those of the last ten that the site has not settled by taking that document or a later one; newest first.',
    ),
});

export type SiteView = z.infer<typeof siteSchema>;
export type SiteDetail = z.infer<typeof siteDetailSchema>;
export type DesiredView = z.infer<typeof desiredSchema>;
