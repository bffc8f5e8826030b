// The law of the whole control plane: nothing that it answers says healthy as news when nobody has looked at the site
// within three heartbeats. Sites of a model, with clocks of their own, slow lines and bad luck, talk to the real
// listener over a real database; after every step all outlets are asked, and compared with what was true.

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { eventView } from '../../control-plane/api/event-view.ts';
import { fleetMetrics } from '../../control-plane/api/fleet-metrics.ts';
import { createApiMetrics } from '../../control-plane/api/metrics.ts';
import { siteDetail } from '../../control-plane/api/site-detail.ts';
import { siteViews } from '../../control-plane/api/site-view.ts';
import type { SiteState } from '../../control-plane/fleet/site-report.ts';
import { liveForMs } from '../../control-plane/fleet/staleness.ts';
import { takeStockOfAll } from '../../control-plane/news/stock.ts';
import { SiteListener } from '../../control-plane/news/take-in.ts';
import { openStore, type Store } from '../../control-plane/store/store.ts';
import type { Clock } from '../../daemon/clock.ts';
import { contentFiles } from '../../daemon/content-files.ts';
import { bootId } from '../support/agent-client.ts';
import { addJoinedSite, firstHello } from '../support/joined-site.ts';
import { scratch } from '../support/scratch.ts';
import { siteState } from '../support/site-reports.ts';

const startMs = Date.UTC(2026, 10, 23);
const maxDelayMs = 5_000;

/** Tries of the model, and what each of them says. */
type Step =
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'look'; readonly healthy: boolean }
  | { readonly do: 'connect'; readonly beatFirst: boolean; readonly delayMs: number }
  | { readonly do: 'beat'; readonly delayMs: number }
  | { readonly do: 'step clock'; readonly ms: number }
  | { readonly do: 'break' }
  /** What is applied was looked at; nobody looks any more at whether it works. */
  | { readonly do: 'look at objects' }
  /** A copy of the machine is kept, and takes its place later: an agent that starts with what it knew then. */
  | { readonly do: 'copy' }
  | { readonly do: 'set back' }
  /** An agent with a fault says healthy, and that nobody ever looked. */
  | { readonly do: 'claim' };

const delayMs = fc.integer({ min: 0, max: maxDelayMs });
const steps = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1_000, 10_000, 31_000, 89_000, 3_600_000),
    }),
    fc.record({ do: fc.constant('look' as const), healthy: fc.boolean() }),
    fc.record({ do: fc.constant('connect' as const), beatFirst: fc.boolean(), delayMs }),
    fc.record({ do: fc.constant('beat' as const), delayMs }),
    fc.record({
      do: fc.constant('step clock' as const),
      ms: fc.constantFrom(-7_200_000, -60_000, -1_000, 1_000, 60_000, 7_200_000),
    }),
    fc.record({ do: fc.constant('break' as const) }),
    fc.record({ do: fc.constantFrom('claim', 'look at objects', 'copy', 'set back') }),
  ),
  { minLength: 4, maxLength: 40 },
);

interface World extends Clock {
  nowMs: number;
}

/** A site as it really is, and its agent as it behaves. Times of its own are by its own clock. */
class ModelSite {
  /** When somebody last looked and found all well, by the one true clock. */
  lastHealthyLookMs = Number.NEGATIVE_INFINITY;
  readonly #world: World;
  readonly #store: Store;
  readonly #siteId: string;
  #skewMs: number;
  #listener: SiteListener | undefined;
  #observedMs = 0;
  #said: boolean | undefined;
  #sequence = 0;
  #healthObservedMs = 0;
  #starts = 0;
  #copy: { readonly sequence: number; readonly said: boolean | undefined } | undefined;
  #unsent: (Pick<SiteState, 'healthy' | 'observedAtMs' | 'healthObservedAtMs'> & { sequence: number })[] = [];

  constructor(world: World, store: Store, { siteId, skewMs }: { siteId: string; skewMs: number }) {
    this.#world = world;
    this.#store = store;
    this.#siteId = siteId;
    this.#skewMs = skewMs;
  }

  take(step: Step): void {
    if (step.do === 'wait') this.#world.nowMs += step.ms;
    if (step.do === 'look') this.#look(step.healthy);
    if (step.do === 'claim') this.#claim();
    if (step.do === 'break') this.#listener = undefined;
    if (step.do === 'look at objects') this.#observedMs = this.#clock();
    if (step.do === 'copy' && this.#unsent.length === 0)
      this.#copy = { sequence: this.#sequence, said: this.#said };
    if (step.do === 'set back') this.#setBack();
    if (step.do === 'connect') this.#connect(step);
    if (step.do === 'beat' && this.#listener !== undefined) {
      this.#drain(this.#listener, step.delayMs);
      this.#beat(this.#listener, step.delayMs);
    }
    // A step that no heartbeat of the stream shows cannot be told from a look that is younger.
    if (step.do === 'step clock' && this.#listener !== undefined) this.#skewMs += step.ms;
  }

  #bootId(): string {
    return `${bootId.slice(0, -4)}${String(this.#starts).padStart(4, '0')}`;
  }

  #clock(): number {
    return this.#world.nowMs + this.#skewMs;
  }

  #setBack(): void {
    if (this.#copy === undefined) return;
    this.#listener = undefined;
    this.#starts += 1;
    this.#sequence = this.#copy.sequence;
    this.#said = this.#copy.said;
    this.#unsent = [];
    this.#observedMs = 0;
    this.#healthObservedMs = 0;
  }

  #look(healthy: boolean): void {
    this.#observedMs = this.#clock();
    this.#healthObservedMs = this.#observedMs;
    if (healthy) this.lastHealthyLookMs = this.#world.nowMs;
    if (healthy === this.#said) return;
    this.#said = healthy;
    this.#queue(healthy);
  }

  #claim(): void {
    this.#observedMs = this.#clock();
    this.#healthObservedMs = 0;
    this.#said = undefined;
    this.#queue(true);
  }

  #queue(healthy: boolean): void {
    const times = { observedAtMs: this.#observedMs, healthObservedAtMs: this.#healthObservedMs };
    this.#unsent = [{ sequence: (this.#sequence += 1), healthy, ...times }];
  }

  #connect({ beatFirst, delayMs }: { beatFirst: boolean; delayMs: number }): void {
    const listener = new SiteListener(this.#store, this.#siteId);
    this.#listener = listener;
    listener.hello({ ...firstHello, bootId: this.#bootId() }, this.#sequence, this.#world.nowMs);
    // Asked to report again, it does at its next look.
    if (listener.awaitsState && this.#unsent.length === 0) this.#said = undefined;
    if (beatFirst) this.#beat(listener, delayMs);
    this.#drain(listener, 0);
    if (!beatFirst) this.#beat(listener, delayMs);
  }

  #drain(listener: SiteListener, delayMs: number): void {
    const rows = this.#unsent.splice(0).map(({ sequence, ...said }) => {
      const state = siteState(said);
      return { bootId: this.#bootId(), sequence, content: { kind: 'state' as const, state } };
    });
    this.#world.nowMs += delayMs;
    if (rows.length > 0) listener.report(rows, this.#world.nowMs);
  }

  #beat(listener: SiteListener, delayMs: number): void {
    const sentAtMs = this.#clock();
    this.#world.nowMs += delayMs;
    const times = { sentAtMs, observedAtMs: this.#observedMs, healthObservedAtMs: this.#healthObservedMs };
    listener.heartbeat(times, this.#world.nowMs);
  }
}

function open(t: ExecutionContext) {
  const folder = scratch(t);
  const store = openStore(folder);
  t.teardown(() => void store[Symbol.asyncDispose]());
  const world: World = {
    nowMs: startMs,
    now: () => world.nowMs,
    monotonic: () => world.nowMs,
    sleep: () => Promise.resolve(),
  };
  const signals = {
    isConnected: () => true,
    connected: () => 0,
    wake: () => undefined,
    revoke: () => undefined,
  };
  const content = contentFiles(join(folder, 'content'));
  const alerts = { waiting: () => 0, failingForMs: () => 0 };
  return { folder, world, store, deps: { store, clock: world, signals, content, alerts } };
}

/** Every outlet's claim about the site; each must be a healthy look within three heartbeats, and words must fit. */
async function outlets({ store, deps }: Pick<ReturnType<typeof open>, 'store' | 'deps'>, siteId: string) {
  const row = store.fleet.find(siteId);
  if (row === undefined) throw new Error('the site is gone');
  const views = siteViews(deps);
  const [listed] = await views.list([row]);
  const detail = await siteDetail(deps, views, row);
  const metrics = createApiMetrics();
  fleetMetrics(metrics.registry)(deps);
  const text = await metrics.registry.metrics();
  const counted = Number(/^tre_sites_by_verdict\{word="healthy",news="true"\} (\d+)$/m.exec(text)?.[1]);
  return { verdicts: [listed?.verdict, detail.verdict], counted };
}

test('no outlet says healthy as news when nobody looked within three heartbeats', async (t) => {
  const opened = open(t);
  const { world, store } = opened;
  let runs = 0;
  let claims = 0;
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: -86_400_000, max: 86_400_000 }), async (course, skewMs) => {
      if (runs > 0) store.sites.remove(`site-${runs}`, world.nowMs);
      const siteId = `site-${(runs += 1)}`;
      addJoinedSite(store, siteId, startMs * 2);
      world.nowMs += 86_400_000;
      const site = new ModelSite(world, store, { siteId, skewMs });
      for (const step of course) {
        const before = store.events.newestId();
        site.take(step);
        takeStockOfAll(store, world.nowMs);
        const isTrue = world.nowMs - site.lastHealthyLookMs <= liveForMs + maxDelayMs;
        const { verdicts, counted } = await outlets(opened, siteId);
        for (const said of verdicts) {
          const claims_ = said?.word === 'healthy' && said.isNews;
          if (claims_ && !isTrue) return false;
          if (said?.word === 'healthy' && !said.isNews && !/^(was|last reported)/.test(said.text))
            return false;
          if (claims_) claims += 1;
        }
        if (counted > (isTrue ? 1 : 0)) return false;
        for (const event of store.events.after(siteId, before, 100)) {
          const { kind, code, facts, text } = eventView(event);
          if (kind !== 'health' || code !== 'healthy') continue;
          if (facts['isNews'] === true ? !isTrue : !/^(was|last reported)/.test(text)) return false;
        }
      }
      return true;
    }),
    { numRuns: 250 },
  );
  t.log(`${runs} courses, healthy was said as news ${claims} times`);
  t.true(claims > 100, 'a control plane that never says healthy would be of no use');
});

test('a machine that was set back to an old copy says nothing as news until it has told anew', async (t) => {
  const opened = open(t);
  addJoinedSite(opened.store, 'leeds', startMs * 2);
  const site = new ModelSite(opened.world, opened.store, { siteId: 'leeds', skewMs: 0 });
  const connect = { do: 'connect', beatFirst: false, delayMs: 0 } as const;
  const take = (...course: readonly Step[]) => course.forEach((step) => site.take(step));
  const said = async () => (await outlets(opened, 'leeds')).verdicts[0];
  take({ do: 'look', healthy: false }, connect, { do: 'copy' });
  take({ do: 'look', healthy: true }, { do: 'beat', delayMs: 0 });
  t.like(await said(), { word: 'healthy', isNews: true });
  take({ do: 'set back' }, { do: 'wait', ms: liveForMs * 2 }, { do: 'look', healthy: false }, connect);
  t.like(
    await said(),
    { word: 'healthy', isNews: false },
    'what it told before the copy it does not tell twice',
  );
  take({ do: 'look', healthy: false }, { do: 'beat', delayMs: 0 });
  t.like(await said(), { word: 'progressing', isNews: true });
});

test('a control plane restored from an old backup says nothing as news until the site has told anew', async (t) => {
  const opened = open(t);
  const { world, store } = opened;
  addJoinedSite(store, 'leeds', startMs * 2);
  const site = new ModelSite(world, store, { siteId: 'leeds', skewMs: 0 });
  const take = (course: readonly Step[]) => course.forEach((step) => site.take(step));
  take([
    { do: 'look', healthy: true },
    { do: 'connect', beatFirst: false, delayMs: 0 },
  ]);
  t.like((await outlets(opened, 'leeds')).verdicts[0], { word: 'healthy', isNews: true });
  await store[Symbol.asyncDispose]();
  const backup = scratch(t);
  cpSync(opened.folder, backup, { recursive: true });

  // Life goes on, and the site has told that it is not healthy; then the old copy takes the place of the database.
  const lived = openStore(opened.folder);
  const later = new ModelSite(world, lived, { siteId: 'leeds', skewMs: 0 });
  for (const step of [
    { do: 'look', healthy: true },
    { do: 'look', healthy: false },
    { do: 'connect', beatFirst: false, delayMs: 0 },
  ] as const)
    later.take(step);
  t.like((await outlets({ store: lived, deps: { ...opened.deps, store: lived } }, 'leeds')).verdicts[0], {
    word: 'progressing',
  });
  await lived[Symbol.asyncDispose]();

  await using restored = openStore(backup);
  const ask = async () =>
    (await outlets({ store: restored, deps: { ...opened.deps, store: restored } }, 'leeds')).verdicts[0];
  world.nowMs += liveForMs + 1;
  const listener = new SiteListener(restored, 'leeds');
  listener.hello(firstHello, 2, world.nowMs);
  const times = { sentAtMs: world.nowMs, observedAtMs: world.nowMs, healthObservedAtMs: world.nowMs };
  listener.heartbeat(times, world.nowMs);
  t.like(await ask(), { word: 'healthy', isNews: false });
  const state = siteState({
    healthy: false,
    health: [],
    observedAtMs: world.nowMs,
    healthObservedAtMs: world.nowMs,
  });
  listener.report([{ bootId, sequence: 3, content: { kind: 'state', state } }], world.nowMs);
  t.not((await ask())?.word, 'healthy');
});
