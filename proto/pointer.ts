// JSON pointers (RFC 6901) over JSON values: parse, look up, replace. Never creates what is not there.
// Used for declared parameters at the site and for places, patches and differences on the author's side.
import type { JsonObject, JsonValue } from './strict-json.ts';

/** The unescaped steps of a pointer, or undefined when the text is not one. The empty pointer is the whole value. */
export function parsePointer(pointer: string): readonly string[] | undefined {
  if (pointer === '') return [];
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The pointer of the steps. */
export function formatPointer(steps: readonly (string | number)[]): string {
  return steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The value at the steps, or undefined when there is none. */
export function valueAt(root: JsonValue, steps: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = root;
  for (const step of steps) {
    value = child(value, step);
    if (value === undefined) return undefined;
  }
  return value;
}

/** A copy of the root in which the existing value at the steps is another one; undefined when nothing is there. */
export function replaceAt(
  root: JsonValue,
  steps: readonly string[],
  value: JsonValue,
): JsonValue | undefined {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  const inner = child(root, step);
  if (inner === undefined) return undefined;
  const changed = replaceAt(inner, rest, value);
  if (changed === undefined) return undefined;
  if (isList(root)) return root.with(Number(step), changed);
  return { ...(root as JsonObject), [step]: changed };
}

/** True for a JSON list; narrows readonly arrays, which Array.isArray does not. */
export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** True for a JSON object. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function child(value: JsonValue | undefined, step: string): JsonValue | undefined {
  if (isList(value)) return /^(0|[1-9][0-9]*)$/.test(step) ? value[Number(step)] : undefined;
  if (isObject(value)) return Object.hasOwn(value, step) ? value[step] : undefined;
  return undefined;
}
