// Small random damage to a Kubernetes object, of the kinds that people make: a misspelt key, a value of another type,
// something left out, something that stands twice, null. Same seed, same mutants. For differential tests.

import type { Random } from '../../daemon/random.ts';
import { isList, isObject, replaceAt, valueAt } from '../../proto/pointer.ts';
import type { JsonObject, JsonValue } from '../../proto/strict-json.ts';

export interface Mutant {
  readonly value: JsonObject;
  /** What was done where, for messages. */
  readonly what: string;
}

/** Fields that say which object it is; a mutant must stay the same one. */
const identity = ['/apiVersion', '/kind', '/metadata', '/metadata/name', '/metadata/namespace'];

/** One mutant of the object, or undefined when the dice fell on nothing to do. */
export function mutantOf(object: JsonObject, random: Random): Mutant | undefined {
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random.next() * items.length)];
  const path = pick(pathsOf(object, []).filter((one) => !identity.includes(`/${one.join('/')}`)));
  const action = pick(Object.entries(actions));
  if (path === undefined || action === undefined) return undefined;
  const container = valueAt(object, path.slice(0, -1)) ?? null;
  const changed = action[1](container, path.at(-1) ?? '', random.next());
  if (changed === undefined) return undefined;
  const value = replaceAt(object, path.slice(0, -1), changed);
  return isObject(value) ? { value, what: `${action[0]} /${path.join('/')}` } : undefined;
}

type Action = (container: JsonValue, key: string, chance: number) => JsonValue | undefined;

const actions: Readonly<Record<string, Action>> = {
  rename: (container, key) => {
    if (!isObject(container)) return undefined;
    const { [key]: value = null, ...rest } = container;
    return { ...rest, [`${key}x`]: value };
  },
  retype: (container, key, chance) => withChild(container, key, retyped(valueAt(container, [key]), chance)),
  drop: (container, key) => {
    if (isList(container)) return container.toSpliced(Number(key), 1);
    if (!isObject(container)) return undefined;
    const { [key]: _, ...rest } = container;
    return rest;
  },
  duplicate: (container, key) =>
    isList(container) ? [...container, container[Number(key)] ?? null] : undefined,
  null: (container, key) => withChild(container, key, null),
  add: (container, key) => {
    const inner = valueAt(container, [key]);
    return isObject(inner) ? withChild(container, key, { ...inner, extra: 1 }) : undefined;
  },
};

function retyped(value: JsonValue | undefined, chance: number): JsonValue {
  const others: readonly JsonValue[] =
    typeof value === 'string' ? [7, true, {}, [], 1.5] : isList(value) ? [{}, 'x', 1] : ['x', [], true];
  return others[Math.floor(chance * others.length)] ?? null;
}

function withChild(container: JsonValue, key: string, value: JsonValue): JsonValue | undefined {
  return replaceAt(container, [key], value);
}

function pathsOf(value: JsonValue, path: readonly string[]): (readonly string[])[] {
  if (!isList(value) && !isObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]: [string, JsonValue]) => [
    [...path, key],
    ...pathsOf(item, [...path, key]),
  ]);
}
