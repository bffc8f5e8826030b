// `trectl release list`: what was published, newest first.
// How many signatures came with each is shown; whether they are enough is judged at each site.

import type { Command } from 'commander';
import type { PublishedAnswer } from './answers.ts';
import { type CommandContext, group } from './context.ts';
import { minuteText } from './moments.ts';
import { type OutputFormat, outputOption, printTable } from './output.ts';
import { connect } from './server.ts';
import type { Column } from './table.ts';

const shownDigest = 'sha256:'.length + 12;

export const releaseColumns: readonly Column<PublishedAnswer>[] = [
  { title: 'name', value: (release) => release.name },
  { title: 'version', value: (release) => release.version },
  { title: 'signatures', value: (release) => String(release.signatures) },
  { title: 'published', value: (release) => minuteText(release.publishedAt), rank: 1 },
  { title: 'digest', value: (release) => release.digest.slice(0, shownDigest), rank: 2 },
  { title: 'by', value: (release) => release.publishedBy, wide: true },
  { title: 'full digest', value: (release) => release.digest, wide: true },
];

export function registerReleaseList(program: Command, context: CommandContext): void {
  group(program, 'release', 'build, sign and compare releases')
    .command('list')
    .description('list the published releases')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ trectl release list')
    .action((options: { output: OutputFormat }) => list(context, options.output));
}

async function list(context: CommandContext, output: OutputFormat): Promise<void> {
  using client = await connect(context);
  const { releases } = await client.call<{ releases: readonly PublishedAnswer[] }>('GET', '/v1/releases');
  printTable(context, output, {
    columns: releaseColumns,
    rows: releases,
    none: 'No release was published yet.',
  });
}
