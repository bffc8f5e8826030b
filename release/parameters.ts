// The parameters that release.yaml declares, resolved to places: which object by index, which existing field. A
// declaration is refused when its default does not fit it, when it has neither default nor `required`, when a place
// matches nothing, holds another type, is taken twice, or would change what the object is. Pure; called by build.ts.

import type { ErrorCode } from '../proto/errors.ts';
import { checkParameter, type Parameter, type ParameterPlace } from '../proto/parameter.ts';
import { parsePointer, valueAt } from '../proto/pointer.ts';
import type { JsonObject, JsonValue } from '../proto/strict-json.ts';
import { describeSelector, type Identity, selects } from './identity.ts';
import { compareText, type Problem } from './problem.ts';
import type { SourceObject } from './read/sources.ts';
import type { DeclaredParameter, ReleaseFile } from './release-file.ts';
import { describe } from './validate/scalars.ts';

/** An object of the release in its final order, as far as places need it. */
export interface PlacedObject {
  readonly identity: Identity;
  readonly source: SourceObject;
  readonly value: JsonObject;
}

export interface ResolvedParameters {
  readonly parameters: readonly Parameter[];
  readonly problems: readonly Problem[];
}

/** What names an object in the cluster: a site that could change it could make another object. */
const identityPointers = ['/apiVersion', '/kind', '/metadata/name', '/metadata/namespace'];

/** Resolves all parameters against the objects in their final order. */
export function resolveDeclared(file: ReleaseFile, objects: readonly PlacedObject[]): ResolvedParameters {
  const parameters: Parameter[] = [];
  const problems: Problem[] = [];
  const taken = new Map<string, string>();
  for (const [index, declared] of file.declared.parameters.entries()) {
    const refuse = (code: ErrorCode, at: readonly (string | number)[], detail: string): void => {
      const line = file.lineOf(['parameters', index, ...at]);
      problems.push({ code, file: file.path, line, detail: `the parameter ${declared.name} ${detail}` });
    };
    if (parameters.some((parameter) => parameter.name === declared.name))
      refuse('PARAMETER_INVALID', ['name'], 'is declared twice');
    const parameter: Parameter = { ...boundsOf(declared), places: placesOf(declared, objects, refuse) };
    checkDeclaration(parameter, declared, refuse);
    for (const place of parameter.places) {
      const key = `${place.object} ${place.pointer}`;
      const other = taken.get(key);
      if (other !== undefined)
        refuse('PARAMETER_INVALID', ['places'], `goes to a field that ${other} fills already`);
      taken.set(key, declared.name);
    }
    parameters.push(parameter);
  }
  return { parameters: parameters.toSorted((a, b) => compareText(a.name, b.name)), problems };
}

type Refuse = (code: ErrorCode, at: readonly (string | number)[], detail: string) => void;

function boundsOf(declared: DeclaredParameter): Omit<Parameter, 'places'> {
  const none = { pattern: null, maxLength: null, minimum: null, maximum: null, values: [] };
  const base = { ...none, name: declared.name, type: declared.type, default: declared.default ?? null };
  switch (declared.type) {
    case 'string':
      return { ...base, pattern: declared.pattern ?? null, maxLength: declared.maxLength ?? null };
    case 'integer':
      return { ...base, minimum: declared.minimum ?? null, maximum: declared.maximum ?? null };
    case 'enum':
      return { ...base, values: declared.values };
    case 'boolean':
    case 'cidr':
      return base;
  }
}

function checkDeclaration(parameter: Parameter, declared: DeclaredParameter, refuse: Refuse): void {
  const { minimum, maximum } = parameter;
  if (minimum !== null && maximum !== null && minimum > maximum)
    refuse('PARAMETER_INVALID', ['minimum'], 'has no value in its range');
  if (parameter.pattern !== null && !isPattern(parameter.pattern)) {
    return refuse('PARAMETER_INVALID', ['pattern'], 'has a pattern that is no regular expression');
  }
  if (parameter.default === null) {
    if (declared.required !== true)
      refuse('PARAMETER_WITHOUT_VALUE', [], 'has no default, and is not `required: true` either');
    return;
  }
  if (declared.required === true)
    refuse('PARAMETER_INVALID', ['required'], 'is required, so its default would never count');
  const check = checkParameter(parameter, parameter.default);
  if (!check.ok) refuse('PARAMETER_INVALID', ['default'], `has a default that ${check.why}`);
}

function placesOf(
  declared: DeclaredParameter,
  objects: readonly PlacedObject[],
  refuse: Refuse,
): ParameterPlace[] {
  return declared.places.flatMap(({ pointer, ...selector }, index) => {
    const at = ['places', index];
    if (identityPointers.includes(pointer)) {
      refuse('PARAMETER_INVALID', at, `goes to ${pointer}, which says what the object is`);
      return [];
    }
    const selected = objects.flatMap((object, position) =>
      selects(selector, object.identity, object.source) ? [position] : [],
    );
    if (selected.length === 0) {
      refuse(
        'PARAMETER_PLACE_MISSING',
        at,
        `selects ${describeSelector(selector)}, which is not in the release`,
      );
    }
    return selected
      .filter((position) => {
        const value = valueAt(objects[position]?.value ?? null, parsePointer(pointer) ?? []);
        if (value === undefined) {
          refuse(
            'PARAMETER_PLACE_MISSING',
            at,
            `points to ${pointer}, which ${describeSelector(selector)} does not have`,
          );
        } else if (!holds(declared.type, value)) {
          refuse(
            'PARAMETER_INVALID',
            at,
            `is of type ${declared.type}, but ${pointer} holds ${describe(value)}`,
          );
        } else {
          return true;
        }
        return false;
      })
      .map((object) => ({ object, pointer }));
  });
}

/** A field that holds this type already is one that the API server accepts it in. */
function holds(type: DeclaredParameter['type'], value: JsonValue): boolean {
  switch (type) {
    case 'integer':
      return typeof value === 'bigint' || Number.isInteger(value);
    case 'boolean':
      return typeof value === 'boolean';
    default:
      return typeof value === 'string';
  }
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}
