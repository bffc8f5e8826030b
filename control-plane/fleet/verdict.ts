// How a site is, in one word, with the moment up to which that is known. PURE.
// Law: what is older than three heartbeats, or of a site that is not heard of, is never said as news: `isNews` is false
// then and the text says `was`. Times are those of this machine's clock; a time by the site's clock enters only after
// `heldUntil` has brought it here. Used by every answer, metric and event that says how a site is.
import { type ConditionCode, conditions } from '../../proto/conditions.ts';
import { healthReasons } from '../../proto/health-reasons.ts';
import type { SiteState } from './site-report.ts';
import { type ContactClass, liveForMs } from './staleness.ts';
import { minuteText } from './time-text.ts';

export const verdictWords = ['healthy', 'not-healthy', 'progressing', 'unknown', 'new'] as const;
export type VerdictWord = (typeof verdictWords)[number];

/** A state and until when it is known to hold, by this machine's clock; null when no heartbeat told that yet. */
export interface KnownState {
  readonly state: SiteState;
  readonly receivedAtMs: number;
  readonly knownMs: number | null;
  readonly healthKnownMs: number | null;
}

export interface VerdictFacts {
  /** Null when no machine of the site ever joined. */
  readonly contact: ContactClass | null;
  readonly lastContactMs: number | null;
  readonly known: KnownState | null;
  readonly nowMs: number;
}

export interface Verdict {
  readonly word: VerdictWord;
  readonly isNews: boolean;
  /** Until when it is known to have been so; null when that is not known. */
  readonly asOfMs: number | null;
  readonly text: string;
}

export function verdict(facts: VerdictFacts): Verdict {
  const { contact, known } = facts;
  const isLive = contact === 'live';
  if (contact === null) return { word: 'new', isNews: true, asOfMs: null, text: 'no machine has joined yet' };
  if (known === null) return { word: 'unknown', isNews: false, asOfMs: null, text: 'nothing reported yet' };
  if (known.state.generation === 0) {
    const text = isLive ? 'no release assigned yet' : `no release there; ${silence(facts)}`;
    return { word: 'new', isNews: isLive, asOfMs: known.knownMs, text };
  }
  const { word, why } = wordOf(known.state);
  const said = why === undefined ? phrases[word] : `${phrases[word]}: ${why}`;
  const looks = looksOf(known);
  const asOfMs = looks && Math.min(...looks);
  // That a site cannot tell is as true now as it was when it said so.
  if (word === 'unknown' && isLive) return { word, isNews: true, asOfMs, text: said };
  if (looks === null || asOfMs === null)
    return { word, isNews: false, asOfMs: null, text: `last reported: ${said}; not confirmed yet` };
  const at = minuteText(asOfMs);
  if (isLive && looks.every((ms) => isRecent(ms, facts.nowMs)))
    return { word, isNews: true, asOfMs, text: why === undefined ? `${said} at ${at}` : said };
  const because = why === undefined ? '' : ` (${why.replace(/\.$/, '')})`;
  const since = isLive ? 'not looked at since' : silence(facts);
  return { word, isNews: false, asOfMs, text: `was ${phrases[word]} at ${at}${because}; ${since}` };
}

/**
 * A moment by the site's clock, by ours: `aheadMs` is how much our clock is ahead of the site's, as the quickest
 * heartbeat of the stream showed. Never later than the message that told it.
 */
export function heldUntil(siteMs: number, aheadMs: number, receivedAtMs: number): number | null {
  return siteMs === 0 ? null : Math.min(siteMs + aheadMs, receivedAtMs);
}

function isRecent(ms: number, nowMs: number): boolean {
  // Our own clock may have been set back: then the future is as doubtful as the past.
  return Math.abs(nowMs - ms) <= liveForMs;
}

/** Both looks count: at what is applied and at whether it works. Null when the age of one is not known. */
function looksOf({ state, knownMs, healthKnownMs }: KnownState): readonly number[] | null {
  if (knownMs === null) return null;
  if (state.healthObservedAtMs === 0) return [knownMs];
  return healthKnownMs === null ? null : [knownMs, healthKnownMs];
}

function wordOf(state: SiteState): { readonly word: VerdictWord; readonly why?: string } {
  const held = new Set(state.conditions.map(({ code }) => code));
  const failed = state.health.find(({ reason }) => healthReasons[reason].status === 'failed');
  if (failed !== undefined) return { word: 'not-healthy', why: healthReasons[failed.reason].text };
  const trouble = troubles.find((code) => held.has(code));
  if (trouble !== undefined) return { word: 'not-healthy', why: conditions[trouble].text };
  const blind = blindness.find((code) => held.has(code));
  if (blind !== undefined) return { word: 'unknown', why: conditions[blind].text };
  const isLookedAt = state.healthObservedAtMs > 0;
  if (state.healthy && state.applied && isLookedAt) return { word: 'healthy' };
  if (!state.applied || isLookedAt) return { word: 'progressing' };
  return { word: 'unknown', why: 'this site does not say whether what it runs works.' };
}

/** What the cluster runs does not work, or the release cannot be applied. What is about the machine is said apart. */
const troubles: readonly ConditionCode[] = [
  'NotHealthy',
  'ObjectRefused',
  'ObjectNotOurs',
  'ObjectConflict',
  'NodeNotReady',
  'NodeSilent',
  'ContainerRuntimeDown',
];

/** Nobody can look. */
const blindness: readonly ConditionCode[] = [
  'ClusterUnreachable',
  'ClusterUnauthenticated',
  'ClusterForbidden',
  'ClusterFailing',
  'ClusterMismatch',
  'HealthUnknown',
];

const phrases: Readonly<Record<VerdictWord, string>> = {
  healthy: 'healthy',
  'not-healthy': 'not healthy',
  progressing: 'progressing',
  unknown: 'not known',
  new: 'new',
};

function silence({ lastContactMs, nowMs }: VerdictFacts): string {
  return lastContactMs === null
    ? 'nothing heard yet'
    : `nothing heard for ${durationText(nowMs - lastContactMs)}`;
}

function durationText(ms: number): string {
  const minutes = Math.floor(Math.max(ms, 0) / 60_000);
  if (minutes < 1) return `${Math.floor(Math.max(ms, 0) / 1000)} s`;
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}
