// A block that is drawn over in place: what stands above stays, also on a terminal that was made narrower or is low, and
// what is said meanwhile as well.

import test from 'ava';
import { createFrame } from '../../cli/frame.ts';

function screen(columns: number, rows: number) {
  const written: string[] = [];
  return { written, columns, rows, write: (text: string) => void written.push(text) };
}

test('the second drawing goes up as many rows as the first one took', (t) => {
  const terminal = screen(20, 10);
  const frame = createFrame(terminal);
  frame.draw(['one', 'x'.repeat(41)]);
  frame.draw(['two']);
  t.is(terminal.written[0], `one\u001b[K\n${'x'.repeat(41)}\u001b[K\n\u001b[J`);
  t.is(terminal.written[1], '\u001b[4Ftwo\u001b[K\n\u001b[J');
});

test('a narrower terminal has wrapped what stands there', (t) => {
  const terminal = screen(40, 10);
  const frame = createFrame(terminal);
  frame.draw(['x'.repeat(30)]);
  terminal.columns = 10;
  frame.draw(['y']);
  t.regex(terminal.written[1] ?? '', /^\u001b\[3F/);
});

test('a line that ends in the last column keeps its last character', (t) => {
  const terminal = screen(10, 10);
  createFrame(terminal).draw(['x'.repeat(10), '', '\u001b[31myyyyyyyyyy\u001b[0m', 'z']);
  t.is(
    terminal.written[0],
    `${'x'.repeat(10)}\n\u001b[K\n\u001b[31myyyyyyyyyy\u001b[0m\nz\u001b[K\n\u001b[J`,
  );
});

test('no more is drawn than the terminal is high', (t) => {
  const terminal = screen(10, 4);
  createFrame(terminal).draw(['1', '2', '3', '4', '5']);
  t.is(terminal.written[0]?.split('\n').length, 4);
});

/** What such a terminal shows in the end, from its first line: also what has scrolled away. */
function shownBy(written: readonly string[], columns: number, rows: number): readonly string[] {
  const lines = [''];
  let [line, column] = [0, 0];
  const put = (character: string): void => {
    if (column === columns) [line, column] = [line + 1, 0];
    const text = (lines[line] ??= '');
    lines[line] = `${text.slice(0, column)}${character}${text.slice(column + 1)}`;
    column += 1;
  };
  for (const [token, up, erase] of written.join('').matchAll(/\u001b\[(?:(\d+)F|([KJ]))|[^]/g)) {
    if (up !== undefined) [line, column] = [Math.max(0, lines.length - rows, line - Number(up)), 0];
    else if (erase !== undefined) {
      lines[line] = (lines[line] ?? '').slice(0, column);
      if (erase === 'J') lines.length = line + 1;
    } else if (token === '\n') [line, column] = [line + 1, 0];
    else put(token);
    if (erase !== 'J') lines[line] ??= '';
  }
  return lines;
}

test('what is said while the block stands is above it, whole, and the block is there once', (t) => {
  const terminal = screen(20, 8);
  const frame = createFrame(terminal);
  frame.say('begun\n');
  frame.draw(['PART  STATE', 'node  runs', 'x'.repeat(20), 'y'.repeat(21)]);
  frame.say('kubelet ended by itself\nits log: a\n');
  frame.draw(['PART  STATE', 'node  gone']);
  frame.leave();
  frame.say('stopping\n');
  t.deepEqual(shownBy(terminal.written, 20, 8), [
    'begun',
    'kubelet ended by its',
    'elf',
    'its log: a',
    'PART  STATE',
    'node  gone',
    'stopping',
    '',
  ]);
  t.is(terminal.written[0], 'begun\n');
});

test('a block as high as the terminal stays once whatever is said', (t) => {
  const terminal = screen(10, 4);
  const frame = createFrame(terminal);
  for (const said of ['a', 'b', 'c']) {
    frame.draw(['1', '2', '3']);
    frame.say(`${said}\n`);
  }
  t.deepEqual(shownBy(terminal.written, 10, 4), ['a', 'b', 'c', '1', '2', '3', '']);
});
