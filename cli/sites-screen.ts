// The screen of `trectl site list --watch`: a headline that counts, the table, and what could not be shown or asked.
// Invariant: when nobody answers, or not every site fits the screen, it says so. PURE.

import type { SiteAnswer } from './answers.ts';
import { rowsOf } from './frame.ts';
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
  /** All columns; lines that are longer than the screen is wide go on in the next row. */
  readonly isWide: boolean;
}

/** Lines for a screen of `rows`: on a low one the hint gives way first, then the headline, never the worst site. */
export function sitesScreen(answer: SitesSeen, look: ScreenLook): readonly string[] {
  const { facts, width, rows, paint, isWide } = look;
  const { nowMs } = answer;
  const sites = answer.sites.map((site) => readAt(site, nowMs));
  const seen = { ...answer, sites };
  const columns = siteColumns(facts, nowMs);
  const fitted = fitColumns(columns, sites, isWide ? Number.POSITIVE_INFINITY : width);
  const [titles = 1, ...heights] = tableText(fitted.shown, sites)
    .split('\n')
    .map((line) => rowsOf(line, width));
  const height = Math.max(1, ...heights);
  const titlesAndWorst = titles + height + restLines(sites.length, width).length;
  const budget = rowBudget(rows - 1 - titlesAndWorst, width);
  const silence = silenceTexts(seen).map((text) => wrapLines(text, width));
  const silent = budget.take(...silence).map((line) => paint('bad', line));
  const above = [...budget.take(wrapLines(headline(seen), width)), ...silent];
  const hint = hiddenColumns(fitted, '--columns chooses, -o wide shows all.');
  const below = budget.take(hint === '' ? [] : wrapLines(hint, width)).map((line) => paint('faint', line));
  const [shown, left] = urgentFirst(sites, 1 + Math.floor(budget.left() / height));
  const table = tableText(fitted.shown, shown, paint).split('\n');
  const rest = left === 0 ? [] : restLines(left, width).map((line) => paint('faint', line));
  return [...above, ...table, ...rest, ...below];
}

function restLines(count: number, width: number): readonly string[] {
  return wrapLines(`and ${count} more, none of them worse; --label narrows the list`, width);
}

/** Rows to give away: to the first of the texts that fits whole, or to none. */
function rowBudget(rows: number, width: number) {
  let left = Math.max(0, rows);
  const needed = (lines: readonly string[]): number =>
    lines.reduce((sum, line) => sum + rowsOf(line, width), 0);
  return {
    left: () => left,
    take: (...texts: readonly (readonly string[])[]): readonly string[] => {
      const taken = texts.find((lines) => needed(lines) <= left) ?? [];
      left -= needed(taken);
      return taken;
    },
  };
}

/** All of them in their order when they fit; otherwise the worst, in their order. */
function urgentFirst(sites: readonly SiteAnswer[], room: number): readonly [readonly SiteAnswer[], number] {
  if (sites.length <= room) return [sites, 0];
  const chosen = new Set(sites.toSorted((a, b) => urgency(b) - urgency(a)).slice(0, room));
  return [sites.filter((site) => chosen.has(site)), sites.length - chosen.size];
}

const weights: Readonly<Record<Tone, number>> = { bad: 2, warn: 1, strong: 0, plain: 0, faint: 0, good: 0 };

/** The gravest first; of equally grave ones those that say so now, which the silence of many must not push off. */
function urgency(site: SiteAnswer): number {
  const tones = [healthOf(site).tone, newsOf(site).tone, troubleOf(site).tone];
  const isNow = site.verdict.isNews && site.revokedAt === null;
  return 2 * Math.max(...tones.map((tone) => weights[tone])) + (isNow ? 1 : 0);
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

/** The whole of it, and the least of it. */
function silenceTexts({ silence, answeredAtMs, nowMs }: SitesSeen): readonly string[] {
  if (silence === null) return [];
  const age = lengthText(nowMs - answeredAtMs);
  const least = `No answer since ${secondText(silence.sinceMs)}; this table is ${age} old.`;
  return [`${least} ${silence.why}`, least];
}
