// The screen as a person reads it, one golden text per situation; what the status says decides the exit code.
import test, { type ExecutionContext } from 'ava';
import { screenOf } from '../../../agent/local/screen.ts';
import { type LocalFacts, type RunFacts, type SessionFacts, statusOf } from '../../../agent/local/status.ts';
import type { Plan } from '../../../agent/plan/step.ts';
import type { Observed, Wanted } from '../../../agent/plan/world.ts';
import { type AgentStore, openStore } from '../../../agent/store/store.ts';
import type { ConditionCode } from '../../../proto/conditions.ts';
import { configMap } from '../../conformance/store.ts';
import { keysetOf, newSigner, siteId } from '../../support/documents.ts';
import { scratch } from '../../support/scratch.ts';

const nowMs = Date.UTC(2026, 10, 23, 10, 6);
const minuteMs = 60_000;
const release = { name: 'small-tre', version: '2.0.0', digest: `sha256:${'d'.repeat(64)}` };
const objects = [configMap('portal', 0), configMap('workspace', 1), configMap('policy', 2)];
const wanted: Wanted = {
  epoch: 1,
  generation: 2,
  release,
  clusterUid: null,
  objects,
  prune: [],
  components: [],
  health: [],
};
const connected: SessionFacts = {
  kind: 'streaming',
  trouble: null,
  words: null,
  expiresAtMs: Date.UTC(2026, 10, 30),
};
const applied: Plan = {
  steps: [],
  waiting: [],
  conditions: [],
  appliedCount: 3,
  notInPlace: [],
  repairing: [],
  applied: true,
  drifted: false,
};
const observed: Observed = {
  now: nowMs - 12_000,
  cluster: { ok: true, uid: 'uid', version: 'v1.36.2' },
  served: new Map(),
  live: new Map(),
  inventory: new Map(),
  attempts: new Map(),
  forbidden: new Set(),
  jobEndedAfter: new Map(),
};
const fine: RunFacts = {
  run: { plan: applied, observed },
  wanted,
  conditions: [],
  problems: [],
  appliedCount: 3,
};

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

function facts(store: AgentStore, changes: Partial<LocalFacts> = {}): LocalFacts {
  return {
    store,
    session: connected,
    last: fine,
    version: '0.1.0',
    startedAtMs: nowMs - 100 * minuteMs,
    nowMs,
    ...changes,
  };
}

function held(
  code: ConditionCode,
  count: number,
  sinceMs = nowMs - 5 * minuteMs,
): RunFacts['conditions'][number] {
  return { code, count, sinceMs };
}

const screen = (given: LocalFacts) => `\n${screenOf(statusOf(given))}\n`;

test('all is well', async (t) => {
  const store = await running(t);
  const run = {
    startedAtMs: nowMs,
    endedAtMs: nowMs - 70 * minuteMs,
    generation: 2,
    applied: 0,
    repaired: 2,
    deleted: 1,
    failed: 0,
  };
  store.journal.addRun(run);
  const given = facts(store);
  t.is(
    screen(given),
    `
GREEN: everything wanted is applied.

Site:           north (019aaf00-0000-7000-8000-000000000001), tre-agent 0.1.0
Control plane:  connected to tre.example.org:7443, certificate until 2026-11-30
Kubernetes:     v1.36.2, looked at 12 seconds ago
Wanted:         small-tre@2.0.0, generation 2, since 2026-11-23 08:36 UTC
Running:        small-tre@2.0.0, since 2026-11-23 08:46 UTC
Objects:        3 of 3 applied
Health:         not watched by this version: applied does not mean that it works
Last change:    2026-11-23 08:56 UTC: 2 repaired, 1 deleted
`,
  );
  t.false(statusOf(given).isRed);
});

test('a new machine waits for approval', async (t) => {
  const words = 'babad-dabad-fabad-gabad-habad-jabad';
  const session: SessionFacts = { kind: 'backing-off', trouble: null, words, expiresAtMs: null };
  const given = facts(await joined(t), { session, last: undefined, startedAtMs: nowMs });
  t.is(
    screen(given),
    `
WAITING: read the six words below to the operator, who approves this machine.

Site:           north (019aaf00-0000-7000-8000-000000000001), tre-agent 0.1.0
Control plane:  waits for the operator's approval; the six words of this machine: babad-dabad-fabad-gabad-habad-jabad
Kubernetes:     not looked at yet
Wanted:         nothing yet

- The operator has not approved this machine yet. (EnrolmentPending, since 2026-11-23 10:06 UTC)
  Read the six words to the operator, who approves when both ends show the same.
`,
  );
});

test('the control plane is gone: since when, and that nothing is lost', async (t) => {
  const store = await running(t);
  store.site.setContact(nowMs - 4 * minuteMs);
  store.outbox.queue('result', Buffer.from('x'));
  const trouble = {
    code: 'CONTROL_PLANE_UNREACHABLE',
    detail: 'UNAVAILABLE: connect ECONNREFUSED 10.0.0.1:7443',
  } as const;
  const given = facts(store, { session: { ...connected, kind: 'backing-off', trouble } });
  t.is(
    screen(given),
    `
ATTENTION: The control plane does not answer.

Site:           north (019aaf00-0000-7000-8000-000000000001), tre-agent 0.1.0
Control plane:  not reachable since 2026-11-23 10:02 UTC (4 minutes)
Kubernetes:     v1.36.2, looked at 12 seconds ago
Wanted:         small-tre@2.0.0, generation 2, since 2026-11-23 08:36 UTC
Running:        small-tre@2.0.0, since 2026-11-23 08:46 UTC
Objects:        3 of 3 applied
Health:         not watched by this version: applied does not mean that it works
Reports:        1 waits to be sent

* The control plane does not answer. (ControlPlaneUnreachable, since 2026-11-23 10:02 UTC)
  Nothing is lost: the site goes on and reports later. Check the network if it stays so.

What went wrong with the control plane:
  UNAVAILABLE: connect ECONNREFUSED 10.0.0.1:7443
`,
  );
  t.false(statusOf(given).isRed, 'offline is not red: the site goes on');
});

test('something is red: what, which object, and the words of the API server', async (t) => {
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
  const waiting = [{ id: objects[1]?.id ?? '', code: 'ObjectRefused' as const, until: null }];
  const plan: Plan = { ...applied, applied: false, appliedCount: 2, waiting };
  const last: RunFacts = {
    ...fine,
    run: { plan, observed: { ...observed, inventory: store.inventory.inventory() } },
    appliedCount: 2,
    conditions: [held('ObjectKept', 1), held('OfferRefused', 0, nowMs - minuteMs), held('ObjectRefused', 1)],
    problems: [
      { id: objects[1]?.id ?? '', code: 'OBJECT_REFUSED', detail: 'data: Invalid value: must be small' },
    ],
  };
  const given = facts(store, { last });
  t.is(
    screen(given),
    `
RED: The site refused what the control plane offered; what runs goes on.

Site:           north (019aaf00-0000-7000-8000-000000000001), tre-agent 0.1.0
Control plane:  connected to tre.example.org:7443, certificate until 2026-11-30
Kubernetes:     v1.36.2, looked at 12 seconds ago
Wanted:         small-tre@2.0.0, generation 2, since 2026-11-23 08:36 UTC
Running:        small-tre@2.0.0, since 2026-11-23 08:46 UTC
Objects:        2 of 3 applied, 1 waiting
Health:         not watched by this version: applied does not mean that it works
Kept:           PersistentVolumeClaim demo/data

! The site refused what the control plane offered; what runs goes on. (OfferRefused, since 2026-11-23 10:05 UTC)
  Look at the refusal: it says who has to do what.

! The API server refuses an object of the release. (ObjectRefused, 1 object, since 2026-11-23 10:01 UTC)
  The release needs a correction: send its author what the API server said; \`tre-agent status\` on site shows it.
    ConfigMap demo/workspace

- An object is no longer in the release but is kept, because it may hold data. (ObjectKept, 1 object, since 2026-11-23 10:01 UTC)
  Delete it by hand when it is not needed, or allow it in the next release.

Refused generation 3 at 2026-11-23 10:05 UTC: RELEASE_UNDER_SIGNED
  The release is not signed by enough of the keys that this site trusts.
  Have the release signed by the missing key holders and publish the signatures.

What the API server said:
  ConfigMap demo/workspace: OBJECT_REFUSED
    data: Invalid value: must be small
`,
  );
  t.true(statusOf(given).isRed);
});

test('before the first look nothing is said of objects', async (t) => {
  const text = screen(facts(await running(t), { last: undefined }));
  t.regex(text, /^\nSTARTING: this agent has not looked at Kubernetes yet\.\n/);
  t.regex(text, /Kubernetes: {5}not looked at yet\n/);
  t.notRegex(text, /Objects:/);
});

test('Kubernetes is away', async (t) => {
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
  const text = screen(facts(await running(t), { last }));
  t.regex(text, /^\nRED: The Kubernetes API server does not answer\.\n/);
  t.regex(text, /Kubernetes: {5}cannot be worked with, tried 12 seconds ago\n/);
  t.regex(text, /Objects: {8}3 of 3 applied, when Kubernetes last answered\n/);
  t.regex(text, /The API server could not be worked with:\n {2}connect ECONNREFUSED 127\.0\.0\.1:6443\n/);
});

test('a withdrawn site and a foreign certificate are named', async (t) => {
  const store = await running(t);
  store.site.setContact(nowMs - 3 * 24 * 60 * minuteMs);
  const line = (code: 'SITE_REVOKED' | 'CA_MISMATCH') => {
    const session: SessionFacts = { ...connected, kind: 'connecting', trouble: { code, detail: 'd' } };
    return screen(facts(store, { session }))
      .split('\n')
      .find((text) => text.startsWith('Control plane:'));
  };
  t.is(line('SITE_REVOKED'), 'Control plane:  the identity of this site was withdrawn; what runs goes on');
  t.is(line('CA_MISMATCH'), 'Control plane:  not reachable since 2026-11-20 10:06 UTC (3 days), CA_MISMATCH');
});

test('many objects of one condition are named only in part', async (t) => {
  const many = Array.from({ length: 25 }, (_, index) => configMap(`c${index}`, index));
  const waiting = many.map(({ id }) => ({ id, code: 'WaitingForNamespace' as const, until: null }));
  const plan: Plan = { ...applied, applied: false, appliedCount: 0, waiting };
  const last: RunFacts = {
    ...fine,
    run: { plan, observed },
    wanted: { ...wanted, objects: many },
    conditions: [held('WaitingForNamespace', 25)],
  };
  const text = screen(facts(await running(t), { last }));
  t.is(text.match(/ConfigMap demo\/c/g)?.length, 10);
  t.regex(text, /\.\.\. and 15 more\n/);
  t.regex(text, /^\nWORKING: /);
});
