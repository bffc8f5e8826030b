// The tables of docs/ that are made from data: error codes, conditions, the import table. The prose around them
// is written by hand; a table stands between two marks and is replaced as a whole. `npm run docs` writes them,
// the architecture test compares.

import { conditions } from '../../proto/conditions.ts';
import { errors } from '../../proto/errors.ts';
import { healthReasons } from '../../proto/health-reasons.ts';
import { type Door, placeOf, type Room, rooms } from './import-table.ts';

/** Files of docs/ with the table that stands in each. */
export const documentTables: Readonly<
  Record<string, { readonly name: string; readonly render: () => string }>
> = {
  'docs/errors.md': { name: 'errors', render: errorTable },
  'docs/conditions.md': { name: 'conditions', render: conditionTable },
  'docs/health.md': { name: 'health', render: healthTable },
  'docs/architecture.md': { name: 'imports', render: importTable },
};

/** The document with its table replaced. @throws Error when the marks of the table are missing */
export function withTable(text: string, name: string, table: string): string {
  const [open, close] = [`<!-- table ${name}: written by npm run docs -->`, '<!-- end of table -->'];
  const from = text.indexOf(open);
  const to = text.indexOf(close, from);
  if (from === -1 || to === -1)
    throw new Error(`the marks of the table ${name} are missing: ${open} ... ${close}`);
  return `${text.slice(0, from + open.length)}\n${table}\n${text.slice(to)}`;
}

function errorTable(): string {
  const rows = Object.entries(errors).map(([code, { exit, http, text, next }]) => [
    `\`${code}\``,
    String(exit),
    String(http),
    text,
    next,
  ]);
  return table(['code', 'exit', 'HTTP', 'what happened', 'what to do'], rows);
}

function conditionTable(): string {
  const rows = Object.entries(conditions).map(([code, { severity, text, next }]) => [
    `\`${code}\``,
    severity,
    text,
    next,
  ]);
  return table(['condition', 'severity', 'what it says', 'what to do'], rows);
}

function healthTable(): string {
  const rows = Object.entries(healthReasons).map(([code, { status, text, next }]) => [
    `\`${code}\``,
    status,
    text,
    next,
  ]);
  return table(['reason', 'health', 'what it says', 'what to do'], rows);
}

function importTable(): string {
  const rows = rooms.map((room) => [`\`${room.path}\``, doorsOf(room), packagesOf(room)]);
  return table(['room', 'ours', 'npm and node'], rows);
}

function doorsOf({ ours }: Room): string {
  const word = (door: Door): string => (typeof door === 'string' ? door : `types of ${placeOf(door)}`);
  return ours.length === 0 ? '-' : ours.map(word).join(', ');
}

function packagesOf({ npm = [], node = [], more = {}, pure }: Room): string {
  const builtins = node === 'any' ? ['node:*'] : node.map((name) => `node:${name}`);
  const single = Object.entries(more).map(([file, names]) => `${names.join(', ')} (${file})`);
  const all = [...npm, ...builtins, ...single].join(', ');
  if (pure) return 'none; no clock, chance, process, waiting or output';
  return all === '' ? '-' : all;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map((row) => line(row.map(escapeCell)))].join(
    '\n',
  );
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
