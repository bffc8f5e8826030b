// `trectl release verify`: is a release on disk whole, and signed by enough keys of a keyset? The same judgement that
// a site makes for itself.

import type { Command } from 'commander';
import { releaseName } from '../proto/document.ts';
import { readKeyset } from '../release/keys.ts';
import { readPack } from '../release/pack.ts';
import { verifyPack } from '../release/signing.ts';
import { type CommandContext, group } from './context.ts';
import { refuse } from './failure.ts';
import { factLines, type OutputFormat, outputOption, printFacts } from './output.ts';

interface VerifyOptions {
  readonly keyset: string;
  readonly output: OutputFormat;
}

export function registerReleaseVerify(program: Command, context: CommandContext): void {
  group(program, 'release', 'build, sign and compare releases')
    .command('verify')
    .argument('<release>', 'folder of a built release')
    .description('check content and signatures of a release')
    .requiredOption('--keyset <file>', 'the keys that sites trust, made by `trectl key set`')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ trectl release verify build/small-tre-1 --keyset keyset.json')
    .action((folder: string, options: VerifyOptions) => verify(context, folder, options));
}

async function verify(context: CommandContext, folder: string, options: VerifyOptions): Promise<void> {
  const keyset = await readKeyset(context.files, options.keyset);
  if (!keyset.ok) return refuse(context, [keyset.problem]);
  const read = await readPack(context.files, folder);
  if (!read.ok) return refuse(context, [read.problem]);
  const { signers, problems } = await verifyPack(context.files, read.pack, keyset.value);
  if (problems.length > 0) return refuse(context, problems);
  const { release, digest } = read.pack;
  const data = {
    release: releaseName(release),
    digest,
    objects: release.objects.length,
    signers,
    threshold: keyset.value.threshold,
  };
  const text = factLines([
    ['release', data.release],
    ['digest', digest],
    ['objects', `${data.objects}, all as the manifest says`],
    ['signed by', `${signers.join(', ')} (${data.threshold} needed)`],
  ]);
  printFacts(context, options.output, { data, text: () => text });
}
