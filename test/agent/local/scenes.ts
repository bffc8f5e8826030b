// Situations that a person on site may meet, as the facts behind a screen: one per name. The store is a real one.
// Used by the golden tests of the screen, by the schema's test and by that of the support bundle.
import type { ExecutionContext } from 'ava';
import type { ObjectHealth } from '../../../agent/health/snapshot.ts';
import type { LocalFacts, RunFacts, SessionFacts } from '../../../agent/local/local-facts.ts';
import type { Plan } from '../../../agent/plan/step.ts';
import type { Observed, Wanted, WantedObject } from '../../../agent/plan/world.ts';
import type { SideFacts } from '../../../agent/report/side-facts.ts';
import { type AgentStore, openStore } from '../../../agent/store/store.ts';
import type { ConditionCode } from '../../../proto/conditions.ts';
import type { HealthReason, HealthStatus } from '../../../proto/health-reasons.ts';
import { configMap } from '../../conformance/store.ts';
import { keysetOf, newSigner, siteId } from '../../support/documents.ts';
import { scratch } from '../../support/scratch.ts';

export const nowMs = Date.UTC(2026, 10, 23, 10, 6);
export const minuteMs = 60_000;
export const dayMs = 24 * 60 * minuteMs;
const gibi = 2 ** 30;

const release = { name: 'small-tre', version: '2.0.0', digest: `sha256:${'d'.repeat(64)}` };
const deployment = (name: string, index: number, component: string): WantedObject => ({
  ...configMap(name, index),
  id: `apps/Deployment/demo/${name}`,
  group: 'apps',
  kind: 'Deployment',
  component,
});
export const objects = [
  deployment('portal', 0, 'portal'),
  deployment('workspace', 1, 'workspaces'),
  { ...configMap('policy', 2), component: 'workspaces' },
];
export const wanted: Wanted = {
  epoch: 1,
  generation: 2,
  release,
  clusterUid: null,
  objects,
  prune: [],
  components: ['portal', 'workspaces'],
  health: [],
};
const connected: SessionFacts = {
  kind: 'streaming',
  trouble: null,
  words: null,
  expiresAtMs: Date.UTC(2026, 10, 30),
};
export const applied: Plan = {
  steps: [],
  waiting: [],
  conditions: [],
  appliedCount: 3,
  notInPlace: [],
  repairing: [],
  applied: true,
  drifted: false,
};
export const observed: Observed = {
  now: nowMs - 12_000,
  cluster: { ok: true, uid: 'uid', version: 'v1.36.2' },
  served: new Map(),
  live: new Map(),
  inventory: new Map(),
  attempts: new Map(),
  forbidden: new Set(),
  jobEndedAfter: new Map(),
};
export const fine: RunFacts = {
  run: { plan: applied, observed },
  wanted,
  conditions: [],
  problems: [],
  appliedCount: 3,
};

export function health(
  observedAtMs = nowMs - 5_000,
  ...troubles: readonly [index: number, status: HealthStatus, reason: HealthReason, detail: string][]
): NonNullable<SideFacts['health']> {
  const all = objects.map(({ id, index }): ObjectHealth => {
    const trouble = troubles.find(([at]) => at === index);
    const since = { id, index, sinceMs: nowMs - 20 * minuteMs };
    if (trouble === undefined) return { ...since, status: 'current', reason: null, detail: '' };
    const [, status, reason, detail] = trouble;
    return { ...since, status, reason, detail };
  });
  return { observedAtMs, generation: 2, healthy: troubles.length === 0, objects: all, nodes: [] };
}

function host(diskFree: number): NonNullable<SideFacts['host']> {
  const measure = (name: string, value: number, source: string) => ({ name, value, source }) as never;
  return {
    observedAtMs: nowMs - 8_000,
    measures: [
      measure('memory.available', 9.6 * gibi, '/proc/meminfo'),
      measure('memory.total', 16 * gibi, '/proc/meminfo'),
      measure('disk.data.available', diskFree, 'statfs'),
      measure('disk.data.total', 200 * gibi, 'statfs'),
      measure('cpu.busy', 127, '/proc/stat'),
      measure('clock.synchronised', 1, 'adjtimex'),
      measure('uptime', 12 * 86_400, '/proc/uptime'),
    ],
    conditions: diskFree < gibi ? [{ code: 'DiskFull', count: 0 }] : [],
  };
}

const enforced: NonNullable<SideFacts['isolation']> = {
  networkPolicy: 'enforced',
  checkedAtMs: nowMs - 180 * minuteMs,
  why: '',
  conditions: [],
  offenders: new Map(),
};

export const well: SideFacts = { health: health(), host: host(120 * gibi), isolation: enforced };

export const held = (
  code: ConditionCode,
  count: number,
  sinceMs = nowMs - 5 * minuteMs,
): RunFacts['conditions'][number] => ({ code, count, sinceMs });

async function joined(t: ExecutionContext): Promise<AgentStore> {
  const store = await openStore(scratch(t), 'boot', 0);
  t.teardown(() => store[Symbol.asyncDispose]());
  const roots = {
    id: siteId,
    name: 'north',
    address: 'tre.example.org:7443',
    caDigest: `sha256:${'a'.repeat(64)}`,
  };
  const trust = { director: newSigner('d').publicKey, keyset: keysetOf(1, newSigner('k')) };
  store.site.join({ ...roots, ...trust }, 'token', nowMs);
  return store;
}

async function running(t: ExecutionContext): Promise<AgentStore> {
  const store = await joined(t);
  const acceptedAtMs = nowMs - 90 * minuteMs;
  store.desired.commit({ wanted, documentDigest: 'sha256:x', envelope: Buffer.from(''), acceptedAtMs });
  store.desired.setRelease('running', release, nowMs - 80 * minuteMs);
  return store;
}

export function facts(store: AgentStore, changes: Partial<LocalFacts> = {}): LocalFacts {
  return {
    store,
    session: connected,
    last: fine,
    side: well,
    version: '0.1.0',
    startedAtMs: nowMs - 100 * minuteMs,
    nowMs,
    ...changes,
  };
}

const lost = {
  code: 'CONTROL_PLANE_UNREACHABLE',
  detail: 'UNAVAILABLE: connect ECONNREFUSED 10.0.0.1:7443',
} as const;

/** The facts of each situation. */
export const scenes: Readonly<Record<string, (t: ExecutionContext) => Promise<LocalFacts>>> = {
  green: async (t) => {
    const store = await running(t);
    const counts = { generation: 2, applied: 0, repaired: 2, deleted: 1, failed: 0 };
    store.journal.addRun({ startedAtMs: nowMs, endedAtMs: nowMs - 70 * minuteMs, ...counts });
    return facts(store);
  },
  'not-healthy': async (t) => {
    const found = health(
      nowMs - 5_000,
      [
        0,
        'failed',
        'ContainerCrashLooping',
        'container web of pod portal-7d9c: exit code 1, 7 times, back-off 5m0s',
      ],
      [1, 'in-progress', 'LessAvailable', ''],
    );
    const conditions = [held('HealthInProgress', 1), held('NotHealthy', 1, nowMs - 20 * minuteMs)];
    const last = { ...fine, conditions };
    return facts(await running(t), { last, side: { ...well, health: found } });
  },
  'offline-for-days': async (t) => {
    const store = await running(t);
    store.site.setContact(nowMs - 9 * dayMs);
    store.outbox.queue('result', Buffer.from('x'));
    const session = {
      ...connected,
      kind: 'backing-off',
      trouble: lost,
      expiresAtMs: nowMs - 2 * dayMs,
    } as const;
    const side = { ...well, session: [{ code: 'CertificateExpiring', count: 0 }] } as const;
    const last = { ...fine, conditions: [held('CertificateExpiring', 0, nowMs - 4 * dayMs)] };
    return facts(store, { session, side, last });
  },
  'foreign-authority': async (t) => {
    const store = await running(t);
    store.site.setContact(nowMs - dayMs);
    const detail = 'CA_MISMATCH: the certificate that is shown was issued by Proxy of the Trust';
    const session = { ...connected, kind: 'backing-off', trouble: { code: 'CA_MISMATCH', detail } } as const;
    return facts(store, { session });
  },
  held: async (t) => {
    const store = await running(t);
    store.journal.addRefusal({
      atMs: nowMs - minuteMs,
      epoch: 1,
      generation: 3,
      code: 'SITE_HELD',
      documentDigest: 'x',
    });
    const hold = { sinceMs: nowMs - 60 * minuteMs, untilMs: nowMs + 420 * minuteMs, why: 'ward round' };
    return facts(store, { side: { ...well, hold } });
  },
  'isolation-missing': async (t) => {
    const isolation = {
      ...enforced,
      networkPolicy: 'not-enforced' as const,
      why: 'a connection that a policy forbids came through',
      conditions: [],
      offenders: new Map([['ServiceAccountTokenMounted', ['Pod demo/portal-7d9c']]] as const),
    };
    const conditions = [held('NetworkPolicyNotEnforced', 0), held('ServiceAccountTokenMounted', 1)];
    return facts(await running(t), { side: { ...well, isolation }, last: { ...fine, conditions } });
  },
  'isolation-not-tried': async (t) =>
    facts(await running(t), { side: { health: health(), host: host(120 * gibi) } }),
  'pending-enrolment': async (t) => {
    const words = 'babad-dabad-fabad-gabad-habad-jabad';
    const session: SessionFacts = { kind: 'backing-off', trouble: null, words, expiresAtMs: null };
    return facts(await joined(t), { session, last: undefined, side: {}, startedAtMs: nowMs });
  },
  'full-disk': async (t) => {
    const conditions = [held('StoreFull', 0), held('DiskFull', 0)];
    const side = { ...well, host: host(0) };
    return facts(await running(t), { side, last: { ...fine, conditions } });
  },
  starting: async (t) => facts(await running(t), { last: undefined, side: {} }),
  'clock-and-pressure': async (t) => {
    const { measures, ...rest } = host(120 * gibi);
    const more = [
      { name: 'clock.offset', value: -95_000, source: 'control-plane' },
      { name: 'pressure.memory', value: 430, source: '/proc/pressure' },
      { name: 'pressure.io', value: 20, source: '/proc/pressure' },
      { name: 'temperature.highest', value: 71_400, source: '/sys/class/thermal' },
      { name: 'disk.data.inodes', value: 1_000_000, source: 'statfs' },
      { name: 'disk.data.inodesFree', value: 1_200, source: 'statfs' },
    ] as const;
    const conditions = [held('ClockOff', 0), held('UnderPressure', 0)];
    const side = { ...well, host: { ...rest, measures: [...measures, ...more] } };
    return facts(await running(t), { side, last: { ...fine, conditions } });
  },
  'nothing-wanted': async (t) => {
    const last = { ...fine, wanted: null, conditions: [held('NothingDesired', 0)], appliedCount: 0 };
    return facts(await joined(t), { last, side: { host: host(120 * gibi) } });
  },
  'last-looked-long-ago': async (t) => {
    const look = { ...observed, now: nowMs - 20 * minuteMs };
    const last = { ...fine, run: { plan: applied, observed: look } };
    return facts(await running(t), { last, side: { ...well, health: health(nowMs - 25 * minuteMs) } });
  },
  'kubernetes-away': async (t) => {
    const cluster = {
      ok: false,
      code: 'CLUSTER_UNREACHABLE',
      detail: 'connect ECONNREFUSED 127.0.0.1:6443',
      retryAfterMs: null,
    } as const;
    const plan: Plan = { ...applied, applied: false, appliedCount: 0 };
    const last: RunFacts = {
      ...fine,
      run: { plan, observed: { ...observed, cluster } },
      conditions: [held('ClusterUnreachable', 0)],
    };
    return facts(await running(t), { last });
  },
  refused: async (t) => {
    const store = await running(t);
    store.inventory.intend([{ ...configMap('data', 9), kind: 'PersistentVolumeClaim' }], 'sha256:old');
    store.inventory.keep([configMap('data', 9).id]);
    store.journal.addRefusal({
      atMs: nowMs - minuteMs,
      epoch: 1,
      generation: 3,
      code: 'RELEASE_UNDER_SIGNED',
      documentDigest: 'x',
    });
    const id = objects[1]?.id ?? '';
    const plan: Plan = {
      ...applied,
      applied: false,
      appliedCount: 2,
      notInPlace: [id],
      waiting: [{ id, code: 'ObjectRefused', until: null }],
    };
    const last: RunFacts = {
      ...fine,
      run: { plan, observed: { ...observed, inventory: store.inventory.inventory() } },
      appliedCount: 2,
      conditions: [
        held('ObjectKept', 1),
        held('OfferRefused', 0, nowMs - minuteMs),
        held('ObjectRefused', 1),
      ],
      problems: [{ id, code: 'OBJECT_REFUSED', detail: 'data: Invalid value:\n  must be small' }],
    };
    return facts(store, { last });
  },
};
