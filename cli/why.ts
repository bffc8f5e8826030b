// `--why`: the reason that the audit keeps, of every command that changes something. Needed where what is done is grave
// or hard to take back; never empty where it is given.

import { InvalidArgumentError, Option } from 'commander';

/** The option; `.makeOptionMandatory()` where nobody may do without. */
export function whyOption(): Option {
  return new Option('--why <text>', 'kept in the audit').argParser(reason);
}

function reason(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must say why.');
  return text;
}
