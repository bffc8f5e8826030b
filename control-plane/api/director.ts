// /v1/director: what a join file needs from the control plane besides its token: where agents dial, which CA they pin,
// which key signs their documents. All of it is public; the keyset is not here, for it is not ours to hand out.
import { z } from 'zod';
import type { App } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { digestField } from './fields.ts';

export function directorRoutes(app: App, { director, agentAddress, caDigest }: ApiDeps): void {
  app.get('/v1/director', {
    config: { role: 'viewer' },
    schema: {
      summary: 'Address, CA and director key for join files',
      response: {
        200: z.object({
          address: z.string().describe('host:port of the agents listener.'),
          caDigest: digestField,
          director: z.object({ name: z.string(), key: z.string().describe('Ed25519, raw, base64.') }),
        }),
      },
    },
    handler: async () => ({ address: agentAddress, caDigest, director: { ...director.publicKey } }),
  });
}
