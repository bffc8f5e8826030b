// `trectl login`: remembers a control plane, its CA and this person's token, after trying all three.
// Nothing is kept of an attempt that fails; the file is this user's alone.

import type { Command } from 'commander';
import { TreError } from '../proto/errors.ts';
import type { CommandContext } from './context.ts';
import { isToken, restClient, type Server } from './rest.ts';
import { saveServer } from './server.ts';

interface LoginOptions {
  readonly server: string;
  readonly ca: string;
  readonly tokenFile: string;
}

export function registerLogin(program: Command, context: CommandContext): void {
  program
    .command('login')
    .description('remember a control plane and your token')
    .requiredOption('--server <url>', 'https://host:port of the control plane')
    .requiredOption('--ca <file>', 'its CA certificate (trust/ca.pem of its data folder)')
    .requiredOption('--token-file <file>', 'a file with your operator token')
    .addHelpText(
      'after',
      '\nExample:\n  $ trectl login --server https://tre.example.org:8443 --ca ca.pem --token-file operator-token',
    )
    .action((options: LoginOptions) => login(context, options));
}

async function login(context: CommandContext, options: LoginOptions): Promise<void> {
  const server: Server = {
    url: serverUrl(options.server),
    ca: await text(context, options.ca),
    token: (await text(context, options.tokenFile)).trim(),
  };
  if (!server.ca.includes('-----BEGIN CERTIFICATE-----'))
    throw new TreError('FILE_UNREADABLE', `${options.ca} holds no certificate.`);
  if (!isToken(server.token)) throw new TreError('FILE_UNREADABLE', `${options.tokenFile} holds no token.`);
  using client = restClient(server, context.signal);
  await client.call('GET', '/v1/director');
  const path = await saveServer(context, server);
  context.out(`Logged in to ${server.url}; kept in ${path}.`);
}

function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:') throw new TreError('PLAIN_HTTP', `${text} is not an https:// address.`);
  if (url?.protocol !== 'https:' || url.pathname !== '/')
    throw new TreError('USAGE', `${text} is not an address such as https://host:8443.`);
  return url.origin;
}

async function text(context: CommandContext, path: string): Promise<string> {
  const bytes = await context.files.read(path);
  if (bytes === undefined) throw new TreError('FILE_UNREADABLE', `There is no file ${path}.`);
  return new TextDecoder().decode(bytes);
}
