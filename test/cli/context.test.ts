// Where trectl writes to: terminals of some size, of a size that they do not know, files, and readers that go away.

import { join } from 'node:path';
import process from 'node:process';
import { PassThrough } from 'node:stream';
import test from 'ava';
import { askPerson, terminalOf, widthOf } from '../../cli/context.ts';
import { environment } from '../../daemon/config.ts';
import { systemExec } from '../../daemon/exec.ts';

const stream = (size: object) => ({ isTTY: true, columns: 100, rows: 30, write: () => true, ...size });
const sizeOf = (size: object, environment = {}) => {
  const terminal = terminalOf(stream(size), environment);
  return [terminal?.columns, terminal?.rows];
};

test('a terminal has the size that it has at the moment', (t) => {
  const resized = stream({});
  const terminal = terminalOf(resized, { COLUMNS: '60' });
  t.deepEqual([terminal?.columns, terminal?.rows], [100, 30]);
  resized.columns = 40;
  t.is(terminal?.columns, 40);
});

test('a terminal that does not know its size is of the usual one', (t) => {
  t.deepEqual(sizeOf({ columns: 0, rows: 0 }), [80, 24]);
  t.deepEqual(sizeOf({ columns: undefined, rows: undefined }), [80, 24]);
  t.deepEqual(sizeOf({ columns: 0, rows: 0 }, { COLUMNS: '132' }), [132, 24]);
});

test('a file is no terminal, and what cannot be drawn over is none to draw on', (t) => {
  t.is(terminalOf(stream({ isTTY: undefined }), {}), undefined);
  t.is(terminalOf(stream({}), { TERM: 'dumb' }), undefined);
  t.is(widthOf(stream({}), { TERM: 'dumb' }), 100, 'lines are as wide as it is');
});

test('lines of a file or a pipe are whole, unless COLUMNS says otherwise', (t) => {
  const file = stream({ isTTY: undefined, columns: undefined });
  t.is(widthOf(file, {}), Number.POSITIVE_INFINITY);
  t.is(widthOf(file, { COLUMNS: 'wide' }), Number.POSITIVE_INFINITY);
  t.is(widthOf(file, { COLUMNS: '60' }), 60);
});

test('whoever is asked answers, or gives up with Ctrl-C or Ctrl-D', async (t) => {
  const answer = (keys: string): Promise<string> => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const answered = askPerson({ input, output }, 'Name: ', AbortSignal.timeout(10_000));
    input.write(keys);
    return answered;
  };
  t.is(await answer('leeds\n'), 'leeds');
  t.is(await answer('lee\u0003'), '');
  t.is(await answer('\u0004'), '');
});

test('a reader that goes away ends a command without a word', async (t) => {
  const main = join(import.meta.dirname, '../../cli/main.ts');
  const script = '{ "$0" "$1" schema "site list"; echo "code $?" >&2; } | true';
  const { stdout, stderr } = await systemExec(environment()).run('sh', [
    '-c',
    script,
    process.execPath,
    main,
  ]);
  t.is(stdout, '');
  t.is(stderr, 'code 0\n');
});
