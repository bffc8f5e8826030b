// /v1/sites: create, list, show.
// Identity, events and desired documents of a site have files of their own.
import { z } from 'zod';
import { TreError } from '../../proto/errors.ts';
import type { App } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { siteNameField, siteOf, siteParams, whyField } from './fields.ts';
import { siteDetailSchema, siteSchema } from './site-schema.ts';
import { siteDetail, siteView } from './site-view.ts';

export function siteRoutes(app: App, deps: ApiDeps): void {
  const { store } = deps;
  app.post('/v1/sites', {
    config: { role: 'operator' },
    schema: {
      summary: 'Create a site',
      body: z.object({ name: siteNameField, why: whyField }),
      response: { 201: siteSchema },
    },
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
}

function createSite(
  { store, clock, random }: ApiDeps,
  { name, who, why }: { name: string; who: string; why: string | null },
) {
  return store.transaction(() => {
    if (store.sites.find(name) !== undefined)
      throw new TreError('SITE_NAME_TAKEN', `There is a site ${name} already.`);
    const site = { id: random.uuid7(), name, createdAtMs: clock.now(), revokedAtMs: null };
    store.sites.add(site);
    store.audit.append({
      atMs: site.createdAtMs,
      who,
      what: 'site.create',
      subject: site.id,
      why,
      digest: null,
    });
    return site;
  });
}
