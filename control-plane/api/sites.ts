// /v1/sites: create, list, show, events, and withdraw the identity.
import { z } from 'zod';
import { TreError } from '../../proto/errors.ts';
import { revokeSite } from '../trust/approval.ts';
import type { App } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { siteNameField, siteOf, siteParams, timeText, whyField } from './fields.ts';
import { siteDetailSchema, siteSchema } from './site-schema.ts';
import { siteDetail, siteView } from './site-view.ts';
import { siteEventSchema, siteEventView } from './event-view.ts';

export function siteRoutes(app: App, deps: ApiDeps): void {
  const { store } = deps;
  app.post('/v1/sites', {
    config: { role: 'operator' },
    schema: { summary: 'Create a site', body: z.object({ name: siteNameField, why: whyField }), response: { 201: siteSchema } },
    handler: async (request, reply) => {
      const { name, why } = request.body;
      const site = createSite(deps, { name, who: request.who, why: why ?? null });
      return reply.code(201).send(siteView(deps, site));
    },
  });
  app.get('/v1/sites', {
    config: { role: 'viewer' },
    schema: { summary: 'List all sites', response: { 200: z.object({ sites: z.array(siteSchema) }) } },
    handler: async () => ({ sites: store.sites.list().map((site) => siteView(deps, site)) }),
  });
  app.get('/v1/sites/:site', {
    config: { role: 'viewer' },
    schema: { summary: 'Show a site', params: siteParams, response: { 200: siteDetailSchema } },
    handler: async (request) => siteDetail(deps, siteOf(store, request.params)),
  });
  app.get('/v1/sites/:site/events', {
    config: { role: 'viewer' },
    schema: {
      summary: 'Refusals and results of runs that the site reported, oldest first',
      params: siteParams,
      querystring: z.object({
        after: z.coerce.number().int().min(0).default(0).describe('Id of the last event already seen.'),
        limit: z.coerce.number().int().min(1).max(1000).default(100),
      }),
      response: { 200: z.object({ events: z.array(siteEventSchema) }) },
    },
    handler: async (request) => {
      const { after, limit } = request.query;
      return { events: store.events.after(siteOf(store, request.params).id, after, limit).map(siteEventView) };
    },
  });
  app.post('/v1/sites/:site/revoke', {
    config: { role: 'operator' },
    schema: {
      summary: 'Withdraw the identity of a site; what runs there goes on',
      params: siteParams,
      body: z.object({ why: whyField }),
      response: { 200: z.object({ revokedAt: z.string() }) },
    },
    handler: async (request) => {
      const site = siteOf(store, request.params);
      revokeSite(deps, site.id, { who: request.who, why: request.body.why ?? null });
      deps.signals.revoke(site.id);
      return { revokedAt: timeText(store.sites.find(site.id)?.revokedAtMs ?? deps.clock.now()) };
    },
  });
}

function createSite({ store, clock, random }: ApiDeps, { name, who, why }: { name: string; who: string; why: string | null }) {
  return store.transaction(() => {
    if (store.sites.find(name) !== undefined) throw new TreError('SITE_NAME_TAKEN', `There is a site ${name} already.`);
    const site = { id: random.uuid7(), name, createdAtMs: clock.now(), revokedAtMs: null };
    store.sites.add(site);
    store.audit.append({ atMs: site.createdAtMs, who, what: 'site.create', subject: site.id, why, digest: null });
    return site;
  });
}
