// Declared parameters: the only way in which a site may differ from the signed release.
// PURE, but for patterns that do not end. Checks a value against its declared type and puts it at its declared places.
// Authors check defaults with it, the control plane checks assignments, the site judges again on its own.
import { runInNewContext } from 'node:vm';
import { canonicalBytes } from './canonical.ts';
import { digestOf } from './envelope.ts';
import { parsePointer, replaceAt } from './pointer.ts';
import { flag, integer, list, nullable, oneOf, type Shape, ShapeRefused, struct, text } from './shape.ts';
import { type JsonValue, objectLimits, readJson } from './strict-json.ts';

/** What a parameter can be: a text, a whole number or a truth value. */
export type ParameterValue = string | number | boolean;

/** Where a value goes: the index of the object in the release, and a JSON pointer to an existing field. */
export interface ParameterPlace {
  readonly object: number;
  readonly pointer: string;
}

/**
 * A declaration. `default` null means that every site must give a value. For each type only its own bounds count:
 * string: pattern (whole text, RegExp source with the u flag) and maxLength; integer: minimum and maximum;
 * enum: values; cidr: IPv4 or IPv6 with a prefix length; boolean: none.
 */
export interface Parameter {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'enum' | 'cidr';
  readonly default: ParameterValue | null;
  readonly pattern: string | null;
  readonly maxLength: number | null;
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly values: readonly string[];
  readonly places: readonly ParameterPlace[];
}

/** A value of the wrong type, out of range or for no declared parameter: why. */
export type ParameterCheck = { readonly ok: true } | { readonly ok: false; readonly why: string };

/** Decoder of a value. */
export const parameterValue: Shape<ParameterValue> = (value, place) => {
  if (typeof value === 'boolean') return flag(value, place);
  if (typeof value === 'number')
    return integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)(value, place);
  if (typeof value === 'string') return text()(value, place);
  throw new ShapeRefused(place, 'a text, a whole number, true or false');
};

const bound = nullable(integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER));

/** Decoder of a declaration. */
export const parameterShape: Shape<Parameter> = struct<Parameter>({
  name: text({ maxLength: 63, form: /^[A-Za-z][A-Za-z0-9_.-]*$/, what: 'a parameter name' }),
  type: oneOf('string', 'integer', 'boolean', 'enum', 'cidr'),
  default: nullable(parameterValue),
  pattern: nullable(text({ maxLength: 1024 })),
  maxLength: nullable(integer(0, 4096)),
  minimum: bound,
  maximum: bound,
  values: list(text({ maxLength: 256 }), 256),
  places: list(
    struct<ParameterPlace>({ object: integer(0, 2 ** 31), pointer: text({ maxLength: 1024 }) }),
    1000,
  ),
});

/** Is the value what the declaration allows? */
export function checkParameter(parameter: Parameter, value: ParameterValue): ParameterCheck {
  switch (parameter.type) {
    case 'boolean':
      return verdict(typeof value === 'boolean', 'true or false');
    case 'integer': {
      const low = parameter.minimum ?? Number.MIN_SAFE_INTEGER;
      const high = parameter.maximum ?? Number.MAX_SAFE_INTEGER;
      const fits = typeof value === 'number' && Number.isSafeInteger(value) && value >= low && value <= high;
      return verdict(fits, `a whole number from ${low} to ${high}`);
    }
    case 'enum':
      return verdict(
        typeof value === 'string' && parameter.values.includes(value),
        `one of ${parameter.values.join(', ')}`,
      );
    case 'cidr':
      return verdict(typeof value === 'string' && isCidr(value), 'a network such as 10.0.0.0/8');
    case 'string': {
      const maxLength = parameter.maxLength ?? 4096;
      const fits =
        typeof value === 'string' &&
        value.isWellFormed() &&
        value.length <= maxLength &&
        (parameter.pattern === null || matches(parameter.pattern, value));
      return verdict(
        fits,
        `a text of at most ${maxLength} characters${parameter.pattern === null ? '' : ` matching ${parameter.pattern}`}`,
      );
    }
  }
}

/** All values of a site: the given ones over the defaults; the first that is unknown, missing or not allowed ends it. */
export function resolveParameters(
  parameters: readonly Parameter[],
  given: Readonly<Record<string, ParameterValue>>,
):
  | { readonly ok: true; readonly values: ReadonlyMap<string, ParameterValue> }
  | {
      readonly ok: false;
      readonly code: 'PARAMETER_UNKNOWN' | 'PARAMETER_WITHOUT_VALUE' | 'PARAMETER_REFUSED';
      readonly name: string;
      readonly why: string;
    } {
  const values = new Map<string, ParameterValue>();
  const stray = Object.keys(given).find((name) => !parameters.some((parameter) => parameter.name === name));
  if (stray !== undefined)
    return { ok: false, code: 'PARAMETER_UNKNOWN', name: stray, why: 'the release does not declare it' };
  for (const parameter of parameters) {
    const value = Object.hasOwn(given, parameter.name) ? given[parameter.name] : parameter.default;
    if (value === null || value === undefined)
      return { ok: false, code: 'PARAMETER_WITHOUT_VALUE', name: parameter.name, why: 'it has no default' };
    const check = checkParameter(parameter, value);
    if (!check.ok) return { ok: false, code: 'PARAMETER_REFUSED', name: parameter.name, why: check.why };
    values.set(parameter.name, value);
  }
  return { ok: true, values };
}

/**
 * The bytes of an object with the values at its places. Only these bytes differ from the release's object, and only
 * there; an object without places is returned as it is. Throws RangeError when a pointer matches nothing.
 */
export function fillObject(
  bytes: Uint8Array,
  fillings: readonly { readonly pointer: string; readonly value: ParameterValue }[],
): { readonly bytes: Uint8Array; readonly digest: string } {
  if (fillings.length === 0) return { bytes, digest: digestOf(bytes) };
  let object: JsonValue = readJson(bytes, objectLimits);
  for (const { pointer, value } of fillings) {
    const steps = parsePointer(pointer);
    const changed = steps === undefined ? undefined : replaceAt(object, steps, value);
    if (changed === undefined) throw new RangeError(`nothing at ${pointer}`);
    object = changed;
  }
  const filled = canonicalBytes(object);
  if (!filled.ok) throw new RangeError(`${filled.reason} at ${filled.pointer}`);
  return { bytes: filled.bytes, digest: digestOf(filled.bytes) };
}

/**
 * Patterns are the author's, values come from the control plane: some of the former are in effect endless for some of
 * the latter, and whoever waits for that does nothing else any more. What takes longer than a second does not match.
 */
function matches(pattern: string, value: string): boolean {
  const whole = new RegExp(`^(?:${pattern})$`, 'u');
  try {
    const found: unknown = runInNewContext(
      'whole.test(value)',
      { whole, value },
      { timeout: matchTimeoutMs },
    );
    return found === true;
  } catch (error) {
    if (isTimeout(error)) return false;
    throw error;
  }
}

const matchTimeoutMs = 1_000;

/** It comes from the context that was stopped, so it is no Error of ours. */
function isTimeout(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}

function verdict(ok: boolean, why: string): ParameterCheck {
  return ok ? { ok } : { ok, why: `must be ${why}` };
}

/** IPv4 or IPv6 network in the usual notation; host bits may be set, as Kubernetes allows. */
function isCidr(value: string): boolean {
  const [address, prefix, ...rest] = value.split('/');
  if (address === undefined || prefix === undefined || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(prefix))
    return false;
  if (/^\d+(\.\d+){3}$/.test(address)) {
    return (
      Number(prefix) <= 32 &&
      address.split('.').every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
    );
  }
  return Number(prefix) <= 128 && isIpv6(address);
}

function isIpv6(address: string): boolean {
  const halves = address.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? groups.length <= 7 : groups.length === 8;
}
