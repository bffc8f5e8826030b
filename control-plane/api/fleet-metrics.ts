// The gauges that are read from the database when somebody asks: how many sites are how, and how far events and alerts
// have come. Every combination of labels stands there from the first scrape on, so the number of series is fixed.
// Called by metrics.ts.
import { Gauge, type Registry } from 'prom-client';
import { type ConditionCode, conditions } from '../../proto/conditions.ts';
import { verdictWords } from '../fleet/verdict.ts';
import { type Stock, stockOf } from '../news/stock.ts';
import type { FleetRow } from '../store/fleet-rows.ts';
import type { ApiDeps } from './deps.ts';

const classes = ['new', 'live', 'stale', 'offline', 'expired', 'withdrawn'] as const;
const facts = ['applied', 'drifted', 'held'] as const;
const isNewsWords = ['true', 'false'] as const;

type MetricDeps = Pick<ApiDeps, 'store' | 'clock' | 'signals' | 'alerts'>;

/** Declares them; the answer reads them all anew. */
export function fleetMetrics(registry: Registry): (deps: MetricDeps) => void {
  const gauges = declare(registry);
  return (deps) => {
    const nowMs = deps.clock.now();
    const counts = countSites(deps.store.fleet.list().map((row) => [row, stockOf(row, nowMs)]));
    for (const name of classes) gauges.sites.set({ class: name }, counts.of(`class ${name}`));
    for (const news of isNewsWords) {
      for (const word of verdictWords) gauges.verdicts.set({ word, news }, counts.of(`${word} ${news}`));
      for (const fact of facts) gauges.facts.set({ fact, news }, counts.of(`${fact} ${news}`));
    }
    for (const code of Object.keys(conditions)) gauges.conditions.set({ code }, counts.of(`code ${code}`));
    gauges.streams.set(deps.signals.connected());
    gauges.refusals.set(counts.of('refused'));
    gauges.newestEvent.set(deps.store.events.newestId());
    gauges.alertQueue.set(deps.alerts.waiting());
    gauges.alertDelay.set(deps.alerts.failingForMs() / 1000);
    const { user, system } = process.cpuUsage();
    gauges.cpu.set((user + system) / 1e6);
    gauges.memory.set(process.memoryUsage.rss());
  };
}

function declare(registry: Registry) {
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge<Label>({ name, help, labelNames, registers: [registry] });
  return {
    sites: gauge('tre_sites', 'Sites by the age of their news.', ['class']),
    verdicts: gauge(
      'tre_sites_by_verdict',
      'Sites by how they are (news="true") or were when last heard of (news="false").',
      ['word', 'news'],
    ),
    facts: gauge('tre_sites_reporting', 'Sites whose last report says so, by whether that is news.', [
      'fact',
      'news',
    ]),
    conditions: gauge('tre_sites_with_condition', 'Sites whose last report has the condition.', ['code']),
    refusals: gauge('tre_sites_refusing', 'Sites that refused what was last offered to them.'),
    streams: gauge('tre_streams', 'Sites with an open stream.'),
    newestEvent: gauge(
      'tre_events_newest_id',
      'Id of the newest event; less that of a reader it is its lag.',
    ),
    alertQueue: gauge('tre_alerts_waiting', 'Alerts that the target has not taken yet.'),
    alertDelay: gauge('tre_alerts_failing_seconds', 'How long the target has not taken the next alert.'),
    cpu: gauge('process_cpu_seconds_total', 'Processor time used by this process.'),
    memory: gauge('process_resident_memory_bytes', 'Memory used by this process.'),
  };
}

function countSites(rows: readonly (readonly [FleetRow, Stock])[]) {
  const counts = new Map<string, number>();
  for (const [row, stock] of rows)
    for (const key of keysOf(row, stock)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return { of: (key: string) => counts.get(key) ?? 0 };
}

function keysOf(
  { site, known, contact }: FleetRow,
  { contact: contactClass, verdict }: Stock,
): readonly string[] {
  // Its last report stays as it is for ever; nobody is to be called for that.
  if (site.revokedAtMs !== null) return ['class withdrawn'];
  const isNews = String(verdict.isNews);
  const keys = [`class ${contactClass ?? 'new'}`, `${verdict.word} ${isNews}`];
  if ((contact?.refusedCode ?? null) !== null) keys.push('refused');
  if (known === null) return keys;
  const { applied, drifted, hold } = known.state;
  const held = { applied, drifted, held: hold !== null };
  keys.push(...facts.filter((fact) => held[fact]).map((fact) => `${fact} ${isNews}`));
  keys.push(...known.state.conditions.map(({ code }: { code: ConditionCode }) => `code ${code}`));
  return keys;
}
