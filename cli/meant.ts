// Before something is done to a site that cannot be taken back: its name has to be typed, so that nobody does it to the
// line above by mistake. `--yes` instead, for programs. Used by `trectl site revoke` and `trectl site delete`.

import { Option } from 'commander';
import { TreError } from '../proto/errors.ts';
import { type CommandContext, exitCodes } from './context.ts';

export interface Intention {
  /** Of the site, as it is called now. */
  readonly name: string;
  /** What is about to be done: `delete it`. */
  readonly deed: string;
  readonly yes: boolean;
}

export function yesOption(): Option {
  return new Option('--yes', 'do not ask for the name');
}

/** Whether to go on; otherwise that nothing was done has been said. Throws TreError USAGE when nobody can be asked. */
export async function isMeant(context: CommandContext, { name, deed, yes }: Intention): Promise<boolean> {
  if (yes) return true;
  if (context.ask === undefined)
    throw new TreError('USAGE', `Nobody can be asked here: add --yes to ${deed}.`);
  if ((await context.ask(`Type the name of the site to ${deed} (${name}): `)).trim() === name) return true;
  context.err('Nothing was done.');
  context.exitCode = exitCodes.failed;
  return false;
}
