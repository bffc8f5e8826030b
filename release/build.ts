// From a folder with release.yaml to the bytes of a release: read, patch, judge, order, write canonically. Offline
// and deterministic: the same sources give the same bytes on every machine. All problems of a release are collected.
// Called by `trectl release build`; pack.ts writes the result to disk.

import type { Files } from '../daemon/files.ts';
import { canonicalBytes } from '../proto/canonical.ts';
import { capability } from '../proto/capability.ts';
import { documentBounds, type Release } from '../proto/document.ts';
import { digestOf } from '../proto/envelope.ts';
import type { ErrorCode } from '../proto/errors.ts';
import type { JsonObject, JsonValue } from '../proto/strict-json.ts';
import { imagesOf } from './images.ts';
import { readKubernetesApis } from './kubernetes-data.ts';
import { judgeObjects } from './objects.ts';
import { resolveDeclared } from './parameters.ts';
import { applyPatches } from './patches.ts';
import { compareText, type Problem, sortProblems } from './problem.ts';
import { readComponent, type SourceObject, type Sources } from './read/sources.ts';
import { type ReleaseFile, readReleaseFile } from './release-file.ts';
import type { KubernetesApi } from './validate/catalogue.ts';

/** A release in memory. */
export interface BuiltRelease {
  readonly release: Release;
  /** Canonical bytes of the manifest, and their digest, which names the release. */
  readonly manifest: Uint8Array;
  readonly digest: string;
  /** digest -> canonical bytes of an object. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

export type BuildResult =
  | { readonly ok: true; readonly built: BuiltRelease }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface BuildOptions {
  readonly files: Files;
  /** The folder of release.yaml. */
  readonly folder: string;
  /** Version of the tool, for the manifest. */
  readonly tool: string;
}

/** Said only once every object can be read: until then, what a patch or a place names may be among the others. */
const missed: ReadonlySet<ErrorCode> = new Set(['PATCH_WITHOUT_TARGET', 'PARAMETER_PLACE_MISSING']);

/** Builds the release in a folder, or says everything that is wrong with it. Throws DaemonError for unreadable files. */
export async function buildRelease(options: BuildOptions): Promise<BuildResult> {
  const read = await readReleaseFile(options.files, options.folder);
  if (!read.ok) return refused(read.problems);
  const { file } = read;
  const apis = await targetApis(file);
  if (!apis.ok) return refused(apis.problems);
  const sources = await readSources(options, file);
  const patched = applyPatches(sources.objects, file);
  const judged = judgeObjects(patched.objects, apis.apis);
  const resolved = resolveDeclared(file, judged.objects);
  const found = [...sources.problems, ...patched.problems, ...judged.problems, ...resolved.problems];
  const isWhole = sources.problems.length === 0 && judged.objects.length === patched.objects.length;
  const problems = isWhole ? found : found.filter(({ code }) => !missed.has(code));
  if (problems.length > 0) return refused(problems);

  const release: Release = {
    type: 'tre.release/v1',
    capability,
    name: file.declared.name,
    version: file.declared.version,
    components: file.declared.components.map((component) => component.name).sort(compareText),
    kubernetes: apis.apis.map((api) => api.minor),
    objects: judged.objects.map((object) => object.entry),
    parameters: resolved.parameters,
    ...rulesOf(file),
    images: imagesOf(judged.objects.map((object) => object.value)),
    inputs: sources.inputs,
    tool: options.tool,
  };
  const manifest = mustWrite(release as unknown as JsonValue);
  if (manifest.byteLength > documentBounds.maxManifestBytes) {
    return refused([
      {
        code: 'RELEASE_TOO_LARGE',
        file: file.path,
        line: 1,
        detail: `the manifest has ${manifest.byteLength} bytes`,
      },
    ]);
  }
  const blobs = new Map(judged.objects.map((object) => [object.entry.digest, object.bytes]));
  return { ok: true, built: { release, manifest, digest: digestOf(manifest), blobs } };
}

function refused(problems: readonly Problem[]): BuildResult {
  return { ok: false, problems: sortProblems(problems) };
}

type TargetApis =
  | { readonly ok: true; readonly apis: readonly KubernetesApi[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

async function targetApis(file: ReleaseFile): Promise<TargetApis> {
  const known = await readKubernetesApis();
  const problems = file.declared.kubernetes.flatMap((minor, index): Problem[] => {
    if (known.some((api) => api.minor === minor)) return [];
    const detail = `this trectl knows Kubernetes ${known.map((api) => api.minor).join(', ')}, not ${minor}`;
    return [
      { code: 'RELEASE_FILE_INVALID', file: file.path, line: file.lineOf(['kubernetes', index]), detail },
    ];
  });
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, apis: known.filter((api) => file.declared.kubernetes.includes(api.minor)) };
}

async function readSources(options: BuildOptions, file: ReleaseFile): Promise<Sources> {
  const objects: SourceObject[] = [];
  const problems: Problem[] = [];
  const inputs: Record<string, string> = {};
  for (const [index, { name, path, namespace }] of file.declared.components.entries()) {
    const line = file.lineOf(['components', index, 'path']);
    if (file.declared.components.findIndex((other) => other.name === name) !== index) {
      const detail = `two components are called ${name}`;
      problems.push({
        code: 'RELEASE_FILE_INVALID',
        file: file.path,
        line: file.lineOf(['components', index, 'name']),
        detail,
      });
    }
    const read = await readComponent(
      options.files,
      options.folder,
      { name, path, namespace, line },
      file.path,
    );
    objects.push(...read.objects);
    problems.push(...read.problems);
    Object.assign(inputs, read.inputs);
  }
  if (objects.length === 0 && problems.length === 0) {
    problems.push({
      code: 'COMPONENT_EMPTY',
      file: file.path,
      line: file.lineOf(['components']),
      detail: 'no component holds an object',
    });
  }
  return { objects, problems, inputs };
}

function rulesOf(file: ReleaseFile): Pick<Release, 'health' | 'prune'> {
  const { health, prune } = file.declared;
  const byText = (a: JsonObject, b: JsonObject): number => compareText(JSON.stringify(a), JSON.stringify(b));
  return {
    health: health.map((rule) => ({ ...rule, value: rule.value ?? null })).toSorted(byText),
    prune: prune
      .map((one) => ({ ...one, namespace: one.namespace ?? null, name: one.name ?? null }))
      .toSorted(byText),
  };
}

function mustWrite(value: JsonValue): Uint8Array {
  const written = canonicalBytes(value);
  if (!written.ok) throw new Error(`the manifest cannot be written: ${written.reason} at ${written.pointer}`);
  return written.bytes;
}
