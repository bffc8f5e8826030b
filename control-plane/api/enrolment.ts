// /v1/sites/:site/join-token, /approve and /revoke: the operator's half of a site's identity.
// The machine's half is the enrolment service; what is decided is in trust/approval.ts.
import { z } from 'zod';
import { approveMachine, issueJoinToken, maxJoinTokenLifeMs, revokeSite } from '../trust/approval.ts';
import type { App } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { siteOf, siteParams, timeField, timeText, whyField } from './fields.ts';
import { take } from './problem.ts';

const maxLifeSeconds = maxJoinTokenLifeMs / 1000;

export function enrolmentRoutes(app: App, deps: ApiDeps): void {
  app.post('/v1/sites/:site/join-token', {
    config: { role: 'operator' },
    schema: {
      summary: 'A new join token; it is shown here once and usable once',
      params: siteParams,
      body: z.object({
        lifeSeconds: z.int().min(1).max(maxLifeSeconds).default(maxLifeSeconds),
        why: whyField,
      }),
      response: {
        201: z.object({ siteId: z.string(), siteName: z.string(), token: z.string(), expiresAt: timeField }),
      },
    },
    handler: async (request, reply) => {
      const site = siteOf(deps.store, request.params);
      const { lifeSeconds, why } = request.body;
      const issued = take(
        issueJoinToken(deps, site.id, { who: request.who, why: why ?? null, lifeMs: lifeSeconds * 1000 }),
      );
      const { token, expiresAtMs } = issued;
      return reply
        .code(201)
        .send({ siteId: site.id, siteName: site.name, token, expiresAt: timeText(expiresAtMs) });
    },
  });
  approveRoute(app, deps);
  revokeRoute(app, deps);
}

function approveRoute(app: App, deps: ApiDeps): void {
  app.post('/v1/sites/:site/approve', {
    config: { role: 'operator' },
    schema: {
      summary: 'Approve the waiting machine that shows these six words',
      params: siteParams,
      body: z.object({ fingerprint: z.string().max(100).describe('The six words.'), why: whyField }),
      response: {
        200: z.object({
          agent: z.int().describe('1 for the first machine of the site.'),
          fingerprint: z.string(),
        }),
      },
    },
    handler: async (request) => {
      const site = siteOf(deps.store, request.params);
      const { fingerprint, why } = request.body;
      const decision = { who: request.who, why: why ?? null, fingerprint };
      const approved = take(approveMachine(deps, site.id, decision));
      // A machine that was this site until now may be connected.
      deps.signals.revoke(site.id);
      return approved;
    },
  });
}

function revokeRoute(app: App, deps: ApiDeps): void {
  app.post('/v1/sites/:site/revoke', {
    config: { role: 'operator' },
    schema: {
      summary: 'Withdraw the identity of a site; what runs there goes on',
      params: siteParams,
      body: z.object({ why: whyField }),
      response: { 200: z.object({ revokedAt: z.string() }) },
    },
    handler: async (request) => {
      const site = siteOf(deps.store, request.params);
      revokeSite(deps, site.id, { who: request.who, why: request.body.why ?? null });
      deps.signals.revoke(site.id);
      return { revokedAt: timeText(deps.store.sites.find(site.id)?.revokedAtMs ?? deps.clock.now()) };
    },
  });
}
