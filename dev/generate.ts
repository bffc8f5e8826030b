// `npm run generate`: checks the contract (buf lint, and buf breaking against every released image) and writes what
// is made from other files: proto/gen, .oxlintrc.json, the tables of docs/, the schema.sql of each store.
// `--check` writes nothing and fails when a file is stale. `--release` keeps the contract as it is now under
// proto/released/: from then on no change may break it.

import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Exec, runChecked, systemExec } from '../daemon/exec.ts';
import {
  contractFiles,
  contractFolder,
  documentFiles,
  type GeneratedFile,
  lintFile,
  root,
  schemaFile,
  storeFolders,
} from './architecture/generated.ts';

/** Images of the contract as it was released, from the root. */
export const releasedFolder = 'proto/released';

/** What buf says against the contract in `folder`, empty when nothing. */
export async function contractFindings(exec: Exec, folder = root): Promise<string[]> {
  const released = join(folder, releasedFolder);
  const images = existsSync(released) ? await readdir(released) : [];
  const commands = [
    ['lint'],
    ...images.sort().map((image) => ['breaking', '--against', join(releasedFolder, image)]),
  ];
  const findings: string[] = [];
  for (const args of commands) {
    const { code, stdout, stderr } = await exec.run('buf', args, { cwd: folder });
    if (code !== 0) findings.push(`buf ${args.join(' ')}`, ...`${stdout}${stderr}`.trim().split('\n'));
  }
  return findings;
}

/** Paths whose content differs from what it should be, files that should not be there included. */
export async function staleFiles(expected: readonly GeneratedFile[]): Promise<string[]> {
  const stale = await Promise.all(
    expected.map(async ({ path, content }) => ((await readIfThere(path)) === content ? [] : [path])),
  );
  return [...stale.flat(), ...(await strayFiles(expected))];
}

async function strayFiles(expected: readonly GeneratedFile[]): Promise<string[]> {
  const entries = await readdir(join(root, contractFolder), { recursive: true, withFileTypes: true });
  const present = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const known = new Set(expected.map(({ path }) => join(root, path)));
  return present.filter((path) => !known.has(path)).map((path) => path.slice(root.length + 1));
}

async function readIfThere(path: string): Promise<string | undefined> {
  return existsSync(join(root, path)) ? await readFile(join(root, path), 'utf8') : undefined;
}

async function writeAll(files: readonly GeneratedFile[], stale: readonly string[]): Promise<void> {
  for (const path of stale) {
    const file = files.find((one) => one.path === path);
    if (file === undefined) {
      await rm(join(root, path));
      continue;
    }
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), file.content);
  }
}

async function release(exec: Exec): Promise<void> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const image = join(releasedFolder, `v${version}.binpb`);
  await mkdir(join(root, releasedFolder), { recursive: true });
  await runChecked(exec, 'buf', ['build', '--exclude-source-info', '--output', image], { cwd: root });
  console.log(`kept ${image}`);
}

async function main(options: readonly string[]): Promise<number> {
  const exec = systemExec(process.env);
  const findings = await contractFindings(exec);
  for (const line of findings) console.error(line);
  if (findings.length > 0) return 1;
  const schemas = await Promise.all(storeFolders.map(schemaFile));
  const files = [...(await contractFiles(exec)), lintFile(), ...(await documentFiles()), ...schemas];
  const stale = await staleFiles(files);
  const check = options.includes('--check');
  if (!check) await writeAll(files, stale);
  for (const path of stale) console.log(`${check ? 'stale' : 'written'}: ${path}`);
  if (stale.length === 0) console.log(`${files.length} generated files are fresh`);
  if (options.includes('--release')) await release(exec);
  return check && stale.length > 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
