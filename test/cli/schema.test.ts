// Whatever prints JSON has a schema, and what authors' commands print fits theirs; those of operators are checked where
// they are tested against a real control plane.

import test from 'ava';
import { Command } from 'commander';
import type { CommandContext } from '../../cli/context.ts';
import { shapeFor, shapeOf } from '../../cli/schema.ts';
import { allCommands, login, openDesk } from '../support/operator-desk.ts';

type Printing = keyof typeof shapeOf;

test('every command that takes -o has a schema, and no other has', async (t) => {
  const program = new Command('trectl');
  for (const register of await allCommands()) register(program, {} as CommandContext);
  const printing = (command: Command, path: readonly string[]): string[] => [
    ...(command.options.some(({ long }) => long === '--output') ? [path.join(' ')] : []),
    ...command.commands.flatMap((one) => printing(one, [...path, one.name()])),
  ];
  const withoutFlags = new Set(Object.keys(shapeOf).map((name) => name.replace(/ --.*/, '')));
  t.deepEqual([...withoutFlags].toSorted(), printing(program, []).toSorted());
});

test('what is printed for authors fits', async (t) => {
  const desk = await openDesk(t);
  await login(desk);
  const fits = async (command: Printing, ...args: string[]): Promise<void> => {
    const { stdout } = await desk.trectl(...command.split(' '), ...args, '-o', 'json');
    const fit = (await shapeFor(command)).safeParse(JSON.parse(stdout));
    t.true(fit.success, `${command}: ${fit.error?.message}\n${stdout}`);
  };
  await fits('key new', 'alice', '--out', '@keys');
  await desk.done('key', 'set', '--threshold', '1', '@keys/alice.pub', '--out', '@keyset.json');
  await fits('release build', '@src', '--out', '@out');
  await fits('release build', '@keys', '--out', '@out');
  await fits('release sign', '@out', '--key', '@keys/alice.key');
  await fits('release verify', '@out', '--keyset', '@keyset.json');
  await fits('release diff', '@out', '@out');
  await fits('release publish', '@out');
  await fits('release list');
});

test('schemas are printed as JSON Schema that promises fields and allows others', async (t) => {
  const desk = await openDesk(t);
  for (const command of Object.keys(shapeOf)) {
    const schema = JSON.parse(await desk.done('schema', command)) as Record<string, unknown>;
    t.is(schema['title'], `trectl ${command} -o json`);
    t.notRegex(JSON.stringify(schema), /"additionalProperties":false/);
  }
  const site = JSON.parse(await desk.done('schema', 'site show')) as { required: string[] };
  t.true(site.required.includes('verdict') && site.required.includes('unhealthy'));
  t.is((await desk.trectl('schema', 'site')).code, 2);
  t.is(
    await desk.done('schema', 'audit'),
    await desk.done('schema', 'audit list'),
    'what `trectl audit` does by itself',
  );
});
