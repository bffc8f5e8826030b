// A block of lines at the bottom of a terminal that is drawn over in place. Invariants: one write per drawing; what
// stands above is never touched; a block that does not fit the screen is shortened by its maker, not here, apart from
// a last cut at the height of the screen. Used by watches and by the live view of `npm start`.

import type { Terminal } from './context.ts';
import { displayWidth } from './paint.ts';

const escape = '\u001b[';

export interface Frame {
  draw(lines: readonly string[]): void;
}

export function createFrame(terminal: Terminal): Frame {
  let drawn: readonly string[] = [];
  return {
    draw(lines) {
      // A terminal that was made narrower has wrapped what stands there: counted with its width of now.
      const up = drawn.reduce((rows, line) => rows + rowsOf(line, terminal.columns), 0);
      drawn = fitting(lines, terminal);
      const begin = up === 0 ? '' : `${escape}${up}F`;
      terminal.write(`${begin}${drawn.map((line) => `${line}${escape}K\n`).join('')}${escape}J`);
    },
  };
}

function fitting(lines: readonly string[], { rows, columns }: Terminal): readonly string[] {
  let left = rows - 1;
  const cut = lines.findIndex((line) => {
    left -= rowsOf(line, columns);
    return left < 0;
  });
  return cut < 0 ? lines : lines.slice(0, cut);
}

function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(displayWidth(line) / Math.max(1, columns)));
}
