// `trectl key new` makes a release key, `trectl key set` joins public keys into the keyset that sites trust.
// Private keys stay with their holders: nothing prints or copies them.

import { type Command, InvalidArgumentError } from 'commander';
import { keyIdOf, type PublicKey } from '../proto/envelope.ts';
import { createKeyFiles, encodeKeyset, makeKeyset, readPublicKey } from '../release/keys.ts';
import type { CommandContext } from './context.ts';
import { group } from './context.ts';
import { refuse } from './failure.ts';
import { factLines, type OutputFormat, outputOption, printFacts } from './output.ts';

export function registerKey(program: Command, context: CommandContext): void {
  const keys = group(program, 'key', 'release keys and keysets');
  keys
    .command('new')
    .argument('<name>', 'who holds it, such as alice')
    .description('make a release key: NAME.key (secret) and NAME.pub')
    .requiredOption('--out <folder>', 'where to put the two files')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ trectl key new alice --out ~/keys')
    .action((name: string, options: { out: string; output: OutputFormat }) => newKey(context, name, options));
  keys
    .command('set')
    .argument('<public...>', 'NAME.pub files')
    .description('join public keys into a keyset')
    .requiredOption('--threshold <n>', 'how many of them must sign a release', wholeNumber)
    .requiredOption('--out <file>', 'the keyset file')
    .addHelpText(
      'after',
      '\nExample:\n  $ trectl key set --threshold 2 alice.pub bob.pub carol.pub --out keyset.json',
    )
    .action((paths: string[], options: { threshold: number; out: string }) =>
      setKeys(context, paths, options),
    );
}

async function newKey(
  context: CommandContext,
  name: string,
  options: { out: string; output: OutputFormat },
): Promise<void> {
  const made = await createKeyFiles(context.files, options.out, name);
  if (!made.ok) return refuse(context, [made.problem]);
  const { privatePath, publicPath, publicKey } = made.value;
  const data = { name, keyId: keyIdOf(publicKey), privateKey: privatePath, publicKey: publicPath };
  const text = factLines([
    ['secret key', `${privatePath} (keep it away from every server)`],
    ['public key', publicPath],
    ['key id', data.keyId],
  ]);
  printFacts(context, options.output, { data, text: () => text });
}

async function setKeys(
  context: CommandContext,
  paths: readonly string[],
  options: { threshold: number; out: string },
): Promise<void> {
  const keys: PublicKey[] = [];
  for (const path of paths) {
    const read = await readPublicKey(context.files, path);
    if (!read.ok) return refuse(context, [read.problem]);
    keys.push(read.value);
  }
  const keyset = makeKeyset(keys, options.threshold);
  if (!keyset.ok) return refuse(context, [keyset.problem]);
  await context.files.writeAtomic(options.out, encodeKeyset(keyset.value), { mode: 0o644 });
  context.out(
    `${options.out}: ${options.threshold} of ${keys.map((key) => key.name).join(', ')} must sign a release.`,
  );
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return Number(text);
}
