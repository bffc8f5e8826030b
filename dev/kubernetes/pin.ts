// Writes go.mod and go.sum of go/ and go-node/ anew from the versions in go-module.ts, by the Go client: run by a
// maintainer who raised a version, through `npm run kubernetes -- pin`. Needs the module proxy; same versions, same bytes.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChecked, systemExec } from '../../daemon/exec.ts';
import { goMod, nodeGoMod, nodeModules, versions } from './go-module.ts';

const folder = join(import.meta.dirname, 'go');
const nodeFolder = join(import.meta.dirname, 'go-node');
const downloadTimeoutMs = 600_000;

export async function pin(signal: AbortSignal, log: (line: string) => void): Promise<void> {
  const exec = systemExec(process.env);
  const options = { cwd: folder, signal, timeoutMs: downloadTimeoutMs };
  const env = { GOTOOLCHAIN: 'local', GOWORK: 'off', GOFLAGS: '-mod=mod' };
  const module = `k8s.io/kubernetes@${versions['k8s.io/kubernetes']}`;
  const { stdout } = await runChecked(exec, 'go', ['mod', 'download', '-json', module], { ...options, env });
  const { GoMod: path } = JSON.parse(stdout) as { GoMod: string };
  await writeFile(join(folder, 'go.mod'), goMod(await readFile(path, 'utf8')));
  await runChecked(exec, 'go', ['mod', 'tidy'], { ...options, env });
  await writeFile(join(nodeFolder, 'go.mod'), nodeGoMod());
  await runChecked(exec, 'go', ['mod', 'tidy'], { ...options, cwd: nodeFolder, env });
  const pinned = [
    ...Object.entries(versions),
    ...Object.entries(nodeModules).map(([name, { version }]) => [name, version]),
  ];
  log(`wrote go.mod and go.sum for ${pinned.map((entry) => entry.join(' ')).join(', ')}`);
}
