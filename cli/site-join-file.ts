// `trectl site join-file`: everything a machine needs to become a site, in one 0600 file. Assembled here, on the
// author's machine: token, address, CA digest and director key come from the control plane, the keyset from a local
// file, so that a control plane can never choose whose signatures a site trusts.

import { type Command, InvalidArgumentError } from 'commander';
import { type JoinFile, parseJoinFile } from '../proto/join-file.ts';
import { readKeyset } from '../release/keys.ts';
import { type CommandContext, group } from './context.ts';
import { refuse } from './failure.ts';
import { minuteText } from './moments.ts';
import { connect } from './server.ts';
import { whyOption } from './why.ts';

interface JoinFileOptions {
  readonly keyset: string;
  readonly out?: string;
  readonly hours: number;
  readonly why?: string;
}

const maxHours = 24;

export function registerSiteJoinFile(program: Command, context: CommandContext): void {
  group(program, 'site', 'sites and what they run')
    .command('join-file')
    .argument('<site>', 'name or id')
    .description('write the file with which one machine becomes this site')
    .requiredOption('--keyset <file>', 'the release keys that the site shall trust, made by `trectl key set`')
    .option('--out <file>', 'where to write it (default: SITE.join.json)')
    .option('--hours <n>', 'how long it may be used, 24 at most', hoursOf, maxHours)
    .addOption(whyOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ trectl site join-file leeds --keyset keyset.json --out leeds.join.json',
    )
    .action((site: string, options: JoinFileOptions) => writeJoinFile(context, site, options));
}

async function writeJoinFile(context: CommandContext, site: string, options: JoinFileOptions): Promise<void> {
  const keyset = await readKeyset(context.files, options.keyset);
  if (!keyset.ok) return refuse(context, [keyset.problem]);
  using client = await connect(context);
  const { address, caDigest, director } = await client.call<
    Pick<JoinFile, 'address' | 'caDigest' | 'director'>
  >('GET', '/v1/director');
  const lifeSeconds = Math.round(options.hours * 3600);
  const made = await client.call<{ siteId: string; siteName: string; token: string; expiresAt: string }>(
    'POST',
    `/v1/sites/${encodeURIComponent(site)}/join-token`,
    { lifeSeconds, why: options.why },
  );
  const { siteId, siteName, token, expiresAt } = made;
  const file: JoinFile = {
    type: 'tre.join/v1',
    siteId,
    siteName,
    address,
    caDigest,
    token,
    director,
    keyset: keyset.value,
  };
  const bytes = Buffer.from(`${JSON.stringify(file, undefined, 2)}\n`, 'utf8');
  parseJoinFile(bytes);
  const path = options.out ?? `${siteName}.join.json`;
  await context.files.writeAtomic(path, bytes, { mode: 0o600 });
  context.out(
    `${path}: one machine can become ${siteName} with it, once, until ${minuteText(expiresAt)}. It holds a secret.`,
  );
  context.out(
    `Next: on that machine, tre-agent run --join ${path}; then here, trectl site approve ${siteName}.`,
  );
}

function hoursOf(text: string): number {
  const hours = Number(text);
  if (!(hours >= 0.1 && hours <= maxHours))
    throw new InvalidArgumentError(`It must be a number of hours, ${maxHours} at most.`);
  return hours;
}
