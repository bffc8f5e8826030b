// `npm run schemas`: makes release/data/kubernetes.json.zst, the compacted API of three Kubernetes minors, from the
// modules k8s.io/kubernetes and k8s.io/api as the Go module proxy serves and verifies them. Needs the Go client;
// nothing is built or run. One JSON document per line and minor, newest last. Same modules, same bytes.

import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, zstdCompressSync } from 'node:zlib';
import { writeFileAtomic } from '../../daemon/atomic-file.ts';
import { type Exec, runChecked, systemExec } from '../../daemon/exec.ts';
import { apiVersionOf, type CompactApis, compactApis, type OpenApiSchema } from './openapi.ts';
import {
  applicableKinds,
  type CoreDiscovery,
  type Discovery,
  defaultPackages,
  type RemovedApis,
  removedByHand,
  removedKinds,
} from './served.ts';

/** The patch release that stands for each minor; raise them here, run the command, commit the result. */
const versions = ['v1.35.4', 'v1.36.3', 'v1.37.2'];
const downloadTimeoutMs = 600_000;
const outputPath = join(dirname(fileURLToPath(import.meta.url)), '../../release/data/kubernetes.json.zst');

interface CompactMinor extends CompactApis {
  readonly minor: string;
  readonly source: string;
  /** Known to this version but not served unless an administrator switches them on. */
  readonly off: Record<string, string[]>;
  readonly removed: RemovedApis;
}

const exec = systemExec(process.env);
const lines: string[] = [];
for (const version of versions) {
  const minor = await compactMinor(exec, version);
  const served = Object.values(minor.kinds).flatMap((kinds) => Object.keys(kinds)).length;
  process.stdout.write(
    `${minor.source}: ${served} kinds served by default, ${Object.keys(minor.shapes).length} shapes\n`,
  );
  lines.push(JSON.stringify(minor));
}
const compressed = zstdCompressSync(lines.join('\n'), {
  params: { [constants.ZSTD_c_compressionLevel]: 22, [constants.ZSTD_c_windowLog]: 22 },
});
await writeFileAtomic(outputPath, compressed, { mode: 0o644 });
process.stdout.write(`${compressed.byteLength} bytes\n`);

async function compactMinor(using: Exec, version: string): Promise<CompactMinor> {
  const kubernetes = await moduleFolder(using, `k8s.io/kubernetes@${version}`);
  const api = await moduleFolder(using, `k8s.io/api@${version.replace('v1.', 'v0.')}`);
  const schemas = await readSchemas(join(kubernetes, 'api/openapi-spec/v3'));
  const core: CoreDiscovery = await readJson(join(kubernetes, 'api/discovery/api__v1.json'));
  const discovery: Discovery = await readJson(join(kubernetes, 'api/discovery/aggregated_v2.json'));
  const on = defaultPackages(await readFile(join(kubernetes, 'pkg/controlplane/instance.go'), 'utf8'));
  const groups = servedGroups(schemas, on);
  const minor = version.slice(1, version.lastIndexOf('.'));

  const known = applicableKinds(core, discovery);
  const off: Record<string, string[]> = {};
  for (const kind of known)
    if (!groups.has(apiVersionOf(kind))) (off[apiVersionOf(kind)] ??= []).push(kind.kind);
  const served = known.filter((kind) => groups.has(apiVersionOf(kind)));
  return {
    minor,
    source: `k8s.io/kubernetes ${version}`,
    ...compactApis(schemas, served),
    off,
    removed: await readRemoved(api, Number(minor.slice(2))),
  };
}

async function moduleFolder(using: Exec, module: string): Promise<string> {
  const { stdout } = await runChecked(using, 'go', ['mod', 'download', '-json', module], {
    timeoutMs: downloadTimeoutMs,
  });
  const { Dir } = JSON.parse(stdout) as { Dir?: string };
  if (Dir === undefined) throw new Error(`go mod download gave no folder for ${module}`);
  return Dir;
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T;
}

async function readSchemas(folder: string): Promise<Map<string, OpenApiSchema>> {
  const schemas = new Map<string, OpenApiSchema>();
  for (const file of (await readdir(folder)).sort()) {
    const document: { components?: { schemas?: Record<string, OpenApiSchema> } } = await readJson(
      join(folder, file),
    );
    for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
      // The same schema stands in many documents; the root kinds differ in nothing that is kept.
      if (!schemas.has(name)) schemas.set(name, schema);
    }
  }
  return schemas;
}

/** API versions of the packages that are on, and of the two servers that are always part of an API server. */
function servedGroups(schemas: ReadonlyMap<string, OpenApiSchema>, on: ReadonlySet<string>): Set<string> {
  const groups = new Set(['apiextensions.k8s.io/v1', 'apiregistration.k8s.io/v1']);
  for (const [name, schema] of schemas) {
    const goPackage = /^io\.k8s\.api\.([^.]+)\.([^.]+)\./.exec(name);
    const gvks = schema['x-kubernetes-group-version-kind'] ?? [];
    const [gvk] = gvks;
    if (goPackage === null || gvk === undefined || gvks.length > 1) continue;
    if (on.has(`${goPackage[1]}/${goPackage[2]}`)) groups.add(apiVersionOf(gvk));
  }
  return groups;
}

async function readRemoved(api: string, minor: number): Promise<RemovedApis> {
  const removed: RemovedApis = structuredClone(removedByHand);
  const files = (await readdir(api, { recursive: true })).filter((path) =>
    path.endsWith('zz_generated.prerelease-lifecycle.go'),
  );
  for (const file of files.sort()) {
    const registerGo = await readFile(join(api, dirname(file), 'register.go'), 'utf8');
    const group = /^const GroupName = "([^"]*)"$/m.exec(registerGo)?.[1];
    if (group === undefined) throw new Error(`no group name in the register.go beside ${file}`);
    const apiVersion = apiVersionOf({ group, version: dirname(file).split('/').at(-1) ?? '' });
    for (const gone of removedKinds(await readFile(join(api, file), 'utf8'))) {
      if (gone.minor > minor) continue;
      (removed[apiVersion] ??= {})[gone.kind] = [`1.${gone.minor}`, gone.replacement];
    }
  }
  return removed;
}
