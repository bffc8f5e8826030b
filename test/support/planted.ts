// Fifty things that must not leave a hospital, and runs of an agent in which they stand everywhere a cluster, a person or a
// machine can put them: names, values, messages of the API server, events, logs, reasons, nodes. Used by the egress test.
import type { ObjectHealth } from '../../agent/health/snapshot.ts';
import type { Plan, StepResult } from '../../agent/plan/step.ts';
import type { Observed, Wanted, WantedObject } from '../../agent/plan/world.ts';
import type { SeenRun } from '../../agent/report/seen.ts';
import type { SideFacts } from '../../agent/report/side-facts.ts';
import type { ConditionCode } from '../../proto/conditions.ts';
import { objectId } from '../../proto/document.ts';
import type { HealthReason } from '../../proto/health-reasons.ts';
import { healthReasons } from '../../proto/health-reasons.ts';
import { clusterUid } from './documents.ts';
import { seededRandom } from './seeded-random.ts';

const many = (make: (at: number) => string) => Array.from({ length: 10 }, (_, at) => make(at));

/** Ten each of host names, user names, NHS numbers, paths and addresses; none is a part of another. */
export const markers: readonly string[] = [
  ...many((at) => `icu-ws-0${at}7.ward.example-hospital.test`),
  ...many((at) => `jane-doe-${at}smith`),
  ...many((at) => `943-476-59${at}9`),
  ...many((at) => `/srv/patients/cohort-${at}x/list.csv`),
  ...many((at) => `10.77.${at}3.19`),
];

const marker = (at: number) => markers[at % markers.length] ?? '';
/** Some sentence of a server in which three of them stand. */
const sentence = (at: number) =>
  `failed on ${marker(at)}: user "${marker(at + 11)}" may not open ${marker(at + 31)} (${marker(at + 22)})`;

function plantedObject(index: number): WantedObject {
  const key = {
    group: 'apps',
    version: 'v1',
    kind: index % 2 === 0 ? 'Deployment' : 'Job',
    namespace: marker(index + 7),
    name: marker(index),
  };
  const digest = `sha256:${String(index).padStart(64, '0')}`;
  const plain = { digest, immutableDigest: null, ttlAfterFinishedMs: null, defines: [] };
  return { ...key, id: objectId(key), index, component: marker(index % 5), ...plain };
}

const objects = markers.map((_, index) => plantedObject(index));

export const plantedWanted: Wanted = {
  epoch: 1,
  generation: 1,
  release: { name: 'planted', version: '1.0.0', digest: `sha256:${'d'.repeat(64)}` },
  clusterUid,
  objects,
  prune: [],
  components: [0, 1, 2, 3, 4].map(marker),
  health: [],
};

const waitingCodes: readonly ConditionCode[] = [
  'ObjectRefused',
  'WaitingToRetry',
  'ObjectNotOurs',
  'Progressing',
];
const reasons = Object.keys(healthReasons) as HealthReason[];

/** One run, and what the other rooms know meanwhile; another one for every number. */
export function plantedRun(seed: number, nowMs: number): { readonly run: SeenRun; readonly side: SideFacts } {
  const random = seededRandom(seed);
  const some = <T>(list: readonly T[], share: number) => list.filter(() => random.next() < share);
  const pick = <T>(list: readonly T[]) => list[Math.floor(random.next() * list.length)] as T;
  const inventory = new Map(
    some(objects, 0.5).map((object) => [
      object.id,
      {
        ...object,
        releaseDigest: plantedWanted.release.digest,
        uid: 'u',
        creating: false,
        appliedDigest: object.digest,
        appliedImmutableDigest: null,
        ownHash: null,
        kept: random.next() < 0.1,
      },
    ]),
  ) as unknown as Observed['inventory'];
  const waiting = some(objects, 0.2).map(({ id }) => ({ id, code: pick(waitingCodes), until: null }));
  const plan: Plan = {
    steps: [],
    waiting,
    conditions: [{ code: pick(waitingCodes), count: waiting.length }],
    appliedCount: Math.floor(random.next() * 50),
    notInPlace: some(objects, 0.1).map(({ id }) => id),
    repairing: some(objects, 0.1).map(({ id }) => id),
    applied: waiting.length === 0,
    drifted: random.next() < 0.3,
  };
  const isAway = random.next() < 0.1;
  const observed: Observed = {
    now: nowMs,
    cluster: isAway
      ? { ok: false, code: 'CLUSTER_FAILING', detail: sentence(seed), retryAfterMs: null }
      : { ok: true, uid: clusterUid, version: random.next() < 0.1 ? marker(seed) : 'v1.36.2+k3s1' },
    served: new Map(),
    live: new Map(),
    inventory,
    attempts: new Map(),
    forbidden: new Set(),
    jobEndedAfter: new Map(),
  };
  const results = some(objects, 0.05).map((object, at): StepResult => {
    const step = { kind: 'apply', object, reason: 'create', uid: null, previousDigest: null } as const;
    if (random.next() < 0.3) return { step, ok: true };
    return { step, ok: false, code: 'OBJECT_REFUSED', detail: sentence(seed + at), retryAfterMs: null };
  });
  const run = { plan, observed, results, startedAtMs: nowMs - 20, endedAtMs: nowMs };
  return { run, side: plantedSide({ some, pick, seed, nowMs, chance: () => random.next() }) };
}

interface Dice {
  readonly some: <T>(list: readonly T[], share: number) => readonly T[];
  readonly pick: <T>(list: readonly T[]) => T;
  readonly chance: () => number;
  readonly seed: number;
  readonly nowMs: number;
}

function plantedSide({ some, pick, chance, seed, nowMs }: Dice): SideFacts {
  const troubled = new Set(some(objects, 0.1).map(({ id }) => id));
  const health = objects.map(({ id, index }): ObjectHealth => {
    const since = { id, index, sinceMs: nowMs - 1_000 };
    if (!troubled.has(id)) return { ...since, status: 'current', reason: null, detail: '' };
    const reason = pick(reasons);
    return { ...since, status: healthReasons[reason].status, reason, detail: sentence(seed + index) };
  });
  const node = {
    code: pick(['NodeNotReady', 'NodeSilent'] as const),
    node: marker(seed),
    detail: sentence(seed),
  };
  const isEnforced = chance() < 0.5;
  return {
    health: {
      observedAtMs: nowMs,
      generation: 1,
      healthy: troubled.size === 0,
      objects: health,
      nodes: chance() < 0.2 ? [node] : [],
    },
    host: {
      observedAtMs: nowMs,
      measures: [
        { name: 'memory.available', value: Math.floor(chance() * 2 ** 34), source: '/proc/meminfo' },
      ],
      conditions: chance() < 0.2 ? [{ code: 'DiskLow', count: 0 }] : [],
    },
    hardware: {
      observedAtMs: nowMs,
      mayIdentify: false,
      facts: [
        { name: 'cpu.model', value: `Model ${seed % 7}`, source: 'systeminformation' },
        { name: 'host.name', value: marker(seed), source: 'systeminformation' },
        { name: 'machine.serial', value: marker(seed + 3), source: 'systeminformation' },
      ],
    },
    isolation: {
      networkPolicy: isEnforced ? 'enforced' : 'unproven',
      checkedAtMs: nowMs,
      why: isEnforced ? '' : sentence(seed),
      conditions: isEnforced ? [] : [{ code: 'NetworkPolicyUnproven', count: 0 }],
      offenders: new Map([['PublicLoadBalancer', [`Service ${marker(seed)}/${marker(seed + 5)}`]]]),
    },
    hold: chance() < 0.3 ? { sinceMs: nowMs, untilMs: nowMs + 3_600_000, why: sentence(seed) } : undefined,
  };
}
