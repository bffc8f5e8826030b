// /healthz (the process answers) and /readyz (its database does too), for supervisors and load balancers: no token.
// Neither says anything about a site.
import { z } from 'zod';
import type { App } from './app.ts';
import type { ApiDeps } from './deps.ts';

export function healthRoutes(app: App, { store, version }: ApiDeps): void {
  const config = { role: 'anyone' } as const;
  app.get('/healthz', {
    config,
    schema: {
      summary: 'Is the process there',
      response: { 200: z.object({ alive: z.literal(true), version: z.string() }) },
    },
    handler: async () => ({ alive: true as const, version }),
  });
  app.get('/readyz', {
    config,
    schema: {
      summary: 'Can it work',
      response: { 200: z.object({ ready: z.literal(true), epoch: z.int() }) },
    },
    handler: async () => ({ ready: true as const, epoch: store.settings.epoch() }),
  });
}
