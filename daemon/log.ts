// One JSON line per event on stdout, for journald or a terminal's `jq`. Invariants: fields are flat
// scalars (no object can be logged by accident), fields with a secret's name are masked, an error is
// printed with its whole chain of causes. Written synchronously, so the last line before a crash is there.

import { pino } from 'pino';
import { errorChain } from './errors.ts';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogFields {
  readonly [name: string]: unknown;
  /** Printed as its chain of causes. Every other field must be a string, number, boolean or undefined. */
  readonly error?: unknown;
}

export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A log that adds `fields` to every line. */
  child(fields: LogFields): Log;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Where lines go; stdout when not given. */
  readonly write?: (line: string) => void;
}

export function createLog(options: LogOptions): Log {
  const { write } = options;
  const destination = write === undefined ? pino.destination({ fd: 1, sync: true }) : { write };
  const logger = pino(
    {
      level: options.level,
      // Neither process id nor host name: the supervisor knows the first, and the second is private.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'message',
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return withFields(logger, {});
}

const ignore = (): void => undefined;

/** Says nothing; for tests and for commands that print their own text. */
export const silentLog: Log = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  child: () => silentLog,
};

function withFields(logger: pino.Logger, bound: LogFields): Log {
  return {
    debug: (fields, message) => logger.debug(printable({ ...bound, ...fields }), masked(message)),
    info: (fields, message) => logger.info(printable({ ...bound, ...fields }), masked(message)),
    warn: (fields, message) => logger.warn(printable({ ...bound, ...fields }), masked(message)),
    error: (fields, message) => logger.error(printable({ ...bound, ...fields }), masked(message)),
    child: (fields) => withFields(logger, { ...bound, ...fields }),
  };
}

type Scalar = string | number | boolean;

function printable(fields: LogFields): Record<string, Scalar> {
  const result: Record<string, Scalar> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) result[name] = printableValue(name, value);
  }
  return result;
}

const secretName = /token|authorization|password|secret|cookie|key$/i;

function printableValue(name: string, value: unknown): Scalar {
  if (secretName.test(name)) return '[hidden]';
  if (name === 'error') return masked(errorChain(value));
  if (typeof value === 'string') return masked(value);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  return `[${typeof value}]`;
}

// Texts of other programs may quote a header, an address or a key file; no secret of theirs belongs in a log.
const bearer = /\b(bearer|basic)\s+[\w.~+/=-]+/gi;
const assignment = /((?:token|password|secret)["']?\s*[:=]\s*["']?)[^\s"'&,;}]+/gi;
const pem = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g;

function masked(text: string): string {
  return text
    .replaceAll(pem, '[hidden]')
    .replaceAll(bearer, '$1 [hidden]')
    .replaceAll(assignment, '$1[hidden]');
}
