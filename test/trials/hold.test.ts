// A person on site holds the site: what is assigned meanwhile is refused and both ends say so; when the hold ends, by hand, by
// its time or while no agent runs, it is offered again and accepted within seconds. Real control plane, real TLS.
import test, { type ExecutionContext } from 'ava';
import { keepHold } from '../../agent/intake/hold-keeper.ts';
import type { Session } from '../../agent/intake/run-session.ts';
import { Reporter } from '../../agent/report/reporter.ts';
import type { AgentStore } from '../../agent/store/store.ts';
import { type Clock, systemClock } from '../../daemon/clock.ts';
import { silentLog } from '../../daemon/log.ts';
import type { TestControlPlane } from '../support/control-plane.ts';
import { clusterUid, configMapObject, makeRelease } from '../support/documents.ts';
import { inSeconds } from '../support/eventually.ts';
import { assign, joined, plane, until } from '../support/site-machine.ts';

const hourMs = 3_600_000;
const release = (version: string) => makeRelease([configMapObject('a', { version })], { version });

interface SiteBody {
  readonly refused: { readonly code: string; readonly generation: number } | null;
  readonly state: {
    readonly conditions: readonly { readonly code: string }[];
    readonly hold: { readonly since: string; readonly until: string } | null;
  } | null;
}

/** The rooms of an agent that a hold concerns, put together as main.ts does. */
function holding(t: ExecutionContext, store: AgentStore, session: Session, clock: Clock = systemClock) {
  const side = () => ({ hold: store.holds.current(clock.now()) });
  const reporter = new Reporter(store, () => session.wake(), side);
  const keeper = keepHold({
    store,
    clock,
    log: silentLog,
    onChange: ({ isOpen }) => {
      reporter.refresh(clock.now());
      if (isOpen) session.comeAgain();
    },
  });
  t.teardown(() => keeper[Symbol.asyncDispose]());
  reporter.report(emptyRun(clock), store.desired.wanted() ?? null);
  return keeper;
}

function emptyRun(clock: Clock) {
  const none = new Map();
  const observed = {
    now: clock.now(),
    cluster: { ok: true, uid: clusterUid, version: 'v1.36.0' } as const,
    served: none,
    live: none,
    inventory: none,
    attempts: none,
    forbidden: new Set<string>(),
    jobEndedAfter: none,
  };
  const plan = { steps: [], waiting: [], conditions: [], notInPlace: [], repairing: [] };
  return {
    plan: { ...plan, appliedCount: 1, applied: true, drifted: false },
    observed,
    results: [],
    startedAtMs: 1,
    endedAtMs: 2,
  };
}

const site = async (control: TestControlPlane) =>
  (await control.rest<SiteBody>('GET', '/v1/sites/north')).body;
const holds = (store: AgentStore, generation: number) =>
  until(
    () => store.desired.held()?.generation,
    (held) => held === generation,
    `generation ${generation}`,
  );
const isRefusedThere = (control: TestControlPlane, generation: number) =>
  until(
    () => site(control),
    ({ refused }) => refused?.code === 'SITE_HELD' && refused.generation === generation,
    'the refusal at the control plane',
  );

test.serial('held: refused at both ends; released: accepted within seconds', async (t) => {
  const control = await plane(t);
  const { store, session } = await joined(t, control, 'north');
  await assign(control, 'north', release('1.0.0'));
  await holds(store, 1);
  const keeper = holding(t, store, session);
  keeper.hold(8 * hourMs, 'ward round of Dr Who');
  const { state } = await until(
    () => site(control),
    (seen) => seen.state?.conditions.some(({ code }) => code === 'HeldOnSite') === true,
    'the hold at the control plane',
  );
  const forMs = Date.parse(state?.hold?.until ?? '') - Date.parse(state?.hold?.since ?? '');
  t.is(forMs, 8 * hourMs);
  t.false(JSON.stringify(state).includes('Dr Who'));
  await assign(control, 'north', release('2.0.0'));
  await until(
    () => store.journal.openRefusal(),
    (refusal) => refusal?.code === 'SITE_HELD' && refusal.generation === 2,
    'the refusal',
  );
  await isRefusedThere(control, 2);
  t.is(store.desired.held()?.generation, 1, 'what runs goes on');

  const releasedAtMs = Date.now();
  keeper.release();
  await holds(store, 2);
  t.log(`accepted ${inSeconds(Date.now() - releasedAtMs)} after the release`);
  t.true(Date.now() - releasedAtMs < 5_000);
  await until(
    () => site(control),
    (seen) => seen.refused === null && seen.state?.hold === null && seen.state.conditions.length === 0,
    'no word of it at the control plane',
  );
});

test.serial('a hold that ends by its time lets in what it kept out', async (t) => {
  const control = await plane(t);
  const { store, session } = await joined(t, control, 'north');
  await assign(control, 'north', release('1.0.0'));
  await holds(store, 1);
  holding(t, store, session);
  // Shorter than a person may ask for, so that the test need not wait a minute.
  store.holds.set({ sinceMs: Date.now(), untilMs: Date.now() + 3_000, why: 'w' });
  holding(t, store, session);
  await assign(control, 'north', release('2.0.0'));
  await isRefusedThere(control, 2);
  await holds(store, 2);
  t.pass();
});

test.serial('a hold that ended while no agent ran is no hold at the next start', async (t) => {
  const control = await plane(t);
  const { store, session, stop, start } = await joined(t, control, 'north');
  await assign(control, 'north', release('1.0.0'));
  await holds(store, 1);
  const keeper = holding(t, store, session);
  keeper.hold(hourMs, 'w');
  await assign(control, 'north', release('2.0.0'));
  await isRefusedThere(control, 2);
  await stop();
  await keeper[Symbol.asyncDispose]();
  store.holds.set({ sinceMs: 1, untilMs: 2, why: 'w' });
  const next = start();
  holding(t, store, next.session);
  await holds(store, 2);
  t.is(store.journal.openRefusal(), undefined);
});
