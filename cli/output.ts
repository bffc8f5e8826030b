// How commands print facts: -o table (for people), wide (all columns), json and yaml (for programs, and stable).
// A command gives its data once, as plain values, and says how a row looks. Colours and widths never change what
// json and yaml say. Called by every command that prints facts.

import { Option } from 'commander';
import { dump } from 'js-yaml';
import type { CommandContext } from './context.ts';
import { type Column, fitColumns, hiddenColumns, tableText } from './table.ts';
import { wrapped } from './wrap.ts';

const outputFormats = ['table', 'wide', 'json', 'yaml'] as const;
export type OutputFormat = (typeof outputFormats)[number];

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
  else if (format === 'yaml') context.out(yamlText(facts.data));
  else context.out(facts.text(format === 'wide'));
}

/** One of many, as they come: a line of JSON, or a document of YAML. */
export function printNext(context: CommandContext, format: 'json' | 'yaml', data: unknown): void {
  context.out(format === 'json' ? JSON.stringify(data) : `---\n${yamlText(data)}`);
}

function yamlText(data: unknown): string {
  return dump(data, { noRefs: true, lineWidth: -1 }).trimEnd();
}

export interface TableData<Row> {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** What people are told when there are no rows. */
  readonly none?: string;
}

/** Prints rows as a table that fits, or as data for programs. What had to be hidden is said on stderr. */
export function printTable<Row>(
  context: CommandContext,
  format: OutputFormat,
  { columns, rows, none }: TableData<Row>,
): void {
  const isWide = format === 'wide';
  const wanted = columns.filter((column) => isWide || column.wide !== true);
  const fitted = fitColumns(wanted, rows, isWide ? Number.POSITIVE_INFINITY : context.width);
  printFacts(context, format, { data: rows, text: () => tableText(fitted.shown, rows, context.paint) });
  if (format === 'json' || format === 'yaml') return;
  const hint = hiddenColumns(fitted, '-o wide shows all.');
  const said = rows.length === 0 ? none : hint;
  if (said !== undefined && said !== '') context.err(wrapped(said, context.width));
}

/** `name: value` lines with the values under each other, wrapped at `width`; empty values are left out. */
export function factLines(
  facts: readonly (readonly [name: string, value: string])[],
  width = Number.POSITIVE_INFINITY,
): string {
  const shown = facts.filter(([, value]) => value !== '');
  const indent = 2 + Math.max(0, ...shown.map(([name]) => name.length));
  return shown
    .map(
      ([name, value]) =>
        `${`${name}:`.padEnd(indent)}${wrapped(value, width - indent, '').replaceAll('\n', `\n${' '.repeat(indent)}`)}`,
    )
    .join('\n');
}
