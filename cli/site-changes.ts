// What changed between two lists of sites, for a watch that prints lines. Times that move by themselves, such as that of
// the last contact, are no change. PURE.

import type { SiteAnswer } from './answers.ts';
import type { SiteFact } from './site-columns.ts';
import { dated } from './site-words.ts';
import { printable } from './wrap.ts';

/** A site that is gone, as one line of JSON. */
export interface DeletedSite {
  readonly id: string;
  readonly name: string;
  readonly deleted: true;
}

/** The sites that are new or different, then those that are gone. */
export function changedSites(
  before: readonly SiteAnswer[],
  after: readonly SiteAnswer[],
): readonly (SiteAnswer | DeletedSite)[] {
  const known = new Map(before.map((site) => [site.id, lasting(site)]));
  const there = new Set(after.map(({ id }) => id));
  const gone = before.filter(({ id }) => !there.has(id));
  return [
    ...after.filter((site) => known.get(site.id) !== lasting(site)),
    ...gone.map(({ id, name }) => ({ id, name, deleted: true as const })),
  ];
}

/** `leeds: healthy yes -> no, trouble - -> NotHealthy`, one line per site that is new, different or gone. */
export function changeLines(
  { before, after }: { readonly before: readonly SiteAnswer[]; readonly after: readonly SiteAnswer[] },
  facts: readonly SiteFact[],
  nowMs: number,
): readonly string[] {
  const known = new Map(before.map((site) => [site.id, site]));
  const there = new Set(after.map(({ id }) => id));
  const told = facts.filter(({ isRestless }) => isRestless !== true);
  const words = (site: SiteAnswer, { said }: SiteFact): string => printable(dated(said(site, nowMs)));
  // A fact that only grew old is told by the news of its site.
  const isSame = (a: SiteAnswer, b: SiteAnswer, { said }: SiteFact): boolean =>
    said(a, nowMs).text === said(b, nowMs).text;
  const lines = after.flatMap((site) => {
    const old = known.get(site.id);
    const changes = told.flatMap((fact) => {
      const now = words(site, fact);
      if (old === undefined) return fact.title === 'name' || now === '-' ? [] : [`${fact.title} ${now}`];
      return isSame(old, site, fact) ? [] : [`${fact.title} ${words(old, fact)} -> ${now}`];
    });
    if (old !== undefined && changes.length === 0) return [];
    return [`${site.name}: ${[...(old === undefined ? ['new here'] : []), ...changes].join(', ')}`];
  });
  const gone = before
    .filter(({ id }) => !there.has(id))
    .map(({ name }) => `${name}: deleted, or no longer listed`);
  return [...lines, ...gone];
}

/** The site without the times that move while nothing happens. */
function lasting({ contact, verdict, state, ...site }: SiteAnswer): string {
  const { lastAt: _lastAt, ...lastingContact } = contact;
  const { asOf: _asOf, text: _text, ...lastingVerdict } = verdict;
  const {
    observedAt: _observedAt,
    receivedAt: _receivedAt,
    healthObservedAt: _health,
    ...lastingState
  } = state ?? {
    observedAt: '',
    receivedAt: '',
    healthObservedAt: null,
  };
  return JSON.stringify([site, lastingContact, lastingVerdict, lastingState]);
}
