// Answers of the REST API about sites, for tests of screens: one of each kind of site, at a fixed moment, and sites at
// random. Nothing here is a real place.

import fc from 'fast-check';
import type {
  AuditAnswer,
  EventAnswer,
  PublishedAnswer,
  SiteAnswer,
  SiteDetailAnswer,
} from '../../cli/answers.ts';
import { conditions } from '../../proto/conditions.ts';
import { errors } from '../../proto/errors.ts';

export const nowMs = Date.UTC(2026, 10, 23, 10, 2, 14);
const second = 1_000;
const hour = 3_600 * second;

export const before = (ms: number): string => new Date(nowMs - ms).toISOString();

const release = (version: string) => ({
  name: 'small-tre',
  version,
  digest: `sha256:${version.replaceAll('.', '').padEnd(64, '0')}`,
});

const liveState: NonNullable<SiteAnswer['state']> = {
  observedAt: before(20 * second),
  receivedAt: before(19 * second),
  generation: 3,
  applied: true,
  drifted: false,
  healthy: true,
  healthObservedAt: before(12 * second),
  objectsWanted: 18,
  objectsApplied: 18,
  releases: { running: release('2.0.0') },
  conditions: [],
  components: [
    { name: 'portal', applied: true, healthy: true, drifted: false, objects: 7 },
    { name: 'projects', applied: true, healthy: true, drifted: false, objects: 11 },
  ],
  hold: null,
  isolation: { networkPolicy: 'enforced', checkedAt: before(hour) },
  kubernetesVersion: 'v1.36.2',
};

const leeds: SiteAnswer = {
  id: '019aaf00-0000-7000-8000-000000000001',
  name: 'leeds',
  labels: { region: 'north', tier: '1' },
  createdAt: before(900 * hour),
  revokedAt: null,
  joined: true,
  waiting: [],
  contact: {
    class: 'live',
    lastAt: before(12 * second),
    certificateExpiresAt: before(-200 * hour),
    agentVersion: '0.1.0',
  },
  verdict: {
    word: 'healthy',
    isNews: true,
    asOf: before(12 * second),
    text: 'healthy at 2026-11-23 10:02 UTC',
  },
  problem: null,
  desired: {
    epoch: 1,
    generation: 3,
    release: release('2.0.0'),
    parameters: { portalReplicas: 2, motto: 'quiet please' },
    issuedAt: before(72 * hour),
  },
  held: { epoch: 1, generation: 3 },
  refused: null,
  state: liveState,
};

export function coded(code: keyof typeof conditions, sinceMs: number, count = 0) {
  const { severity, text, next } = conditions[code];
  return { code, text, next, severity, since: before(sinceMs), count };
}

const york: SiteAnswer = {
  ...leeds,
  id: '019aaf00-0000-7000-8000-000000000002',
  name: 'york',
  labels: { region: 'north' },
  contact: { ...leeds.contact, class: 'offline', lastAt: before(3 * hour) },
  verdict: {
    word: 'healthy',
    isNews: false,
    asOf: before(3 * hour),
    text: 'was healthy at 2026-11-23 07:02 UTC; nothing heard for 3 h',
  },
  desired: {
    ...(leeds.desired as NonNullable<SiteAnswer['desired']>),
    generation: 4,
    release: release('2.1.0'),
  },
  state: {
    ...liveState,
    observedAt: before(30 * hour),
    receivedAt: before(30 * hour),
    isolation: { networkPolicy: 'enforced', checkedAt: before(32 * hour) },
  },
};

const hull: SiteAnswer = {
  ...leeds,
  id: '019aaf00-0000-7000-8000-000000000003',
  name: 'hull-royal',
  verdict: {
    word: 'not-healthy',
    isNews: true,
    asOf: before(9 * second),
    text: 'not healthy: An image cannot be had.',
  },
  state: {
    ...liveState,
    healthy: false,
    drifted: true,
    conditions: [coded('NotHealthy', hour / 4, 1), coded('HeldOnSite', hour), coded('DiskLow', 20 * hour)],
    components: [
      { name: 'portal', applied: true, healthy: false, drifted: true, objects: 7 },
      { name: 'projects', applied: true, healthy: true, drifted: false, objects: 11 },
    ],
    hold: { since: before(hour), until: before(-7 * hour) },
    isolation: { networkPolicy: 'not-enforced', checkedAt: before(hour) },
  },
};

const bath: SiteAnswer = {
  ...leeds,
  id: '019aaf00-0000-7000-8000-000000000004',
  name: 'bath',
  labels: {},
  verdict: {
    word: 'progressing',
    isNews: true,
    asOf: before(3 * second),
    text: 'progressing at 2026-11-23 10:02 UTC',
  },
  refused: {
    code: 'RELEASE_UNDER_SIGNED',
    text: 'The release is not signed by enough of the keys that this site trusts.',
    next: 'Have the release signed by the missing key holders and publish the signatures.',
    generation: 4,
  },
  desired: { ...(leeds.desired as NonNullable<SiteAnswer['desired']>), generation: 4 },
  state: {
    ...liveState,
    applied: false,
    healthy: false,
    objectsApplied: 11,
    conditions: [coded('OfferRefused', 60 * second), coded('Progressing', 50 * second)],
    isolation: { networkPolicy: 'unproven', checkedAt: null },
  },
};

const wells: SiteAnswer = {
  ...leeds,
  id: '019aaf00-0000-7000-8000-000000000005',
  name: 'wells',
  labels: {},
  joined: false,
  waiting: [{ fingerprint: 'lusab-babad-gutih-tugad-mudof-sakat', requestedAt: before(240 * second) }],
  contact: { class: null, lastAt: null, certificateExpiresAt: null, agentVersion: null },
  verdict: { word: 'new', isNews: true, asOf: null, text: 'no machine has joined yet' },
  desired: null,
  held: null,
  state: null,
};

export const someSites: readonly SiteAnswer[] = [leeds, york, hull, bath, wells];
export const [healthySite, silentSite, troubledSite] = [leeds, york, hull];

const nothingMore = { objects: [], refusals: [], unhealthy: [], history: [], host: null, hardware: null };

/** A site with everything that can be told of it. */
export const troubledDetail: SiteDetailAnswer = {
  ...hull,
  objects: [],
  refusals: [],
  unhealthy: [
    {
      reason: 'ImageUnavailable',
      status: 'failed',
      text: 'An image cannot be had.',
      next: 'Check that it was brought to this site under exactly this name.',
      since: before(hour / 4),
      object: { kind: 'Deployment', namespace: 'tre-portal', name: 'portal' },
    },
  ],
  history: [
    {
      generation: 3,
      epoch: 1,
      release: release('2.0.0'),
      issuedAt: before(72 * hour),
      issuedBy: 'maria',
      why: 'The November update; agreed with the people on site, who wanted it before the weekend.',
    },
    {
      generation: 2,
      epoch: 1,
      release: release('1.0.0'),
      issuedAt: before(800 * hour),
      issuedBy: 'maria',
      why: null,
    },
  ],
  host: {
    observedAt: before(40 * second),
    receivedAt: before(39 * second),
    measures: [
      { name: 'cpu.busy', value: 412, unit: 'permille', source: '/proc/stat', text: '' },
      { name: 'cpu.load1', value: 1530, unit: 'permille', source: '/proc/loadavg', text: '' },
      { name: 'memory.total', value: 33_500_000_000, unit: 'bytes', source: '/proc/meminfo', text: '' },
      { name: 'memory.available', value: 12_300_000_000, unit: 'bytes', source: '/proc/meminfo', text: '' },
      { name: 'disk.data.total', value: 480_000_000_000, unit: 'bytes', source: 'statfs', text: '' },
      { name: 'disk.data.available', value: 31_000_000_000, unit: 'bytes', source: 'statfs', text: '' },
      {
        name: 'temperature.highest',
        value: 61_500,
        unit: 'millidegrees',
        source: '/sys/class/hwmon',
        text: '',
      },
      { name: 'clock.synchronised', value: 1, unit: 'boolean', source: 'adjtimex', text: '' },
      { name: 'uptime', value: 1_234_567, unit: 'seconds', source: '/proc/uptime', text: '' },
    ],
  },
  hardware: {
    observedAt: before(20 * hour),
    receivedAt: before(20 * hour),
    facts: [
      { name: 'cpu.model', value: 'Processor 4 GHz', source: 'systeminformation', text: '' },
      { name: 'memory.total', value: '33500000000', source: 'systeminformation', text: '' },
      { name: 'disk.devices', value: '480 GB SSD', source: 'systeminformation', text: '' },
    ],
  },
};

export const silentDetail: SiteDetailAnswer = { ...york, ...nothingMore };

/** A site that took no new release: somebody there held it at first, and then it found too few signatures. */
export const refusingDetail: SiteDetailAnswer = {
  ...bath,
  ...nothingMore,
  refusals: (['RELEASE_UNDER_SIGNED', 'SITE_HELD'] as const).map((code, index) => ({
    code,
    text: errors[code].text,
    next: errors[code].next,
    epoch: 1,
    generation: 4,
    at: before(60 * second + index * hour),
    receivedAt: before(59 * second + index * hour),
  })),
};

export const someReleases: readonly PublishedAnswer[] = [
  { ...release('2.1.0'), publishedAt: before(hour), publishedBy: 'maria', signatures: 1 },
  {
    ...release('2.0.0'),
    name: 'small-tre-with-a-long-name',
    publishedAt: before(73 * hour),
    publishedBy: 'jo\u001b[2J',
    signatures: 2,
  },
  { ...release('1.0.0'), publishedAt: before(900 * hour), publishedBy: 'maria', signatures: 0 },
];

const plainEvent = { phase: null, code: null, severity: 'info', next: null, facts: {} } as const;
const at = ({ id, name }: SiteAnswer) => ({ site: { id, name, deleted: false } });

/** One of each tone; the texts of one try to steer the terminal. */
export const someEvents: readonly EventAnswer[] = [
  {
    ...plainEvent,
    ...at(leeds),
    id: 998,
    at: before(2 * hour),
    kind: 'assigned',
    text: 'small-tre@2.0.0 was assigned as generation 3 by maria\u001b[2J.',
  },
  {
    ...plainEvent,
    ...at(hull),
    id: 1002,
    at: before(hour / 4),
    kind: 'condition',
    phase: 'began',
    severity: 'error',
    code: 'NotHealthy',
    text: conditions.NotHealthy.text,
    next: conditions.NotHealthy.next,
  },
  {
    ...plainEvent,
    ...at(york),
    id: 1003,
    at: before(60 * second),
    kind: 'health',
    severity: 'warning',
    code: 'not-healthy',
    text: 'was not healthy at 2026-11-23 07:02 UTC (An image cannot be had); nothing heard for 3 h',
  },
];

const rowDigest = `sha256:${'5f'.repeat(32)}`;
const rowHash = `sha256:${'a1'.repeat(32)}`;

/** What a person did and what a site did; one text tries to steer the terminal. */
export const someRows: readonly AuditAnswer[] = [
  {
    id: 40,
    at: before(2 * hour),
    who: 'maria',
    what: 'site.assign',
    subject: leeds.id,
    why: 'the November update\u001b[2J, agreed with the people on site',
    digest: rowDigest,
    previous: rowDigest,
    hash: rowHash,
    about: { site: leeds.name, generation: 3, release: { name: 'small-tre', version: '2.0.0' } },
  },
  {
    id: 41,
    at: before(hour),
    who: `site ${york.id}`,
    what: 'leaf.issue',
    subject: york.id,
    why: null,
    digest: null,
    previous: rowHash,
    hash: rowDigest,
    about: { site: york.name, generation: null, release: null },
  },
  {
    id: 42,
    at: before(hour / 2),
    who: 'maria',
    what: 'release.publish',
    subject: 'small-tre@2.0.0',
    why: null,
    digest: rowDigest,
    previous: rowDigest,
    hash: rowHash,
    about: null,
  },
];

/** Sites of any kind whose state is not news, and sites whose state is. */
export function anySite(isNews: boolean): fc.Arbitrary<SiteDetailAnswer> {
  const ageMs = fc.integer({ min: isNews ? 0 : 91 * second, max: isNews ? 89 * second : 9_000 * hour });
  const facts = fc.record({
    ageMs,
    lastHeardMs: fc.integer({ min: 0, max: 9_000 * hour }),
    word: fc.constantFrom('healthy', 'not-healthy', 'progressing', 'unknown') satisfies fc.Arbitrary<
      SiteAnswer['verdict']['word']
    >,
    contact: fc.constantFrom('live', 'stale', 'offline', 'expired') satisfies fc.Arbitrary<
      SiteAnswer['contact']['class']
    >,
    isDated: fc.boolean(),
    flags: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
    isRevoked: fc.boolean(),
    isHeld: fc.boolean(),
    policy: fc.constantFrom('enforced', 'not-enforced', 'unproven') satisfies fc.Arbitrary<
      NonNullable<NonNullable<SiteAnswer['state']>['isolation']>['networkPolicy']
    >,
  });
  return facts.map(({ ageMs, lastHeardMs, word, contact, isDated, flags, isRevoked, isHeld, policy }) => {
    const [applied, healthy, drifted] = flags;
    const asOf = isNews || isDated ? before(ageMs) : null;
    const components = liveState.components.map((one) => ({ ...one, applied, healthy, drifted }));
    const isolation = { networkPolicy: policy, checkedAt: null };
    return {
      ...leeds,
      ...nothingMore,
      revokedAt: isRevoked ? before(0) : null,
      contact: { ...leeds.contact, class: isNews ? 'live' : contact, lastAt: before(lastHeardMs) },
      verdict: { word, isNews, asOf, text: asOf === null ? 'not confirmed yet' : `was so at ${asOf}` },
      state: {
        ...liveState,
        observedAt: before(ageMs),
        applied,
        healthy,
        drifted,
        objectsApplied: applied ? 18 : 11,
        releases: { running: release('1.9.0') },
        components,
        hold: isHeld ? { since: before(hour), until: before(-7 * hour) } : null,
        isolation,
      },
    };
  });
}
