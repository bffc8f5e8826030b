// /metrics in the Prometheus text format. Series are bounded: no site has one of its own. Needs a viewer's token,
// because how many sites there are, and how many are away, is nobody else's business.
import { Counter, Gauge, Registry } from 'prom-client';
import { contactClass } from '../fleet/staleness.ts';
import type { App } from './app.ts';
import type { ApiDeps } from './deps.ts';

const classes = ['new', 'live', 'stale', 'offline', 'expired'] as const;

/** What others count; the rest is read when somebody asks. */
export interface ApiMetrics {
  readonly registry: Registry;
  reportRows(count: number): void;
  request(method: string, status: number): void;
}

export function createApiMetrics(): ApiMetrics {
  const registry = new Registry();
  const rows = new Counter({
    name: 'tre_report_rows_total',
    help: 'Rows of reports received for the first time.',
    registers: [registry],
  });
  const requests = new Counter({
    name: 'tre_http_requests_total',
    help: 'REST requests.',
    labelNames: ['method', 'status'],
    registers: [registry],
  });
  return {
    registry,
    reportRows: (count) => rows.inc(count),
    request: (method, status) => requests.inc({ method, status: `${Math.floor(status / 100)}xx` }),
  };
}

export function metricRoutes(app: App, deps: ApiDeps & { readonly metrics: ApiMetrics }): void {
  const { registry } = deps.metrics;
  const sites = new Gauge({
    name: 'tre_sites',
    help: 'Sites by the age of their news.',
    labelNames: ['class'],
    registers: [registry],
  });
  const streams = new Gauge({
    name: 'tre_streams',
    help: 'Sites with an open stream.',
    registers: [registry],
  });
  app.get('/metrics', {
    config: { role: 'viewer' },
    schema: { summary: 'Metrics in the Prometheus text format' },
    handler: async (_request, reply) => {
      for (const [name, count] of sitesByClass(deps)) sites.set({ class: name }, count);
      streams.set(deps.signals.connected());
      return reply.type(registry.contentType).send(await registry.metrics());
    },
  });
}

function sitesByClass({ store, clock }: ApiDeps): ReadonlyMap<string, number> {
  const counts = new Map<string, number>(classes.map((name) => [name, 0]));
  for (const { id } of store.sites.list()) {
    const contact = {
      lastContactMs: store.contacts.find(id)?.lastContactMs ?? null,
      leafNotAfterMs: store.devices.leafNotAfter(id),
    };
    const name = contactClass(contact, clock.now()) ?? 'new';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
