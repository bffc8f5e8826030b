// Where in a file each field of an object was written. Lines are kept per container, so they stay right when a
// patch moves whole subtrees about; a field that no file holds takes the line of its nearest ancestor.
// Filled by yaml.ts, asked by whatever reports a problem.

import type { JsonValue } from '../../proto/strict-json.ts';

/** Keys and array indices from the root of an object. */
export type FieldPath = readonly (string | number)[];

export class Positions {
  readonly #lines = new WeakMap<object, Map<string, number>>();

  /** Remembers the line (from 1) on which `key` of `container` was written. */
  note(container: object, key: string | number, line: number): void {
    let lines = this.#lines.get(container);
    if (lines === undefined) {
      lines = new Map();
      this.#lines.set(container, lines);
    }
    lines.set(String(key), line);
  }

  /** The line of the field at `path`, or of its nearest ancestor that has one, or `startLine`. */
  lineOf(root: JsonValue, path: FieldPath, startLine: number): number {
    let line = startLine;
    let here: JsonValue | undefined = root;
    for (const key of path) {
      if (here === null || typeof here !== 'object') break;
      line = this.#lines.get(here)?.get(String(key)) ?? line;
      here = childOf(here, key);
    }
    return line;
  }

  /** Gives a copied container the lines of its original. */
  copy(from: object, to: object): void {
    const lines = this.#lines.get(from);
    if (lines !== undefined) this.#lines.set(to, new Map(lines));
  }
}

/** The value under an own key or index, if there is one. */
export function childOf(container: JsonValue, key: string | number): JsonValue | undefined {
  if (container === null || typeof container !== 'object' || !Object.hasOwn(container, key)) return undefined;
  return (container as Record<string | number, JsonValue>)[key];
}
