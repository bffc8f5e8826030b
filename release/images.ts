// The container images that the objects of a release name, wherever a pod is described: any `containers`,
// `initContainers` or `ephemeralContainers` list, also inside custom resources. Pure; called by build.ts.

import type { ReleaseImage } from '../proto/document.ts';
import { isList, isObject } from '../proto/pointer.ts';
import type { JsonValue } from '../proto/strict-json.ts';
import { compareText } from './problem.ts';

const containerLists = ['containers', 'initContainers', 'ephemeralContainers'];
const digestSuffix = /@(sha256:[0-9a-f]{64})$/;

/** Each reference once, in the order of its text. */
export function imagesOf(objects: Iterable<JsonValue>): ReleaseImage[] {
  const references = new Set<string>();
  for (const object of objects) collect(object, references);
  return [...references]
    .sort(compareText)
    .map((reference) => ({ reference, digest: digestSuffix.exec(reference)?.[1] ?? null }));
}

function collect(value: JsonValue, references: Set<string>): void {
  if (isList(value)) for (const item of value) collect(item, references);
  if (!isObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (containerLists.includes(key) && isList(item)) {
      for (const container of item) {
        const image = isObject(container) ? container['image'] : undefined;
        if (typeof image === 'string' && image !== '') references.add(image);
      }
    }
    collect(item, references);
  }
}
