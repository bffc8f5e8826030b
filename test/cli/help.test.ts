// Every command of trectl tells how it is used: --help with an example that begins with its own name; and no reason that
// is given for the audit is an empty one.
// The commands are found in the folder, so that a new one cannot be forgotten.

import test from 'ava';
import { Command } from 'commander';
import type { CommandContext } from '../../cli/context.ts';
import { allCommands } from '../support/operator-desk.ts';
import { runTrectl } from '../support/trectl.ts';

/** Names of the commands that do something, such as `['site', 'list']`. */
function leaves(command: Command, path: readonly string[] = []): readonly (readonly string[])[] {
  if (command.commands.length === 0) return [path];
  return command.commands.flatMap((one) => leaves(one, [...path, one.name()]));
}

test('every command has an example of itself', async (t) => {
  const found = await allCommands();
  const program = new Command('trectl');
  for (const register of found) register(program, {} as CommandContext);
  const commands = leaves(program);
  t.true(commands.length >= 25, commands.map((path) => path.join(' ')).join(', '));
  for (const path of commands) {
    const { code, stdout } = await runTrectl(found, [...path, '--help']);
    t.is(code, 0);
    t.true(stdout.includes(`\nExample:\n  $ trectl ${path.join(' ')}`), path.join(' '));
  }
});

test('a reason that says nothing is refused, wherever one is given', async (t) => {
  const found = await allCommands();
  const program = new Command('trectl');
  for (const register of found) register(program, {} as CommandContext);
  const asking = leaves(program).filter((path) => {
    const command = path.reduce<Command | undefined>(
      (parent, name) => parent?.commands.find((one) => one.name() === name),
      program,
    );
    return command?.options.some(({ long }) => long === '--why');
  });
  t.true(asking.length >= 6, asking.map((path) => path.join(' ')).join(', '));
  for (const path of asking) {
    const { code, stderr } = await runTrectl(found, [...path, '--why', '  ']);
    t.is(code, 2, path.join(' '));
    t.regex(stderr, /It must say why/, path.join(' '));
  }
});
