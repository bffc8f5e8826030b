// What changes from one release to another: objects added, removed and changed, each change as JSON pointers, and
// what changes in the parameters. Pure over two packs and their objects; called by `trectl release diff`.

import { objectId, type Release, type ReleaseObject } from '../proto/document.ts';
import { formatPointer, isList, isObject } from '../proto/pointer.ts';
import type { JsonValue } from '../proto/strict-json.ts';
import { compareText } from './problem.ts';
import { sameValue } from './same-value.ts';

/** One field that differs. `before` is absent for an added one, `after` for a removed one. */
export interface FieldChange {
  readonly pointer: string;
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

export interface ObjectChange {
  readonly object: ReleaseObject;
  readonly fields: readonly FieldChange[];
}

export interface ReleaseDiff {
  readonly added: readonly ReleaseObject[];
  readonly removed: readonly ReleaseObject[];
  readonly changed: readonly ObjectChange[];
  readonly parameters: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly changed: readonly string[];
  };
}

/** A release and a way to its objects. */
export interface DiffSide {
  readonly release: Release;
  object(digest: string): JsonValue;
}

/** What `after` has, lacks and says otherwise; all lists in apply order of their release. */
export function diffReleases(before: DiffSide, after: DiffSide): ReleaseDiff {
  const old = new Map(before.release.objects.map((object) => [objectId(object), object]));
  const now = new Map(after.release.objects.map((object) => [objectId(object), object]));
  const changed = after.release.objects.flatMap((object): ObjectChange[] => {
    const earlier = old.get(objectId(object));
    if (earlier === undefined || earlier.digest === object.digest) return [];
    return [{ object, fields: fieldChanges(before.object(earlier.digest), after.object(object.digest)) }];
  });
  return {
    added: after.release.objects.filter((object) => !old.has(objectId(object))),
    removed: before.release.objects.filter((object) => !now.has(objectId(object))),
    changed,
    parameters: parameterChanges(before.release, after.release),
  };
}

/** Every place where two values differ, as deep as they are alike. Lists are compared by position. */
export function fieldChanges(
  before: JsonValue,
  after: JsonValue,
  path: readonly (string | number)[] = [],
): FieldChange[] {
  if (sameValue(before, after)) return [];
  if (isList(before) && isList(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) =>
      childChanges(before[index], after[index], [...path, index]),
    ).flat();
  }
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort(compareText);
    return keys.flatMap((key) => childChanges(own(before, key), own(after, key), [...path, key]));
  }
  return [{ pointer: formatPointer(path), before, after }];
}

function childChanges(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  path: readonly (string | number)[],
): FieldChange[] {
  const pointer = formatPointer(path);
  if (before === undefined) return after === undefined ? [] : [{ pointer, after }];
  if (after === undefined) return [{ pointer, before }];
  return fieldChanges(before, after, path);
}

function parameterChanges(before: Release, after: Release): ReleaseDiff['parameters'] {
  const old = new Map(
    before.parameters.map((parameter) => [parameter.name, JSON.stringify({ ...parameter, places: [] })]),
  );
  const now = new Map(
    after.parameters.map((parameter) => [parameter.name, JSON.stringify({ ...parameter, places: [] })]),
  );
  return {
    added: [...now.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !now.has(name)),
    changed: [...now].filter(([name, text]) => old.has(name) && old.get(name) !== text).map(([name]) => name),
  };
}

function own(object: { readonly [key: string]: JsonValue }, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
