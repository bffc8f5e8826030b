// Reading the fields of an object of which nothing is certain. What is absent or null has a default; what is there and of
// another form than its kind has it ends the reading with Unreadable, which health-of.ts turns into a verdict.
import { isList, isObject } from '../../proto/pointer.ts';
import type { JsonObject, JsonValue } from '../../proto/strict-json.ts';

/** Thrown by the readers below and caught by health-of.ts only. */
export class Unreadable extends Error {
  constructor(path: readonly string[], expected: string) {
    super(`${path.join('.')} is not ${expected}`);
    this.name = 'Unreadable';
  }
}

/** One entry of status.conditions; absent texts are empty. */
export interface StatusCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** The object at a path; empty when there is none. */
export function objectAt(root: JsonObject, ...path: readonly string[]): JsonObject {
  const value = at(root, path);
  if (value === undefined) return {};
  if (!isObject(value)) throw new Unreadable(path, 'an object');
  return value;
}

/** The number at a path; undefined when there is none. */
export function numberAt(root: JsonObject, ...path: readonly string[]): number | undefined {
  const value = at(root, path);
  if (value === undefined || typeof value === 'number') return value;
  throw new Unreadable(path, 'a number');
}

/** The text at a path; empty when there is none. */
export function textAt(root: JsonObject, ...path: readonly string[]): string {
  const value = at(root, path);
  if (value === undefined) return '';
  if (typeof value !== 'string') throw new Unreadable(path, 'a text');
  return value;
}

/** The objects of the list at a path; none when there is no list. */
export function objectsAt(root: JsonObject, ...path: readonly string[]): readonly JsonObject[] {
  const value = at(root, path);
  if (value === undefined) return [];
  if (!isList(value) || !value.every(isObject)) throw new Unreadable(path, 'a list of objects');
  return value;
}

/** The time at a path, ms UTC; undefined when there is none. */
export function timeAt(root: JsonObject, ...path: readonly string[]): number | undefined {
  const text = textAt(root, ...path);
  if (text === '') return undefined;
  const match = timeForm.exec(text);
  if (match === null) throw new Unreadable(path, 'a time');
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  return (((daysOf(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000;
}

/** As Kubernetes writes metav1.Time. */
const timeForm = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?Z$/;

/** Days since 1970 in the Gregorian calendar, counted in years that begin in March. */
function daysOf(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + dayOfYear - 719_468;
}

/** True when there is something else than nothing at a path. */
export function isAt(root: JsonObject, ...path: readonly string[]): boolean {
  return at(root, path) !== undefined;
}

/** status.conditions. */
export function conditionsOf(object: JsonObject): readonly StatusCondition[] {
  return objectsAt(object, 'status', 'conditions').map((one) => ({
    type: textAt(one, 'type'),
    status: textAt(one, 'status'),
    reason: textAt(one, 'reason'),
    message: textAt(one, 'message'),
  }));
}

/** The condition of a type; undefined when there is none. */
export function conditionOf(object: JsonObject, type: string): StatusCondition | undefined {
  return conditionsOf(object).find((one) => one.type === type);
}

/** Since when the condition of a type has its status, ms UTC; undefined when that is not said. */
export function changedAt(object: JsonObject, type: string): number | undefined {
  const found = objectsAt(object, 'status', 'conditions').find((one) => textAt(one, 'type') === type);
  return found === undefined ? undefined : timeAt(found, 'lastTransitionTime');
}

/** `status` of the condition of a type equals `value`: that condition, else undefined. */
export function conditionIs(object: JsonObject, type: string, value: string): StatusCondition | undefined {
  const found = conditionOf(object, type);
  return found?.status === value ? found : undefined;
}

function at(root: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue = root;
  for (const [depth, step] of path.entries()) {
    if (!isObject(value)) throw new Unreadable(path.slice(0, depth), 'an object');
    const next: JsonValue | undefined = Object.hasOwn(value, step) ? value[step] : undefined;
    if (next === undefined || next === null) return undefined;
    value = next;
  }
  return value;
}
