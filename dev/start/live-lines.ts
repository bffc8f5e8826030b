// The live view of `npm start` where there is no terminal: one line for each thing that changed, with its time. PURE.
// Invariant: the same facts twice say nothing the second time. Called by live.ts.
import { eventText } from '../../cli/event-words.ts';
import { minuteText, secondText } from '../../cli/moments.ts';
import { noPaint } from '../../cli/paint.ts';
import { changeLines } from '../../cli/site-changes.ts';
import { siteFacts } from '../../cli/site-columns.ts';
import { printable } from '../../cli/wrap.ts';
import type { LiveFacts, Part } from './live-screen.ts';

/** What is to be said after `before`; undefined for the first time. */
export function liveLines(before: LiveFacts | undefined, facts: LiveFacts): readonly string[] {
  const time = secondText(facts.nowMs);
  const known = new Set(before?.parts.map(partText));
  const parts = facts.parts.map(partText).filter((text) => !known.has(text));
  // By both: after a backup of the control plane was restored, ids are given anew.
  const told = new Set(before?.events.map(({ id, at }) => `${id}@${at}`));
  const events = facts.events.filter(({ id, at }) => !told.has(`${id}@${at}`));
  const look = { width: Number.POSITIVE_INFINITY, paint: noPaint, isWide: false };
  return [
    ...[...parts, ...problemLines(before, facts), ...siteChanges(before, facts)].map(
      (line) => `${time}  ${line}`,
    ),
    ...events.map((event) => eventText(event, look)),
  ];
}

function partText({ name, words, sinceMs }: Part): string {
  return `${name}: ${words}${sinceMs === null ? '' : `, since ${minuteText(new Date(sinceMs).toISOString())}`}`;
}

function problemLines(before: LiveFacts | undefined, { problem }: LiveFacts): readonly string[] {
  const known = before?.problem ?? null;
  if (problem === known) return [];
  return [problem === null ? 'the control plane shows the site again' : printable(problem)];
}

function siteChanges(before: LiveFacts | undefined, { site, nowMs }: LiveFacts): readonly string[] {
  if (site === null) return [];
  const known = before?.site ?? null;
  return changeLines({ before: known === null ? [] : [known], after: [site] }, siteFacts, nowMs);
}
