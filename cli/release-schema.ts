// `trectl release schema`: the JSON Schema of release.yaml, for editors and for people who want to know what may
// stand there.

import type { Command } from 'commander';
import { type CommandContext, group } from './context.ts';

export function registerReleaseSchema(program: Command, context: CommandContext): void {
  group(program, 'release', 'build, sign and compare releases')
    .command('schema')
    .description('print the JSON Schema of release.yaml')
    .addHelpText('after', '\nExample:\n  $ trectl release schema > release.schema.json')
    .action(() => printSchema(context));
}

async function printSchema(context: CommandContext): Promise<void> {
  // Only here: every other command starts without it.
  const { releaseFileJsonSchema } = await import('../release/release-file.ts');
  context.out(JSON.stringify(releaseFileJsonSchema(), undefined, 2));
}
