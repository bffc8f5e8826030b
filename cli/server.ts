// Which control plane this user is logged in to: login.json (0600) in ~/.config/tre, or in $XDG_CONFIG_HOME/tre.
// Written by `trectl login`, read by every command for operators.

import { join } from 'node:path';
import { userFolders } from '../daemon/config.ts';
import { TreError } from '../proto/errors.ts';
import type { CommandContext } from './context.ts';
import { isToken, type RestClient, restClient, type Server } from './rest.ts';

function loginPath(context: CommandContext): string {
  return join(userFolders(context.environment).configHome, 'tre', 'login.json');
}

/** Keeps a login, in place of the one before. */
export async function saveServer(context: CommandContext, server: Server): Promise<string> {
  const path = loginPath(context);
  await context.files.mkdir(join(path, '..'));
  await context.files.writeAtomic(path, `${JSON.stringify(server, undefined, 2)}\n`, { mode: 0o600 });
  return path;
}

/** A client for the control plane of the login. Throws TreError UNAUTHENTICATED without one. */
export async function connect(context: CommandContext): Promise<RestClient> {
  const path = loginPath(context);
  const bytes = await context.files.read(path);
  if (bytes === undefined)
    throw new TreError('UNAUTHENTICATED', `You are not logged in: there is no ${path}.`);
  return restClient(readServer(path, bytes), context.signal);
}

/** What a login file says; `path` is for the words. Throws TreError UNAUTHENTICATED. */
export function readServer(path: string, bytes: Uint8Array): Server {
  try {
    const { url, ca, token } = JSON.parse(new TextDecoder().decode(bytes)) as Record<keyof Server, unknown>;
    const areTexts = typeof url === 'string' && typeof ca === 'string' && typeof token === 'string';
    if (areTexts && URL.canParse(url) && isToken(token)) return { url, ca, token };
  } catch {
    // Said below: a damaged file and one of another form need the same answer.
  }
  throw new TreError('UNAUTHENTICATED', `${path} is damaged.`);
}
