// A site and the real control plane, without Kubernetes: joining, the first document, reports, renewal after a long
// absence, withdrawal. Both ends run in this process; between them are real TLS, real files and real databases.
import test from 'ava';
import type { Plan } from '../../agent/plan/step.ts';
import { Reporter } from '../../agent/report/reporter.ts';
import { systemClock } from '../../daemon/clock.ts';
import { publishRelease } from '../support/control-plane.ts';
import { clusterUid, configMapObject, makeRelease, newSigner, signaturesOf } from '../support/documents.ts';
import { ada, connected, joined, machine, plane, siteOf, until } from '../support/site-machine.ts';

const dayMs = 24 * 3_600_000;

const release = (version: string, count: number) =>
  makeRelease(
    Array.from({ length: count }, (_, index) => configMapObject(`c${index}`, { version })),
    { version },
  );

test.serial('a machine joins, is approved by its words, gets its document and reports', async (t) => {
  const control = await plane(t);
  const { store, session } = await joined(t, control, 'north');
  const made = release('1.0.0', 300);
  await publishRelease(control, made, signaturesOf(made.manifest, ada));
  await control.rest('PUT', '/v1/sites/north/desired', { release: 'demo@1.0.0' });
  await until(
    () => store.desired.held()?.generation,
    (generation) => generation === 1,
    'the document',
  );
  t.is(store.desired.wanted()?.objects.length, 300);

  const reporter = new Reporter(store, () => session.wake());
  const plan: Plan = {
    steps: [],
    waiting: [],
    conditions: [],
    appliedCount: 300,
    notInPlace: [],
    repairing: [],
    applied: true,
    drifted: false,
  };
  const cluster = { ok: true, uid: clusterUid, version: 'v1.36.0' } as const;
  const nothing = {
    served: new Map(),
    live: new Map(),
    inventory: new Map(),
    attempts: new Map(),
    forbidden: new Set<string>(),
    jobEndedAfter: new Map(),
  };
  const run = {
    plan,
    observed: { now: Date.now(), cluster, ...nothing },
    results: [],
    startedAtMs: 1,
    endedAtMs: 2,
  };
  reporter.report(run, store.desired.wanted() ?? null);
  const site = await until(
    () => siteOf(control, 'north'),
    ({ state }) => state !== null,
    'the report',
  );
  t.like(site.state, { generation: 1, objectsApplied: 300 });
  t.is(site.held?.generation, 1);
  await until(
    () => store.outbox.waiting(),
    (waiting) => waiting === 0,
    'the acknowledgement',
  );
});

test.serial(
  'a release that nobody signed is refused here and shown there; with the signature it is accepted',
  async (t) => {
    const control = await plane(t);
    const { store } = await joined(t, control, 'north');
    const made = release('1.0.0', 2);
    await publishRelease(control, made, signaturesOf(made.manifest, newSigner('eve')));
    await control.rest('PUT', '/v1/sites/north/desired', { release: 'demo@1.0.0' });
    await until(
      () => store.journal.openRefusal()?.code,
      (code) => code === 'RELEASE_UNDER_SIGNED',
      'the refusal',
    );
    t.is(store.desired.held(), undefined);
    const { body } = await until(
      () => control.rest<{ refused: { code: string } | null }>('GET', '/v1/sites/north'),
      (answer) => answer.body.refused !== null,
      'the refusal at the control plane',
    );
    t.is(body.refused?.code, 'RELEASE_UNDER_SIGNED');
    await publishRelease(control, made, signaturesOf(made.manifest, ada));
    await until(
      () => store.desired.held()?.generation,
      (generation) => generation === 1,
      'the document',
    );
  },
);

test.serial(
  'a machine that was away for longer than its certificate lives comes back by its device key alone',
  async (t) => {
    const control = await plane(t);
    const { store, start, stop } = await joined(t, control, 'north');
    await stop();
    const before = await store.keys.leaf();
    const clock = { ...systemClock, now: () => Date.now() + 8 * dayMs };
    const { session } = start({ clock });
    await connected(session);
    t.not(await store.keys.leaf(), before);
  },
);

test.serial(
  'a certificate that runs out soon and could not be renewed is a condition, and not before',
  async (t) => {
    const control = await plane(t);
    const { start, stop } = await joined(t, control, 'north');
    await stop();
    await control.stop();
    for (const [days, expected] of [
      [1, []],
      [4.9, []],
      [6, [{ code: 'CertificateExpiring', count: 0 }]],
      [9, [{ code: 'CertificateExpiring', count: 0 }]],
    ] as const) {
      const clock = { ...systemClock, now: () => Date.now() + days * dayMs };
      const { session, stop: end } = start({ clock });
      await until(
        () => session.status().trouble,
        (trouble) => trouble !== null,
        'that nobody answers',
      );
      t.deepEqual(session.conditions(), expected, `after ${days} days`);
      await end();
    }
  },
);

test.serial('a withdrawn site is told so, accepts nothing new and keeps what it has', async (t) => {
  const control = await plane(t);
  const { store, session } = await joined(t, control, 'north');
  const [one, two] = [release('1.0.0', 2), release('2.0.0', 2)];
  for (const made of [one, two]) await publishRelease(control, made, signaturesOf(made.manifest, ada));
  await control.rest('PUT', '/v1/sites/north/desired', { release: 'demo@1.0.0' });
  await until(
    () => store.desired.held()?.generation,
    (generation) => generation === 1,
    'the document',
  );
  await control.rest('POST', '/v1/sites/north/revoke', { why: 'test' });
  await until(
    () => session.status().trouble?.code,
    (code) => code === 'SITE_REVOKED',
    'the code',
  );
  t.not(store.site.read()?.revokedAtMs, null);
  await control.rest('PUT', '/v1/sites/north/desired', { release: 'demo@2.0.0' });
  await systemClock.sleep(300);
  t.is(store.desired.held()?.generation, 1);
  t.is(session.status().trouble?.code, 'SITE_REVOKED', 'it goes on asking');
});

test.serial('a second machine takes the place of the first one, which then gets nothing more', async (t) => {
  const control = await plane(t);
  const first = await joined(t, control, 'north');
  const second = await machine(t, control, 'north');
  const { session } = second.start();
  const { waiting } = await until(
    () => siteOf(control, 'north'),
    (site) => site.waiting.length > 0,
    'the request',
  );
  await control.rest('POST', '/v1/sites/north/approve', { fingerprint: waiting[0]?.fingerprint });
  await connected(session);
  await until(
    () => first.session.status().trouble?.code,
    (code) => code !== undefined,
    'the end of the first one',
  );
  t.is(session.status().kind, 'streaming');
});
