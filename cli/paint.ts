// Colours of trectl and of the live view: red, amber, green for what is bad, doubtful, good, on a terminal alone.
// Invariant: colour repeats what the words say and never says more. PURE. Used by everything that prints for people.

import type { Environment } from '../daemon/config.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'strong' | 'faint' | 'plain';

/** Gives a text its tone; the text itself where there are no colours. */
export type Paint = (tone: Tone, text: string) => string;

const escape = '\u001b';
const codes: Readonly<Record<Exclude<Tone, 'plain'>, number>> = {
  good: 32,
  warn: 33,
  bad: 31,
  strong: 1,
  faint: 2,
};
const sequence = new RegExp(`${escape}\\[[0-9;]*m`, 'g');

export const noPaint: Paint = (_tone, text) => text;

/** Colours where they are wanted, plain text elsewhere. */
export function painter(isColoured: boolean): Paint {
  if (!isColoured) return noPaint;
  return (tone, text) =>
    tone === 'plain' || text === '' ? text : `${escape}[${codes[tone]}m${text}${escape}[0m`;
}

/** NO_COLOR turns colours off, FORCE_COLOR on; otherwise a terminal that can show them decides. */
export function wantsColour(environment: Environment, isTerminal: boolean): boolean {
  if ((environment['NO_COLOR'] ?? '') !== '') return false;
  const forced = environment['FORCE_COLOR'] ?? '';
  if (forced !== '') return forced !== '0';
  return isTerminal && environment['TERM'] !== 'dumb';
}

/** The text without its colours. */
export function withoutColour(text: string): string {
  return text.replaceAll(sequence, '');
}

/** Columns that a text takes: characters, not UTF-16 units, and no colours; wide glyphs are not told apart. */
export function displayWidth(text: string): number {
  return Array.from(withoutColour(text)).length;
}
