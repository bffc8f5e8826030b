// The screen of `trectl site list --watch`: a headline that counts, the table, and what could not be shown or asked.
// Invariant: when nobody answers, or not every site fits the screen, it says so. PURE.

import type { SiteAnswer } from './answers.ts';
import { lengthText, secondText } from './moments.ts';
import type { Paint, Tone } from './paint.ts';
import type { Silence } from './patience.ts';
import { type SiteFact, siteColumns } from './site-columns.ts';
import { healthOf, newsOf, readAt, troubleOf } from './site-words.ts';
import { fitColumns, hiddenColumns, tableText } from './table.ts';
import { wrapLines } from './wrap.ts';

/** What was answered last, and whether anybody answers now. */
export interface SitesSeen {
  readonly sites: readonly SiteAnswer[];
  /** When that was answered, and what time it is now: by the clock of the server. */
  readonly answeredAtMs: number;
  readonly nowMs: number;
  readonly silence: Silence | null;
}

export interface ScreenLook {
  readonly facts: readonly SiteFact[];
  readonly width: number;
  readonly rows: number;
  readonly paint: Paint;
}

/** Lines of at most `rows`. */
export function sitesScreen(answer: SitesSeen, { facts, width, rows, paint }: ScreenLook): readonly string[] {
  const { nowMs } = answer;
  const sites = answer.sites.map((site) => readAt(site, nowMs));
  const seen = { ...answer, sites };
  const fitted = fitColumns(siteColumns(facts, nowMs), sites, width);
  const hint = hiddenColumns(fitted, '--columns chooses, -o wide shows all.');
  const above = [
    ...wrapLines(headline(seen), width),
    ...silenceLines(seen, width).map((line) => paint('bad', line)),
  ];
  const below = hint === '' ? [] : wrapLines(hint, width).map((line) => paint('faint', line));
  const room = rows - 1 - above.length - below.length - 2;
  const [shown, left] = urgentFirst(sites, room);
  const table = tableText(fitted.shown, shown, paint).split('\n');
  const rest =
    left === 0 ? [] : [paint('faint', `and ${left} more, none of them worse; --label narrows the list`)];
  return [...above, ...table, ...rest, ...below];
}

/** All of them in their order when they fit; otherwise the worst, in their order. */
function urgentFirst(sites: readonly SiteAnswer[], room: number): readonly [readonly SiteAnswer[], number] {
  const most = Math.max(1, room);
  if (sites.length <= most) return [sites, 0];
  const chosen = new Set(sites.toSorted((a, b) => urgency(b) - urgency(a)).slice(0, most));
  return [sites.filter((site) => chosen.has(site)), sites.length - chosen.size];
}

const weights: Readonly<Record<Tone, number>> = { bad: 4, warn: 2, strong: 0, plain: 0, faint: 0, good: 0 };

function urgency(site: SiteAnswer): number {
  const tones = [healthOf(site).tone, newsOf(site).tone, troubleOf(site).tone];
  return Math.max(...tones.map((tone) => weights[tone]));
}

/** `3 sites: 1 healthy, 1 not healthy, 1 not heard of. 10:02:14 UTC`: what is old counts as not heard of. */
function headline({ sites, answeredAtMs }: SitesSeen): string {
  const counts = new Map<string, number>();
  for (const site of sites) counts.set(standing(site), (counts.get(standing(site)) ?? 0) + 1);
  const parts = standings.filter((word) => counts.has(word)).map((word) => `${counts.get(word)} ${word}`);
  const total = `${sites.length} ${sites.length === 1 ? 'site' : 'sites'}`;
  return `${secondText(answeredAtMs)}  ${total}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`;
}

const standings = ['healthy', 'not healthy', 'in progress', 'unknown', 'without news', 'new'] as const;
const ofWord = {
  healthy: 'healthy',
  'not-healthy': 'not healthy',
  progressing: 'in progress',
  unknown: 'unknown',
  new: 'new',
} as const;

function standing({ verdict }: SiteAnswer): (typeof standings)[number] {
  return verdict.isNews || verdict.word === 'new' ? ofWord[verdict.word] : 'without news';
}

function silenceLines({ silence, answeredAtMs, nowMs }: SitesSeen, width: number): readonly string[] {
  if (silence === null) return [];
  const age = lengthText(nowMs - answeredAtMs);
  return wrapLines(
    `No answer since ${secondText(silence.sinceMs)}; this table is ${age} old. ${silence.why}`,
    width,
  );
}
