// The scalars of Kubernetes' own kinds: what the API server can decode into each. Only what it certainly refuses is
// refused here; whether a value makes sense is for admission. Pure; called by shape.ts.

import type { JsonValue } from '../../proto/strict-json.ts';

const quantityForm = /^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;
const timeForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}([.,]\d+)?(Z|[+-]\d{2}:\d{2})$/;
const base64Form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const maxInt32 = 2 ** 31 - 1;

interface Scalar {
  readonly what: string;
  readonly accepts: (value: JsonValue) => boolean;
}

const scalars: Readonly<Record<string, Scalar>> = {
  string: { what: 'a text', accepts: (value) => typeof value === 'string' },
  boolean: { what: 'true or false', accepts: (value) => typeof value === 'boolean' },
  int32: { what: 'a whole number of 32 bits', accepts: isInt32 },
  int64: { what: 'a whole number', accepts: isInteger },
  integer: { what: 'a whole number', accepts: isInteger },
  double: { what: 'a number', accepts: (value) => typeof value === 'number' || typeof value === 'bigint' },
  number: { what: 'a number', accepts: (value) => typeof value === 'number' || typeof value === 'bigint' },
  'int-or-string': {
    what: 'a whole number or a text',
    accepts: (value) => typeof value === 'string' || isInt32(value),
  },
  quantity: { what: 'a quantity such as 500m or 2Gi', accepts: isQuantity },
  byte: {
    what: 'base64',
    accepts: (value) => typeof value === 'string' && base64Form.test(value.replace(/[\r\n]/g, '')),
  },
  'date-time': {
    what: 'a time in RFC 3339',
    accepts: (value) => typeof value === 'string' && timeForm.test(value),
  },
};

/** What was expected, when the server cannot decode the value; undefined when it can, or for a scalar without rules. */
export function scalarMismatch(name: string, value: JsonValue): string | undefined {
  const scalar = Object.hasOwn(scalars, name) ? scalars[name] : undefined;
  return scalar === undefined || scalar.accepts(value) ? undefined : scalar.what;
}

/** How a value is called when it is not what was expected. */
export function describe(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'object':
      return 'an object';
    case 'string':
      return `the text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value)}`;
    default:
      return String(value);
  }
}

function isInteger(value: JsonValue): boolean {
  return typeof value === 'bigint' || Number.isInteger(value);
}

function isInt32(value: JsonValue): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= -maxInt32 - 1 && value <= maxInt32;
}

function isQuantity(value: JsonValue): boolean {
  if (typeof value === 'string') return quantityForm.test(value.trim());
  return typeof value === 'number' || typeof value === 'bigint';
}
