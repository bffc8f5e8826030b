// What a command knows of the terminal in front of it: how wide it is, and what the person there answers.
import { PassThrough } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { askPerson, screenWidth } from '../../../agent/local/command-context.ts';

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
