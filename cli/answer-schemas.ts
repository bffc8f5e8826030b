// The shapes of what `-o json` prints, which are the answers of the REST API as far as trectl promises them: a program
// may rely on every field here, and must let others pass. Times are RFC 3339, UTC. `trectl schema` prints them as JSON
// Schema. Loaded by that command alone: the others take the types only (answers.ts), so that they start fast.

import { z } from 'zod';

const time = z.string().describe('RFC 3339, UTC');
const coded = {
  code: z.string().describe('A code of a closed list.'),
  text: z.string(),
  next: z.string().describe('What to do.'),
};
const parameters = z.record(z.string(), z.union([z.string(), z.int(), z.boolean()]));

const release = z.object({ name: z.string(), version: z.string(), digest: z.string() });

const published = release.extend({
  publishedAt: time,
  publishedBy: z.string(),
  signatures: z.int(),
});

export const releaseDetail = published.extend({
  parameters: z.array(
    z.object({ name: z.string(), type: z.enum(['string', 'integer', 'boolean', 'enum', 'cidr']) }),
  ),
});

export const desired = z.object({
  epoch: z.int(),
  generation: z.int(),
  release,
  parameters,
  issuedAt: time,
});

const component = z.object({
  name: z.string(),
  applied: z.boolean(),
  healthy: z.boolean(),
  drifted: z.boolean(),
  objects: z.int(),
});

const state = z.object({
  observedAt: time.describe('When the site saw this, by its clock.'),
  receivedAt: time,
  generation: z.int(),
  applied: z.boolean(),
  drifted: z.boolean(),
  healthy: z.boolean(),
  healthObservedAt: time.nullable(),
  objectsWanted: z.int(),
  objectsApplied: z.int(),
  releases: z.object({ running: release.nullable() }),
  conditions: z.array(z.object({ ...coded, severity: z.string(), since: time, count: z.int() })),
  components: z.array(component),
  hold: z.object({ since: time, until: time }).nullable(),
  isolation: z
    .object({ networkPolicy: z.enum(['enforced', 'not-enforced', 'unproven']), checkedAt: time.nullable() })
    .nullable(),
  kubernetesVersion: z.string().nullable(),
});

const verdict = z.object({
  word: z.enum(['healthy', 'not-healthy', 'progressing', 'unknown', 'new']),
  isNews: z.boolean().describe('False when nothing recent says so: then `word` is what was true at `asOf`.'),
  asOf: time.nullable(),
  text: z.string(),
});

export const site = z.object({
  id: z.string(),
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  createdAt: time,
  revokedAt: time.nullable(),
  joined: z.boolean(),
  waiting: z.array(z.object({ fingerprint: z.string(), requestedAt: time })),
  contact: z.object({
    class: z.enum(['live', 'stale', 'offline', 'expired']).nullable(),
    lastAt: time.nullable(),
    certificateExpiresAt: time.nullable(),
    agentVersion: z.string().nullable(),
  }),
  verdict,
  problem: z.object({ ...coded, since: time }).nullable(),
  desired: desired.nullable(),
  held: z.object({ epoch: z.int(), generation: z.int() }).nullable(),
  refused: z.object({ ...coded, generation: z.int() }).nullable(),
  state: state.nullable(),
});

const named = z.object({ kind: z.string(), namespace: z.string().nullable(), name: z.string() }).nullable();
const { code: _code, ...words } = coded;
const sourced = { name: z.string(), source: z.string(), text: z.string() };

export const siteDetail = site.extend({
  objects: z.array(z.object({ ...coded, index: z.int(), object: named })),
  refusals: z.array(z.object({ ...coded, generation: z.int(), at: time })),
  unhealthy: z.array(
    z.object({
      ...words,
      reason: z.string().describe('A code of docs/health.md.'),
      status: z.string(),
      since: time,
      object: named,
    }),
  ),
  history: z
    .array(
      z.object({
        generation: z.int(),
        epoch: z.int(),
        release,
        issuedAt: time,
        issuedBy: z.string(),
        why: z.string().nullable(),
      }),
    )
    .describe('Newest first, at most 20.'),
  host: z
    .object({
      observedAt: time,
      receivedAt: time,
      measures: z.array(z.object({ ...sourced, value: z.number(), unit: z.string() })),
    })
    .nullable(),
  hardware: z
    .object({
      observedAt: time,
      receivedAt: time,
      facts: z.array(z.object({ ...sourced, value: z.string() })),
    })
    .nullable(),
});

export const sites = z.array(site);
export const releases = z.array(published);
export const publishedRelease = published.extend({
  sent: z.int().describe('Objects that were not there yet.'),
});

/** One line of `site list --watch -o json`: a site that is new or changed, or one that is gone. */
export const siteChange = z.union([
  site,
  z.object({ id: z.string(), name: z.string(), deleted: z.literal(true) }),
]);
export const auditRow = z.object({
  id: z.int(),
  at: time,
  who: z.string(),
  what: z.string(),
  subject: z.string(),
  why: z.string().nullable(),
  digest: z.string().nullable(),
  previous: z.string(),
  hash: z.string(),
  about: z
    .object({
      site: z.string(),
      generation: z.int().nullable(),
      release: z.object({ name: z.string(), version: z.string() }).nullable(),
    })
    .nullable()
    .optional()
    .describe('What subject and digest name, as the control plane knows it now; not part of the hash.'),
});

export const event = z.object({
  id: z.int().describe('Rises with every event of any site; `--after` takes it.'),
  at: time,
  site: z.object({
    id: z.string(),
    name: z.string(),
    deleted: z.boolean().describe('Another site may have the name now; the id is its alone.'),
  }),
  kind: z.string(),
  phase: z.enum(['began', 'ended']).nullable(),
  code: z.string().nullable(),
  severity: z.enum(['error', 'warning', 'info']),
  text: z.string(),
  next: z.string().nullable(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

export const events = z.array(event);
export const audit = z.array(auditRow);

export const verifiedAudit = z.object({
  rows: z.int(),
  hash: z.string().describe('Of the last row; note it for `--expect`.'),
  expected: z.int().optional().describe('The row with the hash that was expected.'),
});

export const revoked = z.object({ revokedAt: time });
