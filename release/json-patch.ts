// RFC 6902 over values that keep integers exact and know their lines: add, remove, replace, move, copy, test.
// Our own because the libraries at hand work on doubles and change values in place. The input is never changed;
// `copied` tells which container replaces which, so that line numbers survive. Pure; called by patches.ts.

import { isList, isObject, parsePointer, valueAt } from '../proto/pointer.ts';
import type { JsonValue } from '../proto/strict-json.ts';
import { sameValue } from './same-value.ts';

/** One operation. `value` of add, replace and test; `from` of move and copy. */
export interface Operation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: string;
  readonly from?: string | undefined;
  readonly value?: JsonValue | undefined;
}

export type PatchResult =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false /** Index of the operation. */; readonly index: number; readonly why: string };

/** Told about every container that was copied because something inside it changes. */
export type OnCopy = (from: object, to: object) => void;

/** Carries out all operations, or none. */
export function applyOperations(
  root: JsonValue,
  operations: readonly Operation[],
  copied: OnCopy = () => {},
): PatchResult {
  let value = root;
  for (const [index, operation] of operations.entries()) {
    try {
      value = applyOne(value, operation, copied);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { ok: false, index, why: error.message };
    }
  }
  return { ok: true, value };
}

class Refused extends Error {}

function applyOne(root: JsonValue, operation: Operation, copied: OnCopy): JsonValue {
  const steps = stepsOf(operation.path);
  switch (operation.op) {
    case 'add':
      return add(root, steps, valueOf(operation), copied);
    case 'remove':
      return remove(root, steps, copied);
    case 'replace':
      existing(root, operation.path);
      return replace(root, steps, valueOf(operation), copied);
    case 'move': {
      const from = operation.from ?? '';
      if (operation.path.startsWith(`${from}/`)) throw new Refused(`${from} cannot move into itself`);
      const moved = existing(root, from);
      return add(remove(root, stepsOf(from), copied), steps, moved, copied);
    }
    case 'copy':
      return add(root, steps, existing(root, operation.from ?? ''), copied);
    case 'test':
      if (!sameValue(existing(root, operation.path), valueOf(operation))) {
        throw new Refused(`the value at ${operation.path} is another one`);
      }
      return root;
  }
}

function add(root: JsonValue, steps: readonly string[], value: JsonValue, copied: OnCopy): JsonValue {
  return (
    update(root, steps, copied, (container, key) => {
      if (isList(container))
        return container.toSpliced(key === '-' ? container.length : indexIn(container, key, true), 0, value);
      if (key === '__proto__') throw new Refused('the key __proto__ is not allowed');
      return { ...asObject(container, key), [key]: value };
    }) ?? value
  );
}

function remove(root: JsonValue, steps: readonly string[], copied: OnCopy): JsonValue {
  const changed = update(root, steps, copied, (container, key) => {
    if (isList(container)) return container.toSpliced(indexIn(container, key, false), 1);
    const object = asObject(container, key);
    if (!Object.hasOwn(object, key)) throw new Refused(`there is no field ${key} to remove`);
    const { [key]: _, ...rest } = object;
    return rest;
  });
  if (changed === undefined) throw new Refused('the whole object cannot be removed');
  return changed;
}

function replace(root: JsonValue, steps: readonly string[], value: JsonValue, copied: OnCopy): JsonValue {
  return (
    update(root, steps, copied, (container, key) =>
      isList(container)
        ? container.with(indexIn(container, key, false), value)
        : { ...asObject(container, key), [key]: value },
    ) ?? value
  );
}

/** Copies the containers on the way and changes the last one; undefined for the root itself, which has none. */
function update(
  node: JsonValue,
  steps: readonly string[],
  copied: OnCopy,
  change: (container: JsonValue, key: string) => JsonValue,
): JsonValue | undefined {
  const [key, ...rest] = steps;
  if (key === undefined) return undefined;
  const inner = rest.length === 0 ? undefined : existingChild(node, key);
  const changed =
    inner === undefined ? change(node, key) : withChild(node, key, update(inner, rest, copied, change));
  if (isContainer(node) && isContainer(changed)) copied(node, changed);
  return changed;
}

function withChild(node: JsonValue, key: string, child: JsonValue | undefined): JsonValue {
  if (child === undefined) throw new Refused(`there is nothing at ${key}`);
  return isList(node)
    ? node.with(indexIn(node, key, false), child)
    : { ...asObject(node, key), [key]: child };
}

function existing(root: JsonValue, pointer: string): JsonValue {
  const value = valueAt(root, stepsOf(pointer));
  if (value === undefined) throw new Refused(`there is nothing at ${pointer}`);
  return value;
}

function existingChild(node: JsonValue, key: string): JsonValue {
  const value = valueAt(node, [key]);
  if (value === undefined) throw new Refused(`there is nothing at ${key}`);
  return value;
}

function indexIn(list: readonly JsonValue[], key: string, atEnd: boolean): number {
  const index = /^(0|[1-9]\d*)$/.test(key) ? Number(key) : Number.NaN;
  if (!(index < list.length || (atEnd && index === list.length)))
    throw new Refused(`the list has no entry ${key}`);
  return index;
}

function asObject(value: JsonValue, key: string): { readonly [key: string]: JsonValue } {
  if (!isObject(value)) throw new Refused(`${key} is not inside an object or a list`);
  return value;
}

function isContainer(value: JsonValue): value is JsonValue & object {
  return typeof value === 'object' && value !== null;
}

function stepsOf(pointer: string): readonly string[] {
  const steps = parsePointer(pointer);
  if (steps === undefined) throw new Refused(`"${pointer}" is not a JSON pointer`);
  return steps;
}

function valueOf(operation: Operation): JsonValue {
  if (operation.value === undefined) throw new Refused(`${operation.op} needs a value`);
  return operation.value;
}
