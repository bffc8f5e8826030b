// Release sources for tests: a folder written from texts, and one that builds when nothing is changed about it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemFiles } from '../../daemon/files.ts';
import { type BuildResult, type BuiltRelease, buildRelease } from '../../release/build.ts';
import { formatProblem } from '../../release/problem.ts';
import { scratch } from './scratch.ts';

type Texts = Readonly<Record<string, string | Uint8Array>>;

/** Writes the files of a release source into a new folder. */
export function writeSource(t: Parameters<typeof scratch>[0], files: Texts): string {
  const folder = scratch(t);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** A release.yaml with one component `app` (folder `app`, namespace `default`), and more lines below. */
export function releaseYaml(more = ''): string {
  return [
    'name: sample',
    'version: "1.0.0"',
    'kubernetes: ["1.36"]',
    'components:',
    '  - {name: app, path: app, namespace: default}',
    more,
  ].join('\n');
}

/** A ConfigMap as YAML. */
export function configMap(name: string, data = 'k: v'): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  ${data}\n`;
}

/** Writes and builds. */
export async function buildSource(t: Parameters<typeof scratch>[0], files: Texts): Promise<BuildResult> {
  return buildFolder(writeSource(t, files));
}

/** Builds a folder. */
export async function buildFolder(folder: string): Promise<BuildResult> {
  return buildRelease({ files: systemFiles, folder, tool: 'test' });
}

/** The release of a build that must have worked. */
export function built(result: BuildResult): BuiltRelease {
  if (result.ok) return result.built;
  throw new Error(result.problems.map(formatProblem).join('\n'));
}
