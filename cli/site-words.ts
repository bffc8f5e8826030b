// What is said of a site, in words and with a tone. Used by the commands that show sites and by the live view.
// Invariant: a fact that is not news is put in the past and never stands without its age; what nobody knows is called
// unknown. PURE.

import type { SiteAnswer } from './answers.ts';
import { agoText, leftText, minuteText, momentText } from './moments.ts';
import type { Tone } from './paint.ts';

/** A fact in words. `asOf` is there when the fact is old: RFC 3339, and then it belongs beside the words. */
export interface Said {
  readonly text: string;
  readonly tone: Tone;
  readonly asOf?: string;
}

const nothing: Said = { text: '-', tone: 'faint' };

/** The words with their age as it is now. */
export function spoken({ text, asOf }: Said, nowMs: number): string {
  if (asOf === undefined) return text;
  // A number is not to be read together with its age.
  return `${text}${/\d$/.test(text) ? ',' : ''} ${agoText(asOf, nowMs)}`;
}

/** The words with the moment that they are from, which does not change while time goes on. */
export function dated({ text, asOf }: Said): string {
  return asOf === undefined ? text : `${text} at ${minuteText(asOf)}`;
}

const newsTones: Readonly<Record<string, Tone>> = {
  live: 'good',
  stale: 'warn',
  offline: 'bad',
  expired: 'bad',
};

/** new, waiting, withdrawn, or how old the news is: live, stale, offline, expired. */
export function newsOf(site: SiteAnswer): Said {
  if (site.revokedAt !== null) return { text: 'withdrawn', tone: 'bad' };
  const { class: contact } = site.contact;
  if (contact !== null) return { text: contact, tone: newsTones[contact] ?? 'warn' };
  return site.waiting.length > 0 ? { text: 'waiting', tone: 'warn' } : { text: 'new', tone: 'faint' };
}

const now = {
  healthy: { text: 'yes', tone: 'good' },
  'not-healthy': { text: 'no', tone: 'bad' },
  progressing: { text: 'in progress', tone: 'warn' },
  unknown: { text: 'unknown', tone: 'warn' },
  new: nothing,
} as const satisfies Record<string, Said>;

const past = {
  healthy: 'was healthy',
  'not-healthy': 'was not healthy',
  progressing: 'was in progress',
  unknown: 'unknown',
  new: '-',
} as const;

export function healthOf({ verdict, revokedAt }: SiteAnswer): Said {
  const { word, isNews, asOf } = verdict;
  if (word === 'new') return nothing;
  if (isNews && revokedAt === null) return now[word];
  if (asOf === null || word === 'unknown') return { text: 'unknown', tone: 'warn' };
  return { text: past[word], tone: word === 'not-healthy' ? 'bad' : 'warn', asOf };
}

export function appliedOf(site: SiteAnswer): Said {
  const { state } = site;
  if (state === null) return nothing;
  const { applied, objectsApplied, objectsWanted } = state;
  if (applied) return aged(site, { text: 'yes', tone: 'plain' });
  return aged(site, { text: `${objectsApplied}/${objectsWanted}`, tone: 'warn' });
}

export function driftOf(site: SiteAnswer): Said {
  if (site.state === null) return nothing;
  return aged(site, site.state.drifted ? { text: 'yes', tone: 'warn' } : { text: 'no', tone: 'plain' });
}

export function isolationOf(site: SiteAnswer): Said {
  const policy = site.state?.isolation?.networkPolicy;
  if (policy === undefined) return nothing;
  const tone = policy === 'enforced' ? 'plain' : policy === 'unproven' ? 'warn' : 'bad';
  return aged(site, { text: policy.replace('-', ' '), tone });
}

/** How long the people on site take no new release; a hold that has run out is none. */
export function holdOf(site: SiteAnswer, nowMs: number): Said {
  const hold = site.state?.hold ?? null;
  if (hold === null || Date.parse(hold.until) <= nowMs) return nothing;
  const said = aged(site, { text: `${leftText(Date.parse(hold.until) - nowMs)} left`, tone: 'warn' });
  // It may have been ended since.
  return said.asOf === undefined ? said : { ...said, text: 'was held' };
}

/** `held/wanted`: the generation that the site says it holds, and the newest one issued here. */
export function generationOf(site: SiteAnswer): Said {
  const { held, desired } = site;
  if (desired === null && held === null) return nothing;
  const same = held?.generation === desired?.generation;
  const text = `${held?.generation ?? 0}/${desired?.generation ?? 0}`;
  return reported(site, { text, tone: same ? 'plain' : 'warn' });
}

export function heldOf(site: SiteAnswer): Said {
  const { held } = site;
  if (held === null) return { text: 'none', tone: 'plain' };
  return reported(site, { text: `generation ${held.generation}`, tone: 'plain' });
}

export function runningOf(site: SiteAnswer): Said {
  const running = site.state?.releases.running ?? null;
  return running === null ? nothing : aged(site, { text: releaseText(running), tone: 'plain' });
}

/** Applied and wanted. */
export function objectsOf(site: SiteAnswer): Said {
  if (site.state === null) return nothing;
  const { objectsApplied, objectsWanted } = site.state;
  return aged(site, { text: `${objectsApplied}/${objectsWanted}`, tone: 'plain' });
}

export function kubernetesOf(site: SiteAnswer): Said {
  const version = site.state?.kubernetesVersion ?? null;
  return version === null ? nothing : aged(site, { text: version, tone: 'plain' });
}

export function releaseText(release: { name: string; version: string } | null | undefined): string {
  return release === null || release === undefined ? '-' : `${release.name}@${release.version}`;
}

/** Of a condition; what is for information has none. */
export const severityTones: Readonly<Record<string, Tone>> = { error: 'bad', warning: 'warn' };

const severityRanks: Readonly<Record<string, number>> = { error: 0, warning: 1 };

/** Conditions; equally grave ones in the order in which they came. */
export function gravestFirst<T extends { readonly severity: string }>(
  conditions: readonly T[],
): readonly T[] {
  const rank = ({ severity }: T): number => severityRanks[severity] ?? 2;
  return conditions.toSorted((one, other) => rank(one) - rank(other));
}

/** The one thing to look at first: why nothing is offered, a refusal, then the gravest condition. */
export function troubleOf(site: SiteAnswer): Said {
  if (site.problem !== null) return { text: site.problem.code, tone: 'bad' };
  const isRefused = site.refused !== null && site.held?.generation !== site.desired?.generation;
  if (isRefused) return { text: site.refused?.code ?? '', tone: 'bad' };
  const [gravest] = gravestFirst(site.state?.conditions ?? []);
  const tone = severityTones[gravest?.severity ?? ''];
  if (gravest !== undefined && tone !== undefined) return aged(site, { text: gravest.code, tone });
  return site.waiting.length > 0 ? { text: 'waits for approval', tone: 'warn' } : nothing;
}

/** `key=value` of every label, in order. */
export function labelsOf({ labels }: SiteAnswer): string {
  const pairs = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0 ? '-' : pairs.map(([key, value]) => `${key}=${value}`).join(',');
}

/** A line above what was the matter, once that is not news. */
export function asItWas(site: SiteAnswer, nowMs: number): readonly string[] {
  const { asOf } = aged(site, nothing);
  return asOf === undefined ? [] : [`As it was ${momentText(asOf, nowMs)}:`];
}

/** A fact that the site reported: with the moment up to which it is known to hold, unless all that is news. */
export function aged({ verdict, state, revokedAt }: SiteAnswer, said: Said): Said {
  if (state === null) return nothing;
  if (verdict.isNews && verdict.word !== 'unknown' && revokedAt === null) return said;
  const { observedAt, receivedAt } = state;
  const asOf = verdict.asOf ?? (observedAt < receivedAt ? observedAt : receivedAt);
  return { ...said, asOf, tone: fading(said.tone) };
}

/** What a site says before its first state, when there is no age to give, too. */
function reported(site: SiteAnswer, said: Said): Said {
  return site.state === null ? said : aged(site, said);
}

/** Three heartbeats: what is older is not news, whatever was answered when it was. */
const newsForMs = 90_000;

/** An answer as it must be read at a later moment: what was news when it was given grows old with it. */
export function readAt(site: SiteAnswer, nowMs: number): SiteAnswer {
  const { verdict, contact } = site;
  const isOld = (time: string | null): boolean => time !== null && nowMs - Date.parse(time) > newsForMs;
  const isLive = contact.class === 'live' && !isOld(contact.lastAt);
  const isNews = verdict.isNews && !isOld(verdict.asOf) && (isLive || contact.class === null);
  return {
    ...site,
    contact: { ...contact, class: contact.class === 'live' && !isLive ? 'stale' : contact.class },
    verdict: { ...verdict, isNews },
  };
}

/** Nothing old is good. */
function fading(tone: Tone): Tone {
  return tone === 'good' || tone === 'plain' ? 'faint' : tone;
}
