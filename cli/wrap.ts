// Text in a given width: breaks lines between words and hides nothing; a word that is longer than a line stays whole.
// `printable` takes the control characters out of what others wrote, so that no answer can steer a terminal. PURE.
// Used by everything that prints for people.

import { displayWidth } from './paint.ts';

/** Lines of at most `width` columns; line breaks of the text stay. */
export function wrapLines(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap((line) => wrapLine(line, width, width));
}

/** The text in lines of at most `width`; all but the first begin with `indent`. */
export function wrapped(text: string, width: number, indent = ''): string {
  const [first = '', ...rest] = text.split('\n');
  const inner = width - indent.length;
  const lines = [...wrapLine(first, width, inner), ...rest.flatMap((line) => wrapLine(line, inner, inner))];
  return lines.join(`\n${indent}`);
}

function wrapLine(line: string, firstWidth: number, width: number): readonly string[] {
  if (displayWidth(line) <= firstWidth) return [line];
  const lines: string[] = [];
  let current: string | undefined;
  for (const word of line.split(' ')) {
    const longer: string = current === undefined ? word : `${current} ${word}`;
    const room = lines.length === 0 ? firstWidth : width;
    if (current === undefined || displayWidth(longer) <= room) current = longer;
    else {
      lines.push(current.trimEnd());
      current = word;
    }
  }
  return [...lines, current ?? ''];
}

/** The same value with a mark in place of every control and formatting character in its texts, line breaks too. */
export function printable<T>(value: T): T {
  if (typeof value === 'string') return value.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd') as T;
  if (Array.isArray(value)) return value.map((one: unknown) => printable(one)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [printable(name), printable(one)]),
  ) as T;
}
