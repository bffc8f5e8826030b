// How facts look: one set of values, four formats.

import test from 'ava';
import type { CommandContext } from '../../cli/context.ts';
import { describeFailure, refuse } from '../../cli/failure.ts';
import { factLines, type OutputFormat, printTable } from '../../cli/output.ts';
import { tableText } from '../../cli/table.ts';
import { DaemonError } from '../../daemon/errors.ts';
import { TreError } from '../../proto/errors.ts';
import { plainContext } from '../support/trectl.ts';

interface Site {
  readonly name: string;
  readonly id: string;
}

const columns = [
  { title: 'name', value: (site: Site) => site.name },
  { title: 'id', value: (site: Site) => site.id, wide: true },
];
const rows = [
  { name: 'north', id: '1' },
  { name: 'süd-ost', id: '22' },
];

/** A context that keeps what was printed. */
function captured(): CommandContext & { lines: string[] } {
  const lines: string[] = [];
  const out = (text: string): void => void lines.push(text);
  return { ...plainContext({ out, err: out, width: 80 }), lines };
}

const prints = test.macro({
  exec(t, format: OutputFormat, expected: string) {
    const context = captured();
    printTable(context, format, { columns, rows });
    t.is(context.lines.join('\n'), expected);
  },
  title: (_, format) => `-o ${format}`,
});

test(prints, 'table', 'NAME\nnorth\nsüd-ost');
test(prints, 'wide', 'NAME     ID\nnorth    1\nsüd-ost  22');
test(prints, 'json', JSON.stringify(rows, undefined, 2));
test(prints, 'yaml', "- name: north\n  id: '1'\n- name: süd-ost\n  id: '22'");

test('a table without rows is its titles', (t) => t.is(tableText(columns, []), 'NAME  ID'));

test('facts stand under each other, without the empty ones', (t) => {
  t.is(
    factLines([
      ['a', '1'],
      ['long name', '2'],
      ['none', ''],
    ]),
    'a:         1\nlong name: 2',
  );
});

test('errors become a code, facts, a next step and an exit code', (t) => {
  const known = describeFailure(
    new TreError('SITE_UNKNOWN', 'there is no site north', { facts: { site: 'north' } }),
  );
  t.deepEqual(known, {
    exitCode: 3,
    text: 'SITE_UNKNOWN: there is no site north\n    site: north\n    Check the name with `trectl site list`.',
  });
  const disk = describeFailure(new DaemonError('disk-full', 'the disk of /x is full'));
  t.is(disk.exitCode, 1);
  t.regex(disk.text, /^DISK_FULL: the disk of \/x is full\n/);
  const strange = describeFailure(new RangeError('x'));
  t.is(strange.exitCode, 1);
  t.regex(strange.text, /^INTERNAL: [\s\S]*RangeError: x/);
});

test('refusals leave the exit code of the gravest', (t) => {
  const context = captured();
  refuse(context, [
    { code: 'FILE_UNREADABLE', detail: 'a' },
    { code: 'CONTROL_PLANE_UNREACHABLE', detail: 'b' },
  ]);
  t.is(context.exitCode, 4);
  t.is(context.lines.length, 2);
});
