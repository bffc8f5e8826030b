// Text in a given width: nothing is lost, nothing is too wide, nothing steers the terminal.

import test from 'ava';
import fc from 'fast-check';
import { displayWidth, painter, wantsColour } from '../../cli/paint.ts';
import { printable, wrapLines, wrapped } from '../../cli/wrap.ts';

const text = fc
  .array(fc.stringMatching(/^[a-zü]{1,9}$/), { minLength: 1, maxLength: 40 })
  .map((words) => words.join(' '));

test('wrapping keeps every word and every width', (t) => {
  const law = fc.property(
    text,
    fc.integer({ min: 20, max: 60 }),
    fc.integer({ min: 0, max: 8 }),
    (given, width, depth) => {
      const indent = ' '.repeat(depth);
      const lines = wrapped(given, width, indent).split('\n');
      t.is(lines.map((line) => line.trim()).join(' '), given);
      t.true(lines.every((line) => displayWidth(line) <= width));
      t.true(lines.slice(1).every((line) => line.startsWith(indent)));
      // Each line is as full as it can be.
      lines.slice(1).forEach((line, index) => {
        const [word = ''] = line.trim().split(' ');
        t.true(displayWidth(lines[index] ?? '') + 1 + displayWidth(word) > width);
      });
    },
  );
  fc.assert(law);
});

test('a word that is longer than the line stays whole, and line breaks stay', (t) => {
  t.deepEqual(wrapLines('a sha256:0123456789 b\nc', 8), ['a', 'sha256:0123456789', 'b', 'c']);
});

test('colours take no room', (t) => {
  const red = painter(true)('bad', 'four');
  t.is(wrapped(`${red} five`, 9), `${red} five`);
});

test('control and formatting characters are shown as marks, wherever they stand', (t) => {
  const hostile = { 'k\u0007': ['a\u001b[31mb', { deep: 'x\ny\u202ez' }], n: 1, none: null };
  t.deepEqual(printable<unknown>(hostile), {
    'k\ufffd': ['a\ufffd[31mb', { deep: 'x\ufffdy\ufffdz' }],
    n: 1,
    none: null,
  });
});

test('colours are for terminals, unless somebody says otherwise', (t) => {
  t.true(wantsColour({}, true));
  t.false(wantsColour({}, false));
  t.false(wantsColour({ NO_COLOR: '1' }, true));
  t.false(wantsColour({ TERM: 'dumb' }, true));
  t.true(wantsColour({ FORCE_COLOR: '1' }, false));
  t.false(wantsColour({ FORCE_COLOR: '0' }, true));
  t.false(wantsColour({ FORCE_COLOR: '1', NO_COLOR: '1' }, true));
});
