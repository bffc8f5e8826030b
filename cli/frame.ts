// A block of lines at the bottom of a terminal that is drawn over in place. Invariants: one write per drawing; what
// stands above is never touched, and grows by what is said meanwhile; a block that does not fit the screen is shortened
// by its maker, not here, apart from a last cut at the height of the screen. And the beat at which it is drawn anew: what
// it says of ages must not stand still while an answer is waited for. Used by watches and by the live view of `npm start`.

import type { Clock } from '../daemon/clock.ts';
import type { Terminal } from './context.ts';
import { displayWidth } from './paint.ts';

const escape = '\u001b[';

export interface Frame {
  readonly terminal: Terminal;
  draw(lines: readonly string[]): void;
  /** Whole lines that stay, above the block: written in any other way they would move it, and be drawn over. */
  say(text: string): void;
  /** The block stays as it is; what comes stands below it. */
  leave(): void;
}

export function createFrame(terminal: Terminal): Frame {
  let drawn: readonly string[] = [];
  const show = (said: readonly string[], block: readonly string[]): void => {
    const { columns } = terminal;
    // A terminal that was made narrower has wrapped what stands there: counted with its width of now.
    const up = drawn.reduce((rows, line) => rows + rowsOf(line, columns), 0);
    drawn = fitting(block, terminal);
    const begin = up === 0 ? '' : `${escape}${up}F`;
    terminal.write(`${begin}${[...said, ...drawn].map((line) => row(line, columns)).join('')}${escape}J`);
  };
  return {
    terminal,
    draw: (block) => show([], block),
    say: (text) => (drawn.length === 0 ? terminal.write(text) : show(text.trimEnd().split('\n'), drawn)),
    leave: () => {
      drawn = [];
    },
  };
}

export interface Redrawing {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly draw: () => void;
}

const redrawMs = 1_000;

/** The outcome of the work; every second until then, whatever the work waits for, it is drawn. */
export async function whileDrawing<T>(
  work: () => Promise<T>,
  { clock, signal, draw }: Redrawing,
): Promise<T> {
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  const drawing = async (): Promise<never> => {
    for (;;) {
      await clock.sleep(redrawMs, either);
      draw();
    }
  };
  try {
    return await Promise.race([work(), drawing()]);
  } finally {
    ending.abort();
  }
}

function fitting(lines: readonly string[], { rows, columns }: Terminal): readonly string[] {
  let left = rows - 1;
  const cut = lines.findIndex((line) => {
    left -= rowsOf(line, columns);
    return left < 0;
  });
  return cut < 0 ? lines : lines.slice(0, cut);
}

/** The line, and what stood to the right of it gone. After the last column some terminals would take its character away. */
function row(line: string, columns: number): string {
  const width = displayWidth(line);
  return width > 0 && width % columns === 0 ? `${line}\n` : `${line}${escape}K\n`;
}

/** Rows that a line takes on a terminal of so many columns. */
export function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(displayWidth(line) / Math.max(1, columns)));
}
