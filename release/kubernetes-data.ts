// Reads the compacted Kubernetes API that comes with the tool: release/data/kubernetes.json.zst, made by
// `npm run schemas`. Read when a release is built and not before, about 2 ms; nothing is kept here.
// Called by build.ts, which passes the result on.

import { readFile } from 'node:fs/promises';
import { zstdDecompressSync } from 'node:zlib';
import { KubernetesApi, type MinorData } from './validate/catalogue.ts';

/** All minors that this build knows, oldest first. */
export async function readKubernetesApis(): Promise<readonly KubernetesApi[]> {
  const compressed = await readFile(new URL('./data/kubernetes.json.zst', import.meta.url));
  const lines = zstdDecompressSync(compressed).toString('utf8').split('\n');
  return lines.map((line) => new KubernetesApi(JSON.parse(line) as MinorData));
}
