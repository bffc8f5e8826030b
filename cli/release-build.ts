// `trectl release build`: a folder with release.yaml -> a release on disk, not yet signed. Offline. Every problem of
// the sources is shown with file and line, and nothing is written when there is one.

import type { Command } from 'commander';
import { releaseName } from '../proto/document.ts';
import { writePack } from '../release/pack.ts';
import { formatProblem, type Problem } from '../release/problem.ts';
import { type CommandContext, exitCodes, group } from './context.ts';
import { refuse } from './failure.ts';
import { factLines, type OutputFormat, outputOption, printFacts } from './output.ts';

interface BuildOptions {
  readonly out: string;
  readonly output: OutputFormat;
}

export function registerReleaseBuild(program: Command, context: CommandContext): void {
  group(program, 'release', 'build, sign and compare releases')
    .command('build')
    .argument('<folder>', 'the folder of release.yaml')
    .description('build and check a release; nothing is fetched')
    .requiredOption('--out <folder>', 'where to put it; an earlier build there is replaced')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ trectl release build examples/small-tre/v1 --out build/small-tre-1',
    )
    .action((folder: string, options: BuildOptions) => build(context, folder, options));
}

async function build(context: CommandContext, folder: string, options: BuildOptions): Promise<void> {
  // Only here, for it brings the catalogues of Kubernetes: every other command starts without them.
  const { buildRelease } = await import('../release/build.ts');
  const result = await buildRelease({ files: context.files, folder, tool: `trectl ${context.version}` });
  if (!result.ok) return showProblems(context, options.output, result.problems);
  const refusal = await writePack(context.files, options.out, result.built);
  if (refusal !== undefined) return refuse(context, [refusal]);
  const { release, digest } = result.built;
  const bytes = release.objects.reduce((sum, object) => sum + object.size, 0);
  const data = {
    release: releaseName(release),
    digest,
    folder: options.out,
    objects: release.objects.length,
    bytes,
  };
  const text = factLines([
    ['release', data.release],
    ['digest', digest],
    ['objects', `${data.objects} (${bytes} bytes) for Kubernetes ${release.kubernetes.join(', ')}`],
    ['parameters', release.parameters.map((parameter) => parameter.name).join(', ')],
    ['folder', options.out],
  ]);
  printFacts(context, options.output, { data, text: () => text });
}

function showProblems(context: CommandContext, format: OutputFormat, problems: readonly Problem[]): void {
  context.exitCode = exitCodes.refused;
  if (format === 'json' || format === 'yaml')
    return printFacts(context, format, { data: { problems }, text: () => '' });
  for (const problem of problems) context.err(formatProblem(problem));
  context.err(`\n${problems.length} problem${problems.length === 1 ? '' : 's'}; nothing was written.`);
}
