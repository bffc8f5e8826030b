// /metrics in the Prometheus text format. Series are bounded: no site has one of its own, and what says how sites are
// says beside it whether that is news. Needs a viewer's token, because how many sites there are, and how many are away,
// is nobody else's business. What is read when somebody asks is in fleet-metrics.ts.
import { Counter, Histogram, Registry } from 'prom-client';
import { z } from 'zod';
import type { App } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { fleetMetrics } from './fleet-metrics.ts';

/** What others count; the rest is read when somebody asks. */
export interface ApiMetrics {
  readonly registry: Registry;
  /** Rows received for the first time, and how old each state among them was. */
  readonly reportRows: (count: number, statesOldMs: readonly number[]) => void;
  request(method: string, status: number): void;
  readonly alert: (outcome: AlertOutcome) => void;
}

export type AlertOutcome = 'taken' | 'failed' | 'given-up';

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const delayBucketsSeconds = [0.1, 0.5, 1, 5, 15, 30, 90, 900, 3600, 86_400];

export function createApiMetrics(): ApiMetrics {
  const registry = new Registry();
  const registers = [registry];
  const rows = new Counter({
    name: 'tre_report_rows_total',
    help: 'Rows of reports received for the first time.',
    registers,
  });
  const delay = new Histogram({
    name: 'tre_report_delay_seconds',
    help: 'From the look at a site to the arrival of the state it gave, as far as the clock of the site is known.',
    buckets: delayBucketsSeconds,
    registers,
  });
  const requests = new Counter({
    name: 'tre_http_requests_total',
    help: 'REST requests.',
    labelNames: ['method', 'status'],
    registers,
  });
  const alerts = new Counter({
    name: 'tre_alerts_total',
    help: 'Alerts by what became of them; failed is each trial.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of ['taken', 'failed', 'given-up']) alerts.inc({ outcome }, 0);
  return {
    registry,
    reportRows(count, statesOldMs) {
      rows.inc(count);
      for (const ms of statesOldMs) delay.observe(ms / 1000);
    },
    request: (method, status) =>
      requests.inc({
        method: knownMethods.has(method) ? method : 'other',
        status: `${Math.floor(status / 100)}xx`,
      }),
    alert: (outcome) => alerts.inc({ outcome }),
  };
}

export function metricRoutes(app: App, deps: ApiDeps & { readonly metrics: ApiMetrics }): void {
  const { registry } = deps.metrics;
  const read = fleetMetrics(registry);
  app.get('/metrics', {
    config: { role: 'viewer' },
    schema: {
      summary: 'Metrics in the Prometheus text format',
      response: { 200: { description: 'Metrics', content: { 'text/plain': { schema: z.string() } } } },
    },
    handler: async (_request, reply) => {
      read(deps);
      return reply.type(registry.contentType).send(await registry.metrics());
    },
  });
}
