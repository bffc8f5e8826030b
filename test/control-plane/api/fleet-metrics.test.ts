// The gauges of the fleet: how many sites are how, never which; a fixed number of series, whatever there is.

import test, { type ExecutionContext } from 'ava';
import { fleetMetrics } from '../../../control-plane/api/fleet-metrics.ts';
import { createApiMetrics } from '../../../control-plane/api/metrics.ts';
import type { SiteState } from '../../../control-plane/fleet/site-report.ts';
import { liveForMs } from '../../../control-plane/fleet/staleness.ts';
import { SiteListener } from '../../../control-plane/news/take-in.ts';
import { openStore } from '../../../control-plane/store/store.ts';
import { bootId } from '../../support/agent-client.ts';
import { addJoinedSite, firstHello } from '../../support/joined-site.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { scratch } from '../../support/scratch.ts';
import { siteState, withConditions } from '../../support/site-reports.ts';

function open(t: ExecutionContext) {
  const store = openStore(scratch(t));
  t.teardown(() => void store[Symbol.asyncDispose]());
  const clock = manualClock();
  const signals = {
    isConnected: () => true,
    connected: () => 7,
    wake: () => undefined,
    revoke: () => undefined,
  };
  const alerts = { waiting: () => 3, failingForMs: () => 1_500 };
  const { registry } = createApiMetrics();
  const read = fleetMetrics(registry);
  const scrape = async () => {
    read({ store, clock, signals, alerts });
    const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('tre_'));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), line.split(' ').at(-1)]));
  };
  const report = (id: string, state: Partial<SiteState>) => {
    addJoinedSite(store, id, clock.now() + 86_400_000);
    const listener = new SiteListener(store, id);
    const times = { observedAtMs: clock.now(), healthObservedAtMs: clock.now() };
    listener.hello(firstHello, 1, clock.now());
    const content = { kind: 'state', state: siteState({ ...times, ...state }) } as const;
    listener.report([{ bootId, sequence: 1, content }], clock.now());
    listener.heartbeat({ sentAtMs: clock.now(), ...times }, clock.now());
  };
  return { store, clock, scrape, report };
}

test('what sites say is counted, and what is no longer news is counted apart', async (t) => {
  const { store, clock, scrape, report } = open(t);
  report('old', { drifted: true });
  await clock.advance(liveForMs + 1);
  report('well', {});
  report('held', {
    applied: false,
    hold: { sinceMs: 1, untilMs: 2 },
    ...withConditions('HeldOnSite', 'DiskLow'),
  });
  store.contacts.refused('held', { generation: 2, code: 'SITE_HELD' });
  report('gone', { drifted: true, ...withConditions('DiskLow') });
  store.contacts.refused('gone', { generation: 2, code: 'SITE_HELD' });
  store.sites.revoke('gone', clock.now());
  store.sites.add({ id: 'new', name: 'new', createdAtMs: 1 });

  const seen = await scrape();
  const shown = [...seen].filter(
    ([name, value]) => value !== '0' && /^tre_(sites|alerts_|streams)/.test(name),
  );
  t.deepEqual(Object.fromEntries(shown.filter(([name]) => !name.startsWith('tre_alerts_total'))) as unknown, {
    'tre_sites{class="new"}': '1',
    'tre_sites{class="live"}': '2',
    'tre_sites{class="stale"}': '1',
    'tre_sites{class="withdrawn"}': '1',
    'tre_sites_by_verdict{word="healthy",news="true"}': '1',
    'tre_sites_by_verdict{word="progressing",news="true"}': '1',
    'tre_sites_by_verdict{word="new",news="true"}': '1',
    'tre_sites_by_verdict{word="healthy",news="false"}': '1',
    'tre_sites_reporting{fact="applied",news="true"}': '1',
    'tre_sites_reporting{fact="held",news="true"}': '1',
    'tre_sites_reporting{fact="applied",news="false"}': '1',
    'tre_sites_reporting{fact="drifted",news="false"}': '1',
    'tre_sites_with_condition{code="HeldOnSite"}': '1',
    'tre_sites_with_condition{code="DiskLow"}': '1',
    tre_sites_refusing: '1',
    tre_streams: '7',
    tre_alerts_waiting: '3',
    tre_alerts_failing_seconds: '1.5',
  });
});

test('the number of series is that of an empty fleet, and what is over is 0 again', async (t) => {
  const { store, scrape, report } = open(t);
  const empty = await scrape();
  report('leeds', withConditions('NotHealthy', 'Drifted'));
  const full = await scrape();
  t.deepEqual([...full.keys()].sort(), [...empty.keys()].sort());
  t.is(full.get('tre_sites_with_condition{code="NotHealthy"}'), '1');
  store.sites.remove('leeds', 1);
  const after = await scrape();
  t.is(after.get('tre_sites_with_condition{code="NotHealthy"}'), '0');
  t.is(after.get('tre_sites{class="live"}'), '0');
});
