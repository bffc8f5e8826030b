// How every benchmark shows what it measured: a table for people, and with --json one object on the last line for
// machines. A figure with a bar is a promise; one without is there for comparison.

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The most that `value` may be; null when nothing is promised. */
  readonly bar: number | null;
  readonly ok: boolean;
  /** The same of somebody else, in the same run. */
  readonly peer?: { readonly name: string; readonly value: number };
}

export interface Report {
  readonly name: string;
  readonly figures: readonly Figure[];
}

/** `args`: what stands behind the name, without --json; `say` tells people how far it is. */
export type Bench = (args: readonly string[], say: (text: string) => void) => Promise<Report>;

type Measured = Pick<Figure, 'name' | 'value' | 'unit' | 'peer'>;

/** A figure that is right when it is not above the bar. */
export function atMost(bar: number, measured: Measured): Figure {
  return { ...roundedFigure(measured), bar, ok: measured.value <= bar };
}

/** A figure without a promise. */
export function plain(measured: Measured): Figure {
  return { ...roundedFigure(measured), bar: null, ok: true };
}

export function printReport({ name, figures }: Report, { json }: { readonly json: boolean }): void {
  const rows = figures.map((one) => [
    one.name,
    `${one.value} ${one.unit}`,
    one.bar === null ? '' : `at most ${one.bar}`,
    one.peer === undefined ? '' : `${one.peer.name}: ${one.peer.value}`,
    one.bar === null ? '' : one.ok ? 'ok' : 'TOO MUCH',
  ]);
  const table = [[name, 'measured', 'bar', 'peer', ''], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table) {
    const line = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
    console.log(line.trimEnd());
  }
  if (json) console.log(JSON.stringify({ name, figures }));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function roundedFigure({ name, value, unit, peer }: Measured): Measured {
  const figure = { name, value: rounded(value), unit };
  return peer === undefined ? figure : { ...figure, peer: { name: peer.name, value: rounded(peer.value) } };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
