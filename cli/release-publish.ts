// `trectl release publish`: sends a built release to the control plane: first the objects that it lacks, then the
// manifest, then the signatures. Sent again it changes nothing; other content under the same name@version is refused.

import type { Command } from 'commander';
import { releaseName } from '../proto/document.ts';
import { TreError } from '../proto/errors.ts';
import { blobPath, findDamage, type Pack, readPack } from '../release/pack.ts';
import type { PublishedAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
import { refuse } from './failure.ts';
import { factLines, type OutputFormat, outputOption, printFacts } from './output.ts';
import type { RestClient } from './rest.ts';
import { connect } from './server.ts';
import { whyOption } from './why.ts';

interface PublishOptions {
  readonly why?: string;
  readonly output: OutputFormat;
}

const maxBatchBytes = 2 * 2 ** 20;
const maxBatchItems = 500;

export function registerReleasePublish(program: Command, context: CommandContext): void {
  group(program, 'release', 'build, sign and compare releases')
    .command('publish')
    .argument('<release>', 'folder of a built release')
    .description('send a built release and its signatures to the control plane')
    .addOption(whyOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ trectl release publish build/small-tre-1')
    .action((folder: string, options: PublishOptions) => publish(context, folder, options));
}

async function publish(
  context: CommandContext,
  folder: string,
  { why, output }: PublishOptions,
): Promise<void> {
  const read = await readPack(context.files, folder);
  if (!read.ok) return refuse(context, [read.problem]);
  const { pack } = read;
  const damage = await findDamage(context.files, pack);
  if (damage.length > 0) return refuse(context, damage);
  using client = await connect(context);
  const sent = await sendObjects(context, client, pack);
  const manifest = Buffer.from(pack.manifest).toString('utf8');
  let published = await client.call<PublishedAnswer>('POST', '/v1/releases', { manifest, why });
  if (pack.signatures.signatures.length > 0) {
    const body = { signatures: pack.signatures, why };
    published = await client.call<PublishedAnswer>('PUT', `/v1/releases/${pack.digest}/signatures`, body);
  }
  const text = factLines([
    ['release', releaseName(published)],
    ['digest', published.digest],
    ['objects', `${pack.release.objects.length}, ${sent} of them sent now`],
    [
      'signatures',
      `${published.signatures}${published.signatures === 0 ? ' (sites will refuse it until enough are published)' : ''}`,
    ],
  ]);
  printFacts(context, output, { data: { ...published, sent }, text: () => text });
}

/** Sends what is missing there, in batches; returns how many. */
async function sendObjects(context: CommandContext, client: RestClient, pack: Pack): Promise<number> {
  const digests = [...new Set(pack.release.objects.map((object) => object.digest))];
  const { missing } = await client.call<{ missing: readonly string[] }>('POST', '/v1/content/missing', {
    digests,
  });
  let batch: { digest: string; text: string }[] = [];
  let bytes = 0;
  const send = async (): Promise<void> => {
    if (batch.length > 0) await client.call('POST', '/v1/content', { contents: batch });
    batch = [];
    bytes = 0;
  };
  for (const digest of missing) {
    const blob = await context.files.read(blobPath(pack.folder, digest));
    if (blob === undefined) throw new TreError('CONTENT_MISSING', `${digest} is not in ${pack.folder}.`);
    batch.push({ digest, text: Buffer.from(blob).toString('utf8') });
    bytes += blob.length;
    if (bytes > maxBatchBytes || batch.length === maxBatchItems) await send();
  }
  await send();
  return missing.length;
}
