// Decision records are numbered in the order in which they were taken, one page each, and links lead to one.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { allFiles, readText, root } from './sources.ts';

const folder = 'docs/decisions';
const pageLines = 60;
const names = readdirSync(join(root, folder)).sort();

test('every number is there once, and the heading repeats it', (t) => {
  const numbers = names.map((_, index) => String(index + 1).padStart(4, '0'));
  t.deepEqual(
    names.map((name) => name.slice(0, 4)),
    numbers,
  );
  t.deepEqual(
    names.map((name) => /^# (\d{4}) \S/.exec(readText(join(folder, name)))?.[1]),
    numbers,
  );
});

test('each says what was decided, on one page', (t) => {
  for (const name of names) {
    const text = readText(join(folder, name));
    t.true(text.includes('\n**Decision.**'), name);
    t.true(text.split('\n').length <= pageLines, name);
  }
});

test('who names a decision names one that is there', (t) => {
  const named = allFiles()
    .filter((path) => /\.(ts|mjs|go|md)$/.test(path))
    .flatMap((path) =>
      [...readText(path).matchAll(/decisions?[ /](\d{4})\b/g)].map(([, number]) => `${number} in ${path}`),
    );
  const known = new Set(names.map((name) => name.slice(0, 4)));
  t.true(named.length > 0);
  t.deepEqual(
    named.filter((one) => !known.has(one.slice(0, 4))),
    [],
  );
});
