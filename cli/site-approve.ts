// `trectl site approve`: says that the machine which shows these six words is the site. Without words it shows those
// of the machines that wait, to be compared with what the person on site reads.

import type { Command } from 'commander';
import { TreError } from '../proto/errors.ts';
import type { SiteDetailAnswer } from './answers.ts';
import { type CommandContext, exitCodes, group } from './context.ts';
import { minuteText } from './moments.ts';
import type { RestClient } from './rest.ts';
import { connect } from './server.ts';
import { whyOption } from './why.ts';

interface ApproveOptions {
  readonly fingerprint?: string;
  readonly yes?: boolean;
  readonly why?: string;
}

export function registerSiteApprove(program: Command, context: CommandContext): void {
  group(program, 'site', 'sites and what they run')
    .command('approve')
    .argument('<site>', 'name or id')
    .description('approve the machine that waits to become this site')
    .option('--fingerprint <words>', 'the six words that the person on site reads out')
    .option('--yes', 'approve the only one that waits, without comparing')
    .addOption(whyOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ trectl site approve leeds --fingerprint lusab-babad-gutih-tugad-mudof-sakat',
    )
    .action((site: string, options: ApproveOptions) => approve(context, site, options));
}

async function approve(context: CommandContext, site: string, options: ApproveOptions): Promise<void> {
  using client = await connect(context);
  const path = `/v1/sites/${encodeURIComponent(site)}`;
  const fingerprint = options.fingerprint ?? (await onlyWaiting(client, path, options.yes === true, context));
  if (fingerprint === undefined) return;
  const body = { fingerprint, why: options.why };
  const approved = await client.call<{ fingerprint: string }>('POST', `${path}/approve`, body);
  context.out(`Approved: the machine with ${approved.fingerprint} is ${site} now.`);
}

async function onlyWaiting(
  client: RestClient,
  path: string,
  yes: boolean,
  context: CommandContext,
): Promise<string | undefined> {
  const { name, waiting } = await client.call<SiteDetailAnswer>('GET', path);
  const [only, ...others] = waiting;
  if (only === undefined) throw new TreError('SITE_NOT_JOINED', `No machine waits to become ${name}.`);
  if (yes && others.length === 0) return only.fingerprint;
  for (const one of waiting) context.out(`${one.fingerprint}  asked at ${minuteText(one.requestedAt)}`);
  context.err(`Compare with the words on site, then: trectl site approve ${name} --fingerprint WORDS`);
  context.exitCode = exitCodes.usage;
  return undefined;
}
