// Screens as text files beside their tests: what is printed must be the file, character by character; the escape
// character of colours is written as a visible one. With WRITE_GOLDENS=1 the files are written anew, to be read and
// committed. Used by tests of screens.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import type { ExecutionContext } from 'ava';

export function isGolden(t: ExecutionContext, path: string, text: string): void {
  const shown = `${text.replaceAll('\u001b', '\u241b').trimEnd()}\n`;
  if (process.env['WRITE_GOLDENS'] === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, shown);
  }
  t.is(shown, readFileSync(path, 'utf8'), path);
}
