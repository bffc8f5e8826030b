// `trectl schema`: the JSON Schema of what a command prints with -o json, for whoever writes a program around it.
// Only fields named there are promised; others may come at any time.

import { type Command, InvalidArgumentError } from 'commander';
import type { ZodType } from 'zod';
import type { CommandContext } from './context.ts';

/** What prints what: the command, without its arguments, and the name of its shape in the two files of schemas. */
export const shapeOf = {
  'audit list': 'audit',
  'audit verify': 'verifiedAudit',
  events: 'events',
  'events --follow': 'event',
  'key new': 'newKey',
  'release build': 'builtRelease',
  'release diff': 'releaseDiff',
  'release list': 'releases',
  'release publish': 'publishedRelease',
  'release sign': 'signedRelease',
  'release verify': 'verifiedRelease',
  'site assign': 'desired',
  'site create': 'site',
  'site label': 'site',
  'site list': 'sites',
  'site list --watch': 'siteChange',
  'site rename': 'site',
  'site revoke': 'revoked',
  'site rollback': 'desired',
  'site show': 'siteDetail',
} as const;

/** What is run where a group is given without a command. */
const defaultOf: Readonly<Record<string, keyof typeof shapeOf>> = { audit: 'audit list' };

export function registerSchema(program: Command, context: CommandContext): void {
  program
    .command('schema')
    .argument('<command>', 'such as "site list"', known)
    .description('print the JSON Schema of what a command prints with -o json')
    .addHelpText('after', '\nExample:\n  $ trectl schema "site list" > site-list.schema.json')
    .action((command: keyof typeof shapeOf) => printSchema(context, command));
}

async function printSchema(context: CommandContext, command: keyof typeof shapeOf): Promise<void> {
  const { toJSONSchema } = await import('zod');
  const schema = toJSONSchema(await shapeFor(command), { io: 'input' });
  context.out(JSON.stringify({ title: `trectl ${command} -o json`, ...schema }, undefined, 2));
}

/** Loaded here, so that no other command pays for it. */
export async function shapeFor(command: keyof typeof shapeOf): Promise<ZodType> {
  const [operators, authors] = await Promise.all([
    import('./answer-schemas.ts'),
    import('./author-schemas.ts'),
  ]);
  return { ...operators, ...authors }[shapeOf[command]];
}

function known(text: string): string {
  const given = text.trim().replace(/^trectl /, '');
  const command = Object.hasOwn(defaultOf, given) ? defaultOf[given] : given;
  if (command !== undefined && Object.hasOwn(shapeOf, command)) return command;
  throw new InvalidArgumentError(`There is one for: ${Object.keys(shapeOf).join(', ')}.`);
}
