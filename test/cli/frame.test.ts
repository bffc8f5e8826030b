// A block that is drawn over in place: what stands above stays, also on a terminal that was made narrower or is low.

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
