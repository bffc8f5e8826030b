// `tre-agent schema COMMAND`: the JSON Schema of what a command prints with -o json, for whoever writes a program around it.
// Only fields named there are promised; others may come at any time. Registered by main.ts.
import type { Command } from 'commander';
import { errors, TreError } from '../../proto/errors.ts';
import type { LocalContext } from './command-context.ts';
import { outputSchemas } from './output-schemas.ts';

export function addSchemaCommand(program: Command, context: LocalContext): void {
  program
    .command('schema')
    .argument('<command>', 'such as status or "ledger --summary"')
    .description('print the JSON Schema of what a command prints with -o json')
    .addHelpText('after', '\nExample:\n  $ tre-agent schema status > status.schema.json')
    .action((command: string) => {
      const schema = outputSchemas[command];
      if (schema === undefined)
        throw new TreError('USAGE', `${errors.USAGE.text} Known: ${Object.keys(outputSchemas).join(', ')}.`);
      const $schema = 'https://json-schema.org/draft/2020-12/schema';
      const title = `tre-agent ${command} -o json`;
      context.out(JSON.stringify({ $schema, title, ...schema }, undefined, 2));
    });
}
