// Colours on the screen of the person on site: red, amber, green, and bold for what to read first. PURE.
// Law: a colour only ever repeats what the words say. Colours are on when stdout is a terminal, or when FORCE_COLOR says so;
// NO_COLOR turns them off. Called by the screens of this room and by agent/doctor.
import type { Environment } from '../../daemon/config.ts';

export type Colour = 'red' | 'amber' | 'green' | 'bold' | 'dim';
export type Paint = (colour: Colour, text: string) => string;

export const plain: Paint = (_colour, text) => text;

const codes = { red: [31, 39], amber: [33, 39], green: [32, 39], bold: [1, 22], dim: [2, 22] } as const;

export const coloured: Paint = (colour, text) => {
  const [on, off] = codes[colour];
  return `\u001B[${on}m${text}\u001B[${off}m`;
};

/** Colours or none, by the terminal and the environment. */
export function paintFor(isTerminal: boolean, { NO_COLOR, FORCE_COLOR }: Environment): Paint {
  if (NO_COLOR !== undefined && NO_COLOR !== '') return plain;
  const isForced = FORCE_COLOR !== undefined && FORCE_COLOR !== '' && FORCE_COLOR !== '0';
  return isTerminal || isForced ? coloured : plain;
}
