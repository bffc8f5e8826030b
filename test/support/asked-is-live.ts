// Is what a release asks for in the live object? Compares the object as signed with the object as the API server
// answers it: every asked field must be there with an equal value, lists with exactly the asked elements. What others
// added to maps (defaults, status, other managers' fields) does not count. Called by the system tests.
import { isList, isObject } from '../../proto/pointer.ts';
import type { JsonValue } from '../../proto/strict-json.ts';

/** A field that is not as asked. `live` is undefined when there is none. */
export interface Difference {
  /** JSON pointer (RFC 6901) into the object. */
  readonly pointer: string;
  readonly asked: JsonValue;
  readonly live: JsonValue | undefined;
}

/** Every asked field that the live object does not have with an equal value; empty when all is as asked. */
export function differences(
  asked: JsonValue,
  live: JsonValue | undefined,
  pointer = '',
): readonly Difference[] {
  if (isList(asked)) {
    if (!isList(live) || live.length !== asked.length) return [{ pointer, asked, live }];
    return asked.flatMap((value, index) => differences(value, live[index], `${pointer}/${index}`));
  }
  if (isObject(asked)) {
    if (!isObject(live)) return [{ pointer, asked, live }];
    return Object.entries(asked).flatMap(([key, value]) =>
      differences(value, Object.hasOwn(live, key) ? live[key] : undefined, `${pointer}/${escaped(key)}`),
    );
  }
  return asked === live ? [] : [{ pointer, asked, live }];
}

/** True for an empty map or list that the server left out: it says the same as nothing at all. */
export function isDroppedEmpty({ asked, live }: Difference): boolean {
  return live === undefined && typeof asked === 'object' && asked !== null && Object.keys(asked).length === 0;
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
