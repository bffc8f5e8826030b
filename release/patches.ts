// Carries out the named patches of release.yaml on the objects they select. A patch that selects nothing, or that
// cannot be carried out on one of them, is refused: it corrects something that is no longer there. Patches run in
// the order of release.yaml, before anything is judged. Pure; called by build.ts.

import { isObject } from '../proto/pointer.ts';
import type { JsonValue } from '../proto/strict-json.ts';
import { describeSelector, identify, selects } from './identity.ts';
import { applyOperations, type Operation } from './json-patch.ts';
import type { Problem } from './problem.ts';
import { placeOf, type SourceObject } from './read/sources.ts';
import type { DeclaredPatch, ReleaseFile } from './release-file.ts';

/** The objects after all patches; those that a patch failed on stay as they were. */
export function applyPatches(
  objects: readonly SourceObject[],
  file: ReleaseFile,
): { readonly objects: readonly SourceObject[]; readonly problems: readonly Problem[] } {
  const patched = [...objects];
  const problems: Problem[] = [];
  for (const [index, patch] of file.declared.patches.entries()) {
    const chosen = patched.flatMap((object, position) => (isTarget(patch, object) ? [position] : []));
    if (chosen.length === 0) {
      const line = file.lineOf(['patches', index, 'target']);
      const detail = `the patch ${patch.name} selects ${describeSelector(patch.target)}, which is not in the release`;
      problems.push({ code: 'PATCH_WITHOUT_TARGET', file: file.path, line, detail });
    }
    for (const position of chosen) {
      const object = patched[position];
      if (object === undefined) continue;
      const result = applyOne(object, patch);
      if (result.ok) patched[position] = result.object;
      else {
        const line = file.lineOf(['patches', index, 'operations', result.operation]);
        problems.push({
          code: 'PATCH_FAILED',
          file: file.path,
          line,
          detail: `the patch ${patch.name}: ${result.why}`,
        });
      }
    }
  }
  return { objects: patched, problems };
}

function isTarget(patch: DeclaredPatch, object: SourceObject): boolean {
  const result = identify(object);
  return result.ok && selects(patch.target, result.identity, object);
}

type Applied =
  | { readonly ok: true; readonly object: SourceObject }
  | { readonly ok: false; readonly operation: number; readonly why: string };

function applyOne(object: SourceObject, patch: DeclaredPatch): Applied {
  const operations = patch.operations.map(
    ({ value, ...rest }): Operation => ({ ...rest, value: value as JsonValue | undefined }),
  );
  const copied = (from: object, to: object): void => object.positions.copy(from, to);
  const result = applyOperations(object.value, operations, copied);
  if (result.ok && isObject(result.value)) return { ok: true, object: { ...object, value: result.value } };
  const { file, line } = placeOf(object, []);
  const why = result.ok ? 'what is left is not an object' : result.why;
  return { ok: false, operation: result.ok ? 0 : result.index, why: `${why} (${file}:${line})` };
}
