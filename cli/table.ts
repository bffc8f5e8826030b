// Tables that fit the width they are given: columns are hidden whole, the least important first, and the caller says
// which ones; a cell is never cut. PURE. Called by output.ts, by watches and by the live view of `npm start`.

import { displayWidth, noPaint, type Paint, type Tone } from './paint.ts';
import { printable } from './wrap.ts';

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly tone?: (row: Row) => Tone;
  /** Only shown with -o wide or when asked for by name. */
  readonly wide?: boolean;
  /** The higher, the sooner hidden where the width does not do; 0 (or none) stays. */
  readonly rank?: number;
}

export interface FittedColumns<Row> {
  readonly shown: readonly Column<Row>[];
  /** Those that had to go for the width, in the order of the table. */
  readonly hidden: readonly Column<Row>[];
}

const gap = 2;

/** As many columns as the width holds. */
export function fitColumns<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): FittedColumns<Row> {
  const byImportance = columns.toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  const kept = new Set<Column<Row>>();
  let used = -gap;
  for (const column of byImportance) {
    const needed = gap + columnWidth(column, rows);
    if ((column.rank ?? 0) !== 0 && used + needed > width) continue;
    kept.add(column);
    used += needed;
  }
  return {
    shown: columns.filter((column) => kept.has(column)),
    hidden: columns.filter((column) => !kept.has(column)),
  };
}

/** Left-aligned columns two spaces apart under upper-case titles; no trailing spaces. */
export function tableText<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  paint: Paint = noPaint,
): string {
  const widths = columns.map((column) => columnWidth(column, rows));
  const line = (cells: readonly { readonly text: string; readonly tone: Tone }[]): string => {
    const last = cells.findLastIndex(({ text }) => text !== '');
    const padded = cells.slice(0, last + 1).map(({ text, tone }, index) => {
      const space = index === last ? 0 : (widths[index] ?? 0) - displayWidth(text);
      return paint(tone, text) + ' '.repeat(space);
    });
    return padded.join(' '.repeat(gap));
  };
  return [
    line(columns.map(({ title }) => ({ text: title.toUpperCase(), tone: 'strong' }))),
    ...rows.map((row) =>
      line(columns.map((column) => ({ text: cell(column, row), tone: column.tone?.(row) ?? 'plain' }))),
    ),
  ].join('\n');
}

/** What to say of hidden columns; empty when there are none. */
export function hiddenColumns<Row>({ hidden }: FittedColumns<Row>, how: string): string {
  if (hidden.length === 0) return '';
  const names = hidden.map(({ title }) => title).join(', ');
  return `${hidden.length === 1 ? '1 column is' : `${hidden.length} columns are`} hidden for lack of width: ${names}. ${how}`;
}

function cell<Row>(column: Column<Row>, row: Row): string {
  return printable(column.value(row));
}

function columnWidth<Row>(column: Column<Row>, rows: readonly Row[]): number {
  return Math.max(displayWidth(column.title), ...rows.map((row) => displayWidth(cell(column, row))));
}
