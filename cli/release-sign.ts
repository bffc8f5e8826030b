// `trectl release sign`: adds the signature of one release key to a built release. Signing again with the same key
// changes nothing; a release with damaged objects is not signed.

import type { Command } from 'commander';
import { releaseName } from '../proto/document.ts';
import { readPrivateKey } from '../release/keys.ts';
import { readPack } from '../release/pack.ts';
import { signPack } from '../release/signing.ts';
import { type CommandContext, group } from './context.ts';
import { refuse } from './failure.ts';
import { factLines, type OutputFormat, outputOption, printFacts } from './output.ts';

interface SignOptions {
  readonly key: string;
  readonly output: OutputFormat;
}

export function registerReleaseSign(program: Command, context: CommandContext): void {
  group(program, 'release', 'build, sign and compare releases')
    .command('sign')
    .argument('<release>', 'folder of a built release')
    .description('sign a built release')
    .requiredOption('--key <file>', 'a secret release key, made by `trectl key new`')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ trectl release sign build/small-tre-1 --key ~/keys/alice.key')
    .action((folder: string, options: SignOptions) => sign(context, folder, options));
}

async function sign(context: CommandContext, folder: string, options: SignOptions): Promise<void> {
  const key = await readPrivateKey(context.files, options.key);
  if (!key.ok) return refuse(context, [key.problem]);
  const read = await readPack(context.files, folder);
  if (!read.ok) return refuse(context, [read.problem]);
  const signed = await signPack(context.files, read.pack, key.value);
  if (!signed.ok) return refuse(context, signed.problems);
  const keyIds = signed.signatures.signatures.map((signature) => signature.keyid);
  const data = { release: releaseName(read.pack.release), digest: read.pack.digest, keyIds };
  const text = factLines([
    ['release', data.release],
    ['digest', data.digest],
    ['signed by', keyIds.join('\n           ')],
  ]);
  printFacts(context, options.output, { data, text: () => text });
}
