// /v1/sites/:site/desired: what a site shall run. PUT replaces the wish as a whole and issues the next generation.
// Giving the same wish again issues a new document too: that is how one is renewed before it expires.
import { z } from 'zod';
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
}
