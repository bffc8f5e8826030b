// One event as a line for people: its id (to go on after it), when, where, what. PURE.
// An event says how things were at its time, which stands in the line. Used by `trectl events` and by the live view.

import type { EventAnswer } from './answers.ts';
import type { Paint, Tone } from './paint.ts';
import { printable, wrapped } from './wrap.ts';

export interface EventLook {
  readonly width: number;
  readonly paint: Paint;
  /** Also the next step, and the id of the site: one that was deleted may have had the name before. */
  readonly isWide: boolean;
}

const tones: Readonly<Record<EventAnswer['severity'], Tone>> = {
  error: 'bad',
  warning: 'warn',
  info: 'plain',
};
const idWidth = 6;
const indent = ' '.repeat(idWidth + 2);

export function eventText(given: EventAnswer, { width, paint, isWide }: EventLook): string {
  const { id, at, site, text, next, severity, ...event } = printable(given);
  const time = `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;
  const more = [...(isWide ? [site.id] : []), ...(site.deleted ? ['deleted'] : [])].join(', ');
  const name = more === '' ? site.name : `${site.name} (${more})`;
  const line = `${String(id).padStart(idWidth)}  ${time}  ${name}  ${paint(tones[severity], subject(event))}: ${text}`;
  const first = wrapped(line, width, indent);
  if (!isWide || next === null) return first;
  return `${first}\n${indent}${wrapped(next, width - indent.length, indent)}`;
}

/** The kind, and the code where the sentence does not say it: `condition NotHealthy`, `refusal SITE_HELD`, `health`. */
function subject({ kind, code }: Pick<EventAnswer, 'kind' | 'code'>): string {
  return code === null || kind === 'health' ? kind : `${kind} ${code}`;
}
