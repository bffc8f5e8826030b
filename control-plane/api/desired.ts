// /v1/sites/:site/desired: what a site shall run. PUT replaces the wish as a whole and issues the next generation.
// Giving the same wish again issues a new document too: that is how one is renewed before it expires. A rollback is a new
// document as well: the release before this one, with the parameters that it had then. Going back again goes further
// back: what was left by a rollback is passed over, until somebody assigns it again.
import { z } from 'zod';
import { parseDesired } from '../../proto/document.ts';
import { decodeEnvelope } from '../../proto/envelope.ts';
import { TreError } from '../../proto/errors.ts';
import type { App } from './app.ts';
import { assign } from './assign.ts';
import type { ApiDeps } from './deps.ts';
import { parametersField, releaseOf, siteOf, siteParams, whyField } from './fields.ts';
import { desiredSchema } from './site-schema.ts';
import { desiredView } from './site-view.ts';

export function desiredRoutes(app: App, deps: ApiDeps): void {
  const { store } = deps;
  app.get('/v1/sites/:site/desired', {
    config: { role: 'viewer' },
    schema: {
      summary: 'The newest document of a site',
      params: siteParams,
      response: { 200: desiredSchema },
    },
    handler: async (request) => {
      const latest = store.desired.latest(siteOf(store, request.params).id);
      if (latest === undefined) throw new TreError('NOT_FOUND', 'No release was assigned to this site yet.');
      return desiredView(latest);
    },
  });
  app.put('/v1/sites/:site/desired', {
    config: { role: 'operator' },
    schema: {
      summary: 'Assign a release to a site',
      params: siteParams,
      body: z.object({
        release: z.string().max(200).describe('name@version, or the digest of the manifest.'),
        parameters: parametersField.default({}),
        why: whyField,
      }),
      response: { 200: desiredSchema },
    },
    handler: async (request) => {
      const { release, parameters, why } = request.body;
      const assignment = {
        site: siteOf(store, request.params),
        release: releaseOf(store, release),
        parameters,
        why: why ?? null,
      };
      return desiredView(await assign(deps, { ...assignment, who: request.who }));
    },
  });
  rollbackRoute(app, deps);
}

function rollbackRoute(app: App, deps: ApiDeps): void {
  const { store } = deps;
  app.post('/v1/sites/:site/rollback', {
    config: { role: 'operator' },
    schema: {
      summary:
        'Assign the release before this one again, with the parameters it had then; again and again goes further back',
      params: siteParams,
      body: z.object({ why: whyField }),
      response: { 201: desiredSchema },
    },
    handler: async (request, reply) => {
      const site = siteOf(store, request.params);
      const earlier = store.desired.beforeLatest(site.id);
      if (earlier === undefined) throw new TreError('NO_EARLIER_RELEASE');
      const { parameters } = parseDesired(decodeEnvelope(earlier.envelope).payload);
      const release = releaseOf(store, earlier.releaseDigest);
      const decision = { who: request.who, why: request.body.why ?? null, backTo: earlier };
      const row = await assign(deps, { site, release, parameters, ...decision });
      return reply.code(201).send(desiredView(row));
    },
  });
}
