// Holds a value against a JSON Schema of the few words that ours use. Throws for a word that it does not know, so that nothing
// passes unseen; fields that the schema does not name are faults too. Used by tests of `-o json`.
import type { JsonSchema } from '../../agent/local/json-schema.ts';

/** Where and why the value does not fit; empty when it does. */
export function misfits(value: unknown, schema: JsonSchema, place = '$'): readonly string[] {
  const known = [
    'type',
    'properties',
    'required',
    'items',
    'enum',
    'anyOf',
    'minimum',
    'format',
    'description',
  ];
  const unknown = Object.keys(schema).filter((word) => !known.includes(word));
  if (unknown.length > 0) throw new Error(`the schema at ${place} says ${unknown.join(', ')}`);
  const choices = schema['anyOf'] as readonly JsonSchema[] | undefined;
  if (choices !== undefined) {
    const faults = choices.map((choice) => misfits(value, choice, place));
    return faults.find((one) => one.length === 0) ?? faults.flat();
  }
  if (!hasType(value, String(schema['type']))) return [`${place} is no ${String(schema['type'])}`];
  const allowed = schema['enum'] as readonly unknown[] | undefined;
  if (allowed !== undefined && !allowed.includes(value)) return [`${place} is ${String(value)}`];
  if (schema['format'] === 'date-time' && new Date(String(value)).toISOString() !== value)
    return [`${place} is no time`];
  if (typeof schema['minimum'] === 'number' && (value as number) < schema['minimum'])
    return [`${place} is too small`];
  if (Array.isArray(value))
    return value.flatMap((item, at) => misfits(item, schema['items'] as JsonSchema, `${place}[${at}]`));
  return typeof value === 'object' && value !== null ? objectMisfits(value, schema, place) : [];
}

function objectMisfits(value: object, schema: JsonSchema, place: string): readonly string[] {
  const properties = schema['properties'] as Readonly<Record<string, JsonSchema>>;
  const missing = (schema['required'] as readonly string[]).filter((name) => !Object.hasOwn(value, name));
  return [
    ...missing.map((name) => `${place}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, item]) => {
      const inner = properties[name];
      return inner === undefined
        ? [`${place}.${name} is not in the schema`]
        : misfits(item, inner, `${place}.${name}`);
    }),
  ];
}

function hasType(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'null') return value === null;
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}
