// `npm run build`: one ESM file per program, dist/NAME/NAME.mjs, with everything it needs beside it: the programs that it
// starts, the files that its sources reach by `new URL('...', import.meta.url)` (migrations, data) and the native part
// of better-sqlite3. dist/meta-NAME.json says what went in. Invariant: a folder of dist runs without node_modules.
// The architecture test builds into a scratch folder to see which packages each program carries.

import { cp, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { arch } from 'node:process';
import { type Exec, runChecked, systemExec } from '../daemon/exec.ts';

export interface Program {
  readonly name: string;
  /** TypeScript entry, from the root. */
  readonly entry: string;
  /** Entries of the programs that it starts; each becomes a file of its own beside it, with the name of its source. */
  readonly starts?: readonly string[];
}

export const programs: readonly Program[] = [
  { name: 'tre-agent', entry: 'agent/main.ts', starts: ['agent/host/read-hardware.ts'] },
  { name: 'tre-control-plane', entry: 'control-plane/main.ts' },
  { name: 'trectl', entry: 'cli/main.ts' },
];

export interface Built {
  /** The program, then its chunks. */
  readonly outputs: readonly { readonly path: string; readonly bytes: number }[];
  /** npm packages inside, sorted. */
  readonly packages: readonly string[];
}

/** What we read of esbuild's metafile. Paths are relative to the root. */
interface Metafile {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, { readonly bytes: number }>>;
}

const root = join(import.meta.dirname, '..');

// The program itself: the launcher of its package adds a stack trace of its own to every finding.
const esbuild = join(root, 'node_modules', '@esbuild', `linux-${arch}`, 'bin', 'esbuild');

// Packages in the old module format call these; an ESM file has to bring them.
const banner = [
  `import { createRequire as createRequireOfBundle } from 'node:module';`,
  'const require = createRequireOfBundle(import.meta.url);',
  'const __filename = import.meta.filename, __dirname = import.meta.dirname;',
].join(' ');

/** Builds one program into `<folder>/<name>/`. @throws DaemonError `command-failed` with esbuild's words */
export async function build(exec: Exec, program: Program, folder: string): Promise<Built> {
  const { name, entry, starts = [] } = program;
  const metaPath = join(folder, `meta-${name}.json`);
  const flags = [
    '--bundle',
    '--splitting',
    '--platform=node',
    '--format=esm',
    '--target=node24',
    '--out-extension:.js=.mjs',
    '--legal-comments=linked',
    '--log-level=warning',
    `--alias:better-sqlite3=better-sqlite3/linux-${arch}`,
    '--loader:.node=copy',
    `--banner:js=${banner}`,
    `--outdir=${join(folder, name)}`,
    `--metafile=${metaPath}`,
  ];
  await rm(join(folder, name), { recursive: true, force: true });
  const entryPoints = [`${name}=${entry}`, ...starts.map((path) => `${basename(path, '.ts')}=${path}`)];
  await runChecked(exec, esbuild, [...entryPoints, ...flags], { cwd: root });
  const metafile = JSON.parse(await readFile(metaPath, 'utf8')) as Metafile;
  const inputs = Object.keys(metafile.inputs);
  await copyAssets(inputs, join(folder, name));
  return { outputs: outputsOf(metafile), packages: packagesIn(inputs) };
}

/** Names of the packages that input paths of a metafile lie in, sorted. */
export function packagesIn(inputs: readonly string[]): string[] {
  const names = inputs.map((path) => /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

function outputsOf(metafile: Metafile): Built['outputs'] {
  const outputs = Object.entries(metafile.outputs).map(([path, { bytes }]) => ({
    path: join(root, path),
    bytes,
  }));
  return outputs.sort((a, b) => b.bytes - a.bytes);
}

// Outside of comments.
const assetPattern = /^(?!\s*(?:\*|\/\/)).*\bnew URL\('([^']+)', import\.meta\.url\)/gm;

// The same relative path must lead from the bundle to the copy as led from the source to the file.
async function copyAssets(inputs: readonly string[], target: string): Promise<void> {
  for (const path of inputs.filter((input) => input.endsWith('.ts') && !input.includes('node_modules'))) {
    const text = await readFile(join(root, path), 'utf8');
    for (const [, asset = ''] of text.matchAll(assetPattern)) {
      await cp(join(root, dirname(path), asset), join(target, asset), { recursive: true });
    }
  }
}

async function main(): Promise<void> {
  const exec = systemExec(process.env);
  const folder = join(root, 'dist');
  await rm(folder, { recursive: true, force: true });
  for (const program of programs) {
    const { outputs, packages } = await build(exec, program, folder);
    console.log(`${program.name}: ${packages.length} packages`);
    for (const { path, bytes } of outputs) {
      console.log(`  ${relative(root, path).padEnd(60)} ${(bytes / 1024).toFixed(0).padStart(7)} KiB`);
    }
  }
}

if (import.meta.main) await main();
