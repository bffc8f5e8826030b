// The columns of `trectl site list`, and how they rank when the width does not hold them all.
// Every fact that a site reported speaks through site-words.ts, so that none is shown as news when it is old. PURE.

import { TreError } from '../proto/errors.ts';
import type { SiteAnswer } from './answers.ts';
import { agoText } from './moments.ts';
import {
  appliedOf,
  driftOf,
  generationOf,
  healthOf,
  holdOf,
  isolationOf,
  kubernetesOf,
  labelsOf,
  newsOf,
  objectsOf,
  releaseText,
  runningOf,
  type Said,
  spoken,
  troubleOf,
} from './site-words.ts';
import type { Column } from './table.ts';

/** A column whose fact can be told with its age (in a table) or with its date (in a line about a change). */
export interface SiteFact {
  readonly title: string;
  readonly said: (site: SiteAnswer, nowMs: number) => Said;
  readonly rank?: number;
  readonly wide?: boolean;
  /** Changes by itself all the time: no news. */
  readonly isRestless?: boolean;
}

const plain = (text: string): Said => ({ text, tone: 'plain' });

export const siteFacts: readonly SiteFact[] = [
  { title: 'name', said: (site) => plain(site.name) },
  { title: 'news', said: newsOf, rank: 1 },
  {
    title: 'last heard',
    said: ({ contact }, nowMs) => plain(contact.lastAt === null ? '-' : agoText(contact.lastAt, nowMs)),
    rank: 7,
    isRestless: true,
  },
  { title: 'wanted', said: ({ desired }) => plain(releaseText(desired?.release)), rank: 3 },
  { title: 'generation', said: generationOf, rank: 2 },
  { title: 'applied', said: appliedOf, rank: 4 },
  { title: 'healthy', said: healthOf },
  { title: 'drift', said: driftOf, rank: 8 },
  { title: 'hold', said: holdOf, rank: 6 },
  { title: 'isolation', said: isolationOf, rank: 5 },
  { title: 'trouble', said: troubleOf },
  { title: 'labels', said: (site) => plain(labelsOf(site)), rank: 9 },
  { title: 'running', said: runningOf, wide: true },
  { title: 'objects', said: objectsOf, wide: true },
  { title: 'agent', said: ({ contact }) => plain(contact.agentVersion ?? '-'), wide: true },
  { title: 'kubernetes', said: kubernetesOf, wide: true },
  { title: 'id', said: (site) => plain(site.id), wide: true },
];

/** The facts that were named, all of them for people with a wide screen, the usual ones otherwise. */
export function chosenFacts(names: readonly string[] | undefined, isWide: boolean): readonly SiteFact[] {
  if (names === undefined) return siteFacts.filter(({ wide }) => isWide || wide !== true);
  return names.map((name) => {
    const found = siteFacts.find(({ title }) => title === name.trim().toLowerCase().replaceAll('-', ' '));
    if (found !== undefined) {
      // What was named stays, however narrow it is.
      const { rank: _rank, wide: _wide, ...fact } = found;
      return fact;
    }
    const known = siteFacts.map(({ title }) => title.replaceAll(' ', '-')).join(', ');
    throw new TreError('USAGE', `There is no column ${name}; there are ${known}.`);
  });
}

/** The columns of a table as it is at a moment. */
export function siteColumns(facts: readonly SiteFact[], nowMs: number): readonly Column<SiteAnswer>[] {
  return facts.map(({ title, said, rank = 0 }) => ({
    title,
    value: (site) => spoken(said(site, nowMs), nowMs),
    tone: (site) => said(site, nowMs).tone,
    rank,
  }));
}
