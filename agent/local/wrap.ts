// Text that fits a screen: broken between words, never cut. A word that is longer than the screen stands alone on its line.
// PURE. Colours have no width. Called by the screens of this room.
import type { Paint } from './paint.ts';

/** How a screen is drawn: `width` in columns. */
export interface ScreenOptions {
  readonly width: number;
  readonly paint: Paint;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour is
const colourForm = /\u001B\[\d+m/g;

/** How many columns a text takes. */
export function widthOf(text: string): number {
  return Array.from(text.replaceAll(colourForm, '')).length;
}

/** The text in lines of at most `width` columns; all lines but the first begin with `indent` spaces. */
export function wrapped(text: string, width: number, indent = 0): string {
  const lines: string[] = [];
  const lead = /^ */.exec(text)?.[0] ?? '';
  let line = lead;
  let isEmpty = true;
  for (const word of text.trim().split(/ +/)) {
    if (!isEmpty && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = ' '.repeat(indent);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join('\n').trimEnd();
}

/** `Label:        value`, the value in a column of its own. */
export function labelled(label: string, value: string, width: number): string {
  const [first = '', ...rest] = wrapped(value, width - labelWidth).split('\n');
  const head = `${label}:`.padEnd(labelWidth) + first;
  return [head.trimEnd(), ...rest.map((line) => ' '.repeat(labelWidth) + line)].join('\n');
}

const labelWidth = 16;

/** Rows of cells, left-aligned, two spaces apart, without trailing spaces; a row too wide for the screen is wrapped. */
export function columns(rows: readonly (readonly string[])[], width: number, indent: number): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => widthOf(row[at] ?? ''))));
  const lines = rows.map((row) =>
    row.map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - widthOf(cell))).join('  '),
  );
  return lines
    .map((line) => `${' '.repeat(indent)}${line}`.trimEnd())
    .map((line) => (widthOf(line) <= width ? line : wrapped(line, width, indent + 2)))
    .join('\n');
}
