// What a command knows of the terminal in front of it: how wide it is, and what the person there answers.
import { PassThrough } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { askPerson, overdrawn, screenWidth } from '../../../agent/local/command-context.ts';

const width = test.macro({
  exec: (t: ExecutionContext, stdout: Parameters<typeof screenWidth>[0], columns: string, wanted: number) => {
    t.is(screenWidth(stdout, { COLUMNS: columns }), wanted);
  },
  title: (given = '') => `width: ${given}`,
});
test('a terminal has its own', width, { isTTY: true, columns: 132 }, '100', 132);
test('a terminal without a size has that of COLUMNS', width, { isTTY: true, columns: 0 }, '100', 100);
test('a terminal without a size and without COLUMNS', width, { isTTY: true, columns: 0 }, '', 80);
test('a file or a pipe has that of COLUMNS', width, {}, '160', 160);
test('what is too narrow to read or no number does not count', width, {}, '12', 80);

test('an answer is what the person typed, and nothing when they end the input', async (t) => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const first = askPerson('Write it? ', input, output);
  input.write(' yes\n');
  t.is(await first, 'yes');
  const second = askPerson('Again? ', input, output);
  input.end();
  t.is(await second, '');
  t.is(String(output.read()), 'Write it? Again? \n');
});

const rowsDrawn = (text: string, columns: number) =>
  text
    .replace('\u001b[H', '')
    .replace('\u001b[J', '')
    .split('\n')
    .slice(0, -1)
    .map((line) => line.replace('\u001b[K', ''))
    .flatMap((line) => Array.from({ length: Math.max(1, Math.ceil(line.length / columns)) }, () => line));

test('a screen that is too tall for the terminal keeps its first line and says what is missing', (t) => {
  const text = Array.from({ length: 40 }, (_, at) => `line ${at}`).join('\n');
  const drawn = rowsDrawn(overdrawn(text, { columns: 80, rows: 24 }), 80);
  t.is(drawn.length, 23);
  t.is(drawn[0], 'line 0');
  t.is(drawn.at(-1), '... 18 more lines: tre-agent status');
  const wide = `RED: so it is\n${'x'.repeat(200)}\n${'y'.repeat(200)}\nend`;
  t.true(rowsDrawn(overdrawn(wide, { columns: 40, rows: 10 }), 40).length <= 9);
  t.regex(overdrawn(wide, { columns: 40, rows: 10 }), /^\u001b\[HRED: so it is/);
});

test('a screen that fits is drawn as it is, also where nobody knows the size', (t) => {
  const text = Array.from({ length: 23 }, (_, at) => `line ${at}`).join('\n');
  for (const size of [{ columns: 80, rows: 24 }, { columns: 0, rows: 0 }, {}])
    t.deepEqual(rowsDrawn(overdrawn(text, size), 80), text.split('\n'));
});

test('a line that ends in the last column keeps its last character', (t) => {
  const full = `\u001b[31m${'x'.repeat(10)}\u001b[0m`;
  const size = { columns: 10, rows: 24 };
  t.is(overdrawn(`${full}\n\ny`, size), `\u001b[H${full}\n\u001b[K\ny\u001b[K\n\u001b[J`);
});
