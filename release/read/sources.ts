// The objects of a release as their authors wrote them: every YAML or JSON file of every component, lists of kind
// List expanded, each object with its file and line. Files are read in the order of their names; nothing here
// depends on the machine. Called by build.ts; problems are collected, never thrown.

import { isAbsolute, join } from 'node:path';
import type { Files } from '../../daemon/files.ts';
import { digestOf } from '../../proto/envelope.ts';
import { isList, isObject } from '../../proto/pointer.ts';
import type { JsonObject, JsonValue } from '../../proto/strict-json.ts';
import type { Problem } from '../problem.ts';
import type { FieldPath, Positions } from './positions.ts';
import { readYaml } from './yaml.ts';

/** One object as it stands in a file. `value` is replaced, never changed, when a patch applies. */
export interface SourceObject {
  readonly component: string;
  readonly defaultNamespace: string | undefined;
  readonly file: string;
  /** Line of the object's first field. */
  readonly line: number;
  readonly value: JsonObject;
  readonly positions: Positions;
}

/** A component as release.yaml names it, and the line of its path there. */
export interface ComponentSource {
  readonly name: string;
  readonly path: string;
  readonly namespace: string | undefined;
  readonly line: number;
}

export interface Sources {
  readonly objects: readonly SourceObject[];
  /** Path as written in release.yaml (and below it) -> sha256 of the file. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
}

/** A file larger than this is no list of manifests. */
const maxFileBytes = 64 * 2 ** 20;
const maxFolderDepth = 32;
const manifestForm = /\.(ya?ml|json)$/i;

/** Reads one component of the release in `folder`; `releaseFile` is where its path stands. */
export async function readComponent(
  files: Files,
  folder: string,
  component: ComponentSource,
  releaseFile: string,
): Promise<Sources> {
  const missing = (detail: string): Sources => {
    const problem: Problem = {
      code: 'COMPONENT_PATH_MISSING',
      file: releaseFile,
      line: component.line,
      detail,
    };
    return { objects: [], inputs: {}, problems: [problem] };
  };
  if (isAbsolute(component.path)) return missing(`${component.path} is not relative to release.yaml`);
  const facts = await files.stat(join(folder, component.path));
  if (facts === undefined) return missing(`${component.path} does not exist`);
  const found =
    facts.kind === 'folder' ? await manifestsBelow(files, folder, component.path) : [component.path];
  // The release's own file may lie in the folder of a component.
  const paths = found.filter((path) => join(folder, path) !== releaseFile);
  if (paths.length === 0) return missing(`${component.path} holds no .yaml, .yml or .json file`);
  return readFiles(files, folder, component, paths);
}

/** The field at `path` of an object: what a problem is reported with. */
export function placeOf(
  object: SourceObject,
  path: FieldPath,
): { readonly file: string; readonly line: number } {
  return { file: object.file, line: object.positions.lineOf(object.value, path, object.line) };
}

async function manifestsBelow(files: Files, folder: string, path: string, depth = 0): Promise<string[]> {
  if (depth > maxFolderDepth) return [];
  const found: string[] = [];
  for (const name of await files.list(join(folder, path))) {
    if (name.startsWith('.')) continue;
    const below = `${path.replace(/\/+$/, '')}/${name}`;
    const facts = await files.stat(join(folder, below));
    if (facts?.kind === 'folder') found.push(...(await manifestsBelow(files, folder, below, depth + 1)));
    else if (facts?.kind === 'file' && manifestForm.test(name)) found.push(below);
  }
  return found;
}

async function readFiles(
  files: Files,
  folder: string,
  component: ComponentSource,
  paths: readonly string[],
): Promise<Sources> {
  const objects: SourceObject[] = [];
  const inputs: Record<string, string> = {};
  const problems: Problem[] = [];
  for (const path of paths) {
    const file = join(folder, path);
    const bytes = (await files.read(file, maxFileBytes)) ?? new Uint8Array();
    inputs[path] = digestOf(bytes);
    const text = decode(bytes);
    const result = text === undefined ? undefined : readYaml(text, file);
    if (result === undefined)
      problems.push({ code: 'YAML_INVALID', file, line: 1, detail: 'the file is not valid UTF-8' });
    else if (!result.ok) problems.push(result.problem);
    else {
      const { documents, positions } = result;
      for (const { value, line } of documents.flatMap((document) => expand(document, positions))) {
        const place = { component: component.name, defaultNamespace: component.namespace, file, line };
        if (isObject(value)) objects.push({ ...place, value, positions });
        else problems.push({ code: 'NOT_KUBERNETES', file, line, detail: 'the document is not an object' });
      }
    }
  }
  return { objects, inputs, problems };
}

interface Located {
  readonly value: JsonValue;
  readonly line: number;
}

/** The items of a `kind: List`, or the document itself. */
function expand(document: Located, positions: Positions): readonly Located[] {
  const { value, line } = document;
  if (!isObject(value) || value['kind'] !== 'List' || value['apiVersion'] !== 'v1' || !isList(value['items']))
    return [document];
  return value['items'].flatMap((item, index) =>
    expand({ value: item, line: positions.lineOf(value, ['items', index], line) }, positions),
  );
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
