// /v1/sites: create, list, show, rename, label, delete.
// Identity, events and desired documents of a site have files of their own.
import { z } from 'zod';
import { TreError } from '../../proto/errors.ts';
import { hasLabels, type LabelWish, readLabelWish } from '../fleet/labels.ts';
import type { FleetRow } from '../store/fleet-rows.ts';
import type { SiteRow } from '../store/sites.ts';
import type { App } from './app.ts';
import { changeSite, deleteSite, demandFreeName } from './change-site.ts';
import type { ApiDeps } from './deps.ts';
import { siteNameField, siteOf, siteParams, whyField } from './fields.ts';
import { siteDetail } from './site-detail.ts';
import { siteDetailSchema, siteSchema } from './site-schema.ts';
import { type SiteViews, siteViews } from './site-view.ts';

export function siteRoutes(app: App, deps: ApiDeps): void {
  const views = siteViews(deps);
  readRoutes(app, deps, views);
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
      return reply.code(201).send(await views.one(rowOf(deps, site)));
    },
  });
  changeRoutes(app, deps, views);
}

function changeRoutes(app: App, deps: ApiDeps, views: SiteViews): void {
  app.patch('/v1/sites/:site', {
    config: { role: 'operator' },
    schema: {
      summary: 'Rename a site, set and remove its labels',
      params: siteParams,
      body: z.object({
        name: siteNameField.optional(),
        labels: z
          .record(z.string().max(320), z.string().max(256).nullable())
          .optional()
          .describe('null removes a label; those that are not named stay.'),
        why: whyField,
      }),
      response: { 200: siteSchema },
    },
    handler: async (request) => {
      const site = siteOf(deps.store, request.params);
      const { name, labels = {}, why = null } = request.body;
      changeSite(deps, site, { name: name ?? site.name, labels, who: request.who, why });
      return views.one(rowOf(deps, site));
    },
  });
  app.delete('/v1/sites/:site', {
    config: { role: 'operator' },
    schema: {
      summary: 'Delete a site; its events and the audit stay, its name is free again',
      params: siteParams,
      querystring: z.object({ why: whyField }),
      response: { 204: z.null() },
    },
    handler: async (request, reply) => {
      const site = siteOf(deps.store, request.params);
      deleteSite(deps, site, { who: request.who, why: request.query.why ?? null });
      deps.signals.revoke(site.id);
      return reply.code(204).send(null);
    },
  });
}

function readRoutes(app: App, deps: ApiDeps, views: SiteViews): void {
  const { store } = deps;
  app.get('/v1/sites', {
    config: { role: 'viewer' },
    schema: {
      summary: 'List all sites, or those with these labels',
      querystring: z.object({
        label: z
          .union([z.string(), z.array(z.string()).max(32)])
          .default([])
          .describe('key=value, or key for any value; may be given several times, all must fit.'),
      }),
      response: { 200: z.object({ sites: z.array(siteSchema).readonly() }) },
    },
    // The type of what is sent is made from the schema; to check a thousand sites again would take as long as making them.
    serializerCompiler: () => JSON.stringify,
    handler: async (request) => {
      const wishes = [request.query.label].flat().map(labelWish);
      const rows = store.fleet.list().filter(({ labels }) => hasLabels(labels, wishes));
      return { sites: await views.list(rows) };
    },
  });
  app.get('/v1/sites/:site', {
    config: { role: 'viewer' },
    schema: { summary: 'Show a site', params: siteParams, response: { 200: siteDetailSchema } },
    handler: async (request) => siteDetail(deps, views, rowOf(deps, siteOf(store, request.params))),
  });
}

function labelWish(text: string): LabelWish {
  const wish = readLabelWish(text);
  if (wish === undefined) throw new TreError('LABEL_INVALID', `${text} is neither key=value nor key.`);
  return wish;
}

function rowOf({ store }: ApiDeps, { id, name }: SiteRow): FleetRow {
  const row = store.fleet.find(id);
  if (row === undefined) throw new TreError('SITE_UNKNOWN', `There is no site ${name}.`);
  return row;
}

function createSite(
  { store, clock, random }: ApiDeps,
  { name, who, why }: { name: string; who: string; why: string | null },
) {
  return store.transaction(() => {
    demandFreeName(store, name);
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
