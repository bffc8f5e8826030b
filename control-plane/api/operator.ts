// Who asks: a bearer token, hashed and compared in constant time, and the role that the route demands.
// A route that names no role demands operator, so that a forgotten line closes a door instead of opening one.
import { TreError } from '../../proto/errors.ts';
import type { OperatorTokenTable, Role } from '../store/operator-tokens.ts';
import { hashOf, sameHash } from '../trust/secret.ts';
import type { App } from './app.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route; `anyone` needs no token. */
    readonly role?: Role | 'anyone';
  }
  interface FastifyRequest {
    /** Name of the token, for the audit; empty on routes for anyone. */
    who: string;
  }
}

/** Puts the check before every route. */
export function demandTokens(app: App, tokens: OperatorTokenTable): void {
  app.decorateRequest('who', '');
  app.addHook('onRequest', async (request) => {
    // An unknown path has no config and answers 404 to anyone; there is nothing behind it.
    const role = request.is404 ? 'anyone' : (request.routeOptions.config.role ?? 'operator');
    if (role !== 'anyone')
      request.who = authorised(tokens, { authorization: request.headers.authorization, role });
  });
}

function authorised(
  tokens: OperatorTokenTable,
  { authorization, role }: { authorization: string | undefined; role: Role },
): string {
  const [, secret] = /^Bearer ([\w.~+/-]+=*)$/i.exec(authorization ?? '') ?? [];
  if (secret === undefined) throw new TreError('UNAUTHENTICATED');
  const hash = hashOf(secret);
  const token = tokens.findByHash(hash);
  if (token === undefined || !sameHash(token.hash, hash)) throw new TreError('UNAUTHENTICATED');
  if (role === 'operator' && token.role !== 'operator')
    throw new TreError('FORBIDDEN', `The token ${token.name} has the role ${token.role}.`);
  return token.name;
}
