// How commands print facts: -o table (for people), wide (more columns), json and yaml (for programs, and stable).
// A command gives its data once, as plain values, and says how a row looks. Colours and widths never change what
// json and yaml say. Called by every command that prints facts.

import { Option } from 'commander';
import { dump } from 'js-yaml';
import type { CommandContext } from './context.ts';

export const outputFormats = ['table', 'wide', 'json', 'yaml'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** One column of a table. `wide` ones are only shown with -o wide. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly wide?: boolean;
}

/** The option of every command that prints facts. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to print').choices(outputFormats).default('table');
}

/** Prints one fact or many: `data` for programs, `text` for people. */
export function printFacts(
  context: CommandContext,
  format: OutputFormat,
  facts: { data: unknown; text: (wide: boolean) => string },
): void {
  if (format === 'json') context.out(JSON.stringify(facts.data, undefined, 2));
  else if (format === 'yaml') context.out(dump(facts.data, { noRefs: true, lineWidth: -1 }).trimEnd());
  else context.out(facts.text(format === 'wide'));
}

/** Prints rows as a table, or `data` (the rows themselves when absent) for programs. */
export function printTable<Row>(
  context: CommandContext,
  format: OutputFormat,
  table: { readonly columns: readonly Column<Row>[]; readonly rows: readonly Row[]; readonly data?: unknown },
): void {
  const { columns, rows, data = rows } = table;
  printFacts(context, format, { data, text: (wide) => tableText(columns, rows, wide) });
}

/** Left-aligned columns two spaces apart under upper-case titles; no trailing spaces. */
export function tableText<Row>(columns: readonly Column<Row>[], rows: readonly Row[], wide = false): string {
  const shown = columns.filter((column) => wide || column.wide !== true);
  const lines = [
    shown.map((column) => column.title.toUpperCase()),
    ...rows.map((row) => shown.map((column) => column.value(row))),
  ];
  const widths = shown.map((_, index) => Math.max(...lines.map((line) => displayWidth(line[index] ?? ''))));
  return lines
    .map((line) =>
      line
        .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - displayWidth(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `name: value` lines with the values under each other; empty values are left out. */
export function factLines(facts: readonly (readonly [name: string, value: string])[]): string {
  const shown = facts.filter(([, value]) => value !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${value}`).join('\n');
}

/** Characters, not UTF-16 units; wide glyphs are not told apart. */
function displayWidth(text: string): number {
  return Array.from(text).length;
}
