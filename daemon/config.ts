// The only reader of the process's environment. A setting comes from a flag, else from the environment,
// else from the file, else from its default, and its origin is kept. Invariants: the result is frozen and
// fits the schema; an unknown key in the file is refused; one error names everything that is wrong.
// Called by each main.ts and by command files; the schema and the prefix are theirs.

import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import process from 'node:process';
import type { z } from 'zod';
import { readIfPresent } from './atomic-file.ts';
import { DaemonError, errorChain } from './errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a value came from: `--data-dir`, `<PREFIX>DATA_DIR`, the path of the file, or nothing for a default. */
export interface Origin {
  readonly source: 'flag' | 'environment' | 'file' | 'default';
  readonly name: string;
}

export interface Config<Values> {
  readonly values: Readonly<Values>;
  readonly origins: Readonly<Record<keyof Values, Origin>>;
}

export interface ConfigOptions<Schema extends z.ZodObject> {
  /** One level of camelCase keys: `dataDir` is `--data-dir`, `<PREFIX>DATA_DIR` and `dataDir:` in the file. */
  readonly schema: Schema;
  /** Of environment variables, with its underscore. */
  readonly prefix: string;
  /** By camelCase key; `config` names the file; keys that are not in the schema are not looked at. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Read when it is there; a file named by flag or environment must be there. */
  readonly defaultFile?: string;
  /** Text of the file to plain data. */
  readonly parse: (text: string) => unknown;
  readonly environment?: Environment;
}

/** @throws DaemonError `config-invalid` with one line per problem, `path-unreadable` for the file */
export async function loadConfig<Schema extends z.ZodObject>(
  options: ConfigOptions<Schema>,
): Promise<Config<z.infer<Schema>>> {
  const { schema, flags = {}, prefix } = options;
  const env = options.environment ?? environment();
  const file = await readConfigFile(options, flags['config'] ?? env[`${prefix}CONFIG`]);
  const problems = Object.keys(file.content)
    .filter((key) => !Object.hasOwn(schema.shape, key))
    .map((key) => `${file.path}: there is no setting ${key}`);
  const given: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const key of Object.keys(schema.shape)) {
    const flagged = flags[key];
    const variable = env[variableName(prefix, key)];
    if (flagged !== undefined) {
      origins[key] = { source: 'flag', name: flagName(key) };
      given[key] = fromText(schema, key, flagged);
    } else if (variable !== undefined && variable !== '') {
      origins[key] = { source: 'environment', name: variableName(prefix, key) };
      given[key] = fromText(schema, key, variable);
    } else if (Object.hasOwn(file.content, key)) {
      origins[key] = { source: 'file', name: file.path };
      given[key] = file.content[key];
    } else {
      origins[key] = { source: 'default', name: '' };
    }
  }
  const result = schema.safeParse(given);
  for (const issue of result.error?.issues ?? []) problems.push(problemText(issue, origins, prefix));
  if (problems.length > 0 || !result.success) {
    throw new DaemonError('config-invalid', `the configuration is not valid:\n  ${problems.join('\n  ')}`);
  }
  return {
    values: deepFreeze(result.data),
    origins: Object.freeze(origins) as Config<z.infer<Schema>>['origins'],
  };
}

/** A copy of the environment, for giving to child processes and to what needs a single variable. */
export function environment(): Environment {
  return Object.freeze({ ...process.env });
}

/** The user's folders by the XDG base directory rules; a relative path there is to be ignored. */
export interface UserFolders {
  readonly stateHome: string;
  readonly cacheHome: string;
  readonly configHome: string;
}

export function userFolders(env: Environment = environment()): UserFolders {
  const home = env['HOME'] ?? homedir();
  const folder = (variable: string, ...otherwise: string[]): string => {
    const value = env[variable];
    return value !== undefined && isAbsolute(value) ? value : join(home, ...otherwise);
  };
  return {
    stateHome: folder('XDG_STATE_HOME', '.local', 'state'),
    cacheHome: folder('XDG_CACHE_HOME', '.cache'),
    configHome: folder('XDG_CONFIG_HOME', '.config'),
  };
}

interface ConfigFile {
  readonly path: string;
  readonly content: Readonly<Record<string, unknown>>;
}

async function readConfigFile(
  options: Pick<ConfigOptions<z.ZodObject>, 'defaultFile' | 'parse'>,
  named: unknown,
): Promise<ConfigFile> {
  const path = typeof named === 'string' && named !== '' ? named : options.defaultFile;
  if (path === undefined) return { path: '', content: {} };
  const bytes = await readIfPresent(path, maxFileBytes);
  if (bytes === undefined) {
    if (path === options.defaultFile) return { path, content: {} };
    throw new DaemonError('path-unreadable', `there is no configuration file ${path}`, { details: { path } });
  }
  let content: unknown;
  try {
    content = options.parse(new TextDecoder('utf8', { fatal: true }).decode(bytes)) ?? {};
  } catch (error) {
    throw new DaemonError('config-invalid', `${path} cannot be read as configuration: ${errorChain(error)}`, {
      cause: error,
      details: { path },
    });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new DaemonError('config-invalid', `${path} must hold settings by name`, { details: { path } });
  }
  return { path, content: content as Record<string, unknown> };
}

const maxFileBytes = 2 ** 20;

function variableName(prefix: string, key: string): string {
  return prefix + key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function flagName(key: string): string {
  return `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Flags and variables are text: text that does not fit the key is tried again as JSON, so `7443` can be a number. */
function fromText(schema: z.ZodObject, key: string, value: unknown): unknown {
  if (typeof value !== 'string' || (schema.shape[key] as z.ZodType).safeParse(value).success) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function problemText(
  issue: z.core.$ZodIssue,
  origins: Readonly<Record<string, Origin>>,
  prefix: string,
): string {
  const key = String(issue.path[0] ?? '');
  const origin = origins[key];
  if (origin === undefined) return issue.message;
  if (origin.source === 'default')
    return `${key} is missing: give ${flagName(key)}, ${variableName(prefix, key)} or ${key} in the file`;
  const name =
    origin.source === 'file'
      ? `${origin.name}: ${issue.path.join('.')}`
      : [origin.name, ...issue.path.slice(1)].join('.');
  return `${name}: ${issue.message}`;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
