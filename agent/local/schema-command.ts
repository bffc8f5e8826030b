// `tre-agent schema COMMAND`: the JSON Schema of what a command prints with -o json, for whoever writes a program around it.
// Only fields named there are promised; others may come at any time. Registered by main.ts.
import type { Command } from 'commander';
import { errors, TreError } from '../../proto/errors.ts';
import type { LocalContext } from './command-context.ts';
import { outputSchemas } from './output-schemas.ts';

/** `others`: the schemas of commands of other rooms, loaded when they are asked for. */
export function addSchemaCommand(
  program: Command,
  context: LocalContext,
  others: Readonly<Record<string, () => Promise<Readonly<Record<string, unknown>>>>> = {},
): void {
  program
    .command('schema')
    .argument('<command>', 'such as status or "ledger --summary"')
    .description('print the JSON Schema of what a command prints with -o json')
    .addHelpText('after', '\nExample:\n  $ tre-agent schema status > status.schema.json')
    .action(async (command: string) => {
      const schema = outputSchemas[command] ?? (await others[command]?.());
      const known = [...Object.keys(outputSchemas), ...Object.keys(others)];
      if (schema === undefined)
        throw new TreError('USAGE', `${errors.USAGE.text} Known: ${known.join(', ')}.`);
      const $schema = 'https://json-schema.org/draft/2020-12/schema';
      const title = `tre-agent ${command} -o json`;
      context.out(JSON.stringify({ $schema, title, ...schema }, undefined, 2));
    });
}
