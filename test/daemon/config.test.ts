// Where a setting comes from, that its origin is known, and that everything wrong is said at once.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { z } from 'zod';
import { environment, loadConfig, type Origin, userFolders } from '../../daemon/config.ts';
import { isDaemonError } from '../../daemon/errors.ts';
import { scratch } from '../support/scratch.ts';

const schema = z.object({
  port: z.number().int().min(1).max(65_535).default(7_000),
  dataDir: z.string().default('/data'),
  verbose: z.boolean().default(false),
  peers: z.array(z.object({ name: z.string() })).default([]),
});

const ports = { flag: { port: '1' }, environment: { APP_PORT: '2' }, file: '{"port": 3}' } as const;

interface Given {
  readonly flags?: Record<string, unknown>;
  readonly environment?: Record<string, string>;
  readonly file?: string | undefined;
}

async function load(
  t: { teardown(fn: () => void): void },
  given: Given,
): ReturnType<typeof loadConfig<typeof schema>> {
  const defaultFile = join(scratch(t), 'app.json');
  if (given.file !== undefined) writeFileSync(defaultFile, given.file);
  return loadConfig({
    schema,
    prefix: 'APP_',
    flags: given.flags ?? {},
    environment: given.environment ?? {},
    parse: JSON.parse,
    defaultFile,
  });
}

const precedence = test.macro({
  exec: async (
    t,
    flag: boolean,
    variable: boolean,
    file: boolean,
    port: number,
    source: Origin['source'],
  ) => {
    const { values, origins } = await load(t, {
      flags: flag ? ports.flag : {},
      environment: variable ? ports.environment : {},
      file: file ? ports.file : undefined,
    });
    t.is(values.port, port);
    t.is(origins.port.source, source);
  },
  title: (_, flag, variable, file, _port, source) =>
    `${[flag && 'flag', variable && 'environment', file && 'file'].filter(Boolean).join(' + ') || 'nothing'} gives the ${source}`,
});

test(precedence, true, true, true, 1, 'flag');
test(precedence, true, true, false, 1, 'flag');
test(precedence, true, false, true, 1, 'flag');
test(precedence, true, false, false, 1, 'flag');
test(precedence, false, true, true, 2, 'environment');
test(precedence, false, true, false, 2, 'environment');
test(precedence, false, false, true, 3, 'file');
test(precedence, false, false, false, 7_000, 'default');

test('every origin has the name that a person would change', async (t) => {
  const { origins } = await load(t, {
    flags: { dataDir: '/x' },
    environment: { APP_VERBOSE: 'true' },
    file: '{"peers": []}',
  });
  t.is(origins.dataDir.name, '--data-dir');
  t.is(origins.verbose.name, 'APP_VERBOSE');
  t.regex(origins.peers.name, /app\.json$/);
  t.deepEqual(origins.port, { source: 'default', name: '' });
});

test('text from flags and environment becomes what the key wants', async (t) => {
  const { values } = await load(t, {
    flags: { verbose: true, dataDir: '123' },
    environment: { APP_PORT: '8080', APP_PEERS: '[{"name": "a"}]' },
  });
  t.deepEqual(values, { port: 8_080, dataDir: '123', verbose: true, peers: [{ name: 'a' }] });
});

test('an empty variable and an absent flag are not given; foreign flags are not looked at', async (t) => {
  const { values, origins } = await load(t, {
    flags: { port: undefined, json: true },
    environment: { APP_PORT: '' },
  });
  t.is(values.port, 7_000);
  t.is(origins.port.source, 'default');
  t.false('json' in values);
});

test('the result is frozen to its depth', async (t) => {
  const { values, origins } = await load(t, { file: '{"peers": [{"name": "a"}]}' });
  t.true(
    Object.isFrozen(values) &&
      Object.isFrozen(values.peers) &&
      Object.isFrozen(values.peers[0]) &&
      Object.isFrozen(origins),
  );
});

test('one error names everything that is wrong with its place, and no value', async (t) => {
  const error = await t.throwsAsync(
    load(t, {
      flags: { port: 'hunter2' },
      environment: { APP_VERBOSE: 'hunter2' },
      file: '{"prot": 1, "constructor": 1, "peers": [{"name": "hunter2"}, {}]}',
    }),
  );
  t.true(isDaemonError(error, 'config-invalid'));
  const lines = (error?.message ?? '').split('\n').map((line) => line.trim());
  t.is(lines.length, 6);
  t.true(lines.some((line) => line.endsWith('app.json: there is no setting prot')));
  t.true(lines.some((line) => line.endsWith('app.json: there is no setting constructor')));
  t.true(lines.some((line) => line.startsWith('--port: ')));
  t.true(lines.some((line) => line.startsWith('APP_VERBOSE: ')));
  t.true(lines.some((line) => /app\.json: peers\.1\.name: /.test(line)));
  t.notRegex(error?.message ?? '', /hunter2/);
});

test('a missing setting says the three ways to give it', async (t) => {
  const error = await t.throwsAsync(
    loadConfig({
      schema: z.object({ keyFile: z.string() }),
      prefix: 'APP_',
      environment: {},
      parse: JSON.parse,
    }),
  );
  t.regex(error?.message ?? '', /keyFile is missing: give --key-file, APP_KEY_FILE or keyFile in the file/);
});

const badFile = test.macro(async (t, file: string, pattern: RegExp) => {
  const error = await t.throwsAsync(load(t, { file }));
  t.true(isDaemonError(error, 'config-invalid'));
  t.regex(error?.message ?? '', pattern);
});
test('a file that cannot be parsed is named', badFile, '{', /app\.json cannot be read as configuration/);
test('a file that holds a list is refused', badFile, '[]', /app\.json must hold settings by name/);
test('a file that holds a text is refused', badFile, '"x"', /app\.json must hold settings by name/);
test('an empty document is an empty configuration', async (t) => {
  t.is((await load(t, { file: 'null' })).values.port, 7_000);
});

test('a file named by flag or variable must be there, and the flag wins', async (t) => {
  const folder = scratch(t);
  writeFileSync(join(folder, 'flag.json'), '{"port": 1}');
  writeFileSync(join(folder, 'variable.json'), '{"port": 2}');
  const variable = { APP_CONFIG: join(folder, 'variable.json') };
  t.is((await load(t, { environment: variable, file: ports.file })).values.port, 2);
  t.is(
    (await load(t, { environment: variable, flags: { config: join(folder, 'flag.json') } })).values.port,
    1,
  );
  const error = await t.throwsAsync(load(t, { flags: { config: join(folder, 'none.json') } }));
  t.true(isDaemonError(error, 'path-unreadable'));
});

test('folders of the user follow the XDG rules', (t) => {
  t.deepEqual(userFolders({ HOME: '/h' }), {
    stateHome: '/h/.local/state',
    cacheHome: '/h/.cache',
    configHome: '/h/.config',
  });
  t.like(userFolders({ HOME: '/h', XDG_STATE_HOME: '/s', XDG_CACHE_HOME: 'relative', XDG_CONFIG_HOME: '' }), {
    stateHome: '/s',
    cacheHome: '/h/.cache',
    configHome: '/h/.config',
  });
});

test('the environment is a copy that cannot be changed', (t) => {
  t.is(environment()['PATH'], process.env['PATH']);
  t.true(Object.isFrozen(environment()));
});
