// The page for operators holds: every command line on it is one that trectl understands.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Command } from 'commander';
import type { CommandContext } from '../../cli/context.ts';
import { allCommands } from '../support/operator-desk.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/operator.md'), 'utf8');
const blocks = page.split('```').filter((_, index) => index % 2 === 1);
const lines = blocks
  .flatMap((block) => block.split('\n'))
  .flatMap((line) => line.match(/trectl [^|&;)]*/g) ?? []);

test('the command lines of the page are understood', async (t) => {
  t.true(lines.length >= 20, `${lines.length}`);
  const program = new Command('trectl').exitOverride();
  for (const register of await allCommands()) register(program, {} as CommandContext);
  let ran = 0;
  const disarm = (command: Command): void => {
    for (const one of command.commands) disarm(one);
    if (command.commands.length === 0) command.action(() => void (ran += 1));
    command
      .exitOverride()
      .configureOutput({ writeErr: (text) => t.log(text), writeOut: (text) => t.log(text) });
  };
  disarm(program);
  for (const line of lines) {
    const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
    const given = args.map((arg) => (arg === '$last' ? '1' : arg));
    await t.notThrowsAsync(program.parseAsync(given.slice(1), { from: 'user' }), line);
  }
  t.is(ran, lines.length);
});
