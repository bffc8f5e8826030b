// What happened to sites, as events, and what of a new state is news. PURE: the state before and the state after in,
// events out. Laws: comparing a state with itself gives nothing; `began` and `ended` of a condition alternate. What a
// site reports by itself (refusals, runs) and what operators do are events too. Called where a report is stored, where
// the clock is asked (news/stock.ts), and where an operator's change is made.
import { type ConditionCode, conditions } from '../../proto/conditions.ts';
import type { ReleaseReference } from '../../proto/document.ts';
import type { ConditionFact, Refusal, RunResult, SiteState } from './site-report.ts';
import type { ContactClass } from './staleness.ts';
import type { Verdict, VerdictWord } from './verdict.ts';

type Phase = 'began' | 'ended';

/** One event, without its id, its site and its moment. Times are milliseconds, by the clock that the name says. */
export type News =
  | ({ readonly kind: 'refusal' } & Refusal)
  | ({ readonly kind: 'run' } & RunResult)
  | ({ readonly kind: 'condition'; readonly phase: Phase } & ConditionFact)
  | {
      readonly kind: 'health';
      readonly word: VerdictWord;
      readonly before: VerdictWord | null;
      readonly isNews: boolean;
      readonly asOfMs: number | null;
      readonly text: string;
    }
  | {
      readonly kind: 'contact';
      /** `withdrawn`: nobody waits for the site any more. */
      readonly class: ContactClass | 'withdrawn';
      readonly before: ContactClass | null;
      readonly lastContactMs: number | null;
    }
  | { readonly kind: 'hold'; readonly phase: Phase; readonly sinceMs: number; readonly untilMs: number }
  | {
      readonly kind: 'assigned';
      readonly epoch: number;
      readonly generation: number;
      readonly release: ReleaseReference;
      readonly who: string;
    }
  | { readonly kind: 'joined'; readonly agent: number; readonly who: string }
  | { readonly kind: 'revoked'; readonly who: string }
  | { readonly kind: 'renamed'; readonly from: string; readonly to: string; readonly who: string }
  | { readonly kind: 'deleted'; readonly name: string; readonly who: string };

export const eventKinds = [
  'refusal',
  'run',
  'condition',
  'health',
  'contact',
  'hold',
  'assigned',
  'joined',
  'revoked',
  'renamed',
  'deleted',
] as const satisfies readonly News['kind'][];

/** What a report changed, conditions first. `before` is null for the first report of a site. */
export function newsOfState(before: SiteState | null, after: SiteState): readonly News[] {
  const [held, holds] = [conditionsOf(before), conditionsOf(after)];
  const only = (some: typeof held, others: typeof held, phase: Phase): readonly News[] =>
    [...some.values()].flatMap((fact) =>
      others.has(fact.code) ? [] : [{ kind: 'condition', phase, ...fact }],
    );
  return [...only(held, holds, 'ended'), ...only(holds, held, 'began'), ...newsOfHold(before, after)];
}

/** Prolonging a hold is news of its new end. */
function newsOfHold(before: SiteState | null, after: SiteState): readonly News[] {
  const [was, is] = [before?.hold ?? null, after.hold];
  if (was?.sinceMs === is?.sinceMs && was?.untilMs === is?.untilMs) return [];
  const end: News[] = was === null ? [] : [{ kind: 'hold', phase: 'ended', ...was }];
  return is === null ? end : [...end, { kind: 'hold', phase: 'began', ...is }];
}

/** HeldOnSite is told as a hold, with its times. */
function conditionsOf(state: SiteState | null): ReadonlyMap<ConditionCode, ConditionFact> {
  const told = state?.conditions.filter(({ code }) => code !== 'HeldOnSite') ?? [];
  return new Map(told.map((fact) => [fact.code, fact]));
}

/** What the last events said of a site. */
export interface Standing {
  readonly contact: ContactClass | null;
  readonly word: VerdictWord;
}

/** How a site stands now; `contact` is null until it was heard of. */
export interface StandingNow {
  readonly contact: ContactClass | null;
  readonly lastContactMs: number | null;
  readonly verdict: Verdict;
}

/** What is to be said of a site that stood as `before`; nothing of one that has not joined and never had. */
export function newsOfStanding(before: Standing | null, now: StandingNow): readonly News[] {
  const news: News[] = [];
  const { contact, lastContactMs, verdict } = now;
  if (contact !== null && contact !== before?.contact)
    news.push({ kind: 'contact', class: contact, before: before?.contact ?? null, lastContactMs });
  if (verdict.word !== (before?.word ?? 'new') && !isBeingConfirmed(now)) {
    const { word, isNews, asOfMs, text } = verdict;
    news.push({ kind: 'health', word, before: before?.word ?? null, isNews, asOfMs, text });
  }
  return news;
}

/** What ends for a site whose identity was withdrawn: nobody will ever report its end. */
export function newsOfWithdrawal(
  state: SiteState | null,
  said: { readonly contact: ContactClass | null; readonly lastContactMs: number | null },
): readonly News[] {
  const news: News[] = [...conditionsOf(state).values()].map((fact) => ({
    kind: 'condition',
    phase: 'ended',
    ...fact,
  }));
  const hold = state?.hold ?? null;
  if (hold !== null) news.push({ kind: 'hold', phase: 'ended', ...hold });
  const { contact: before, lastContactMs } = said;
  if (before !== null) news.push({ kind: 'contact', class: 'withdrawn', before, lastContactMs });
  return news;
}

/** A report that came before the first heartbeat of its stream: in a moment it will be known how old it is. */
function isBeingConfirmed({ contact, verdict }: StandingNow): boolean {
  return contact === 'live' && !verdict.isNews && verdict.asOfMs === null;
}

export type Severity = 'error' | 'warning' | 'info';

/** How grave it is; what has ended is never graver than info. */
export function severityOf(news: News): Severity {
  switch (news.kind) {
    case 'condition':
      return news.phase === 'ended' ? 'info' : conditions[news.code].severity;
    case 'contact':
      return contactSeverity(news.class);
    case 'health':
      // The conditions behind it carry the error: one trouble is not called twice.
      return news.word === 'not-healthy' ? 'warning' : 'info';
    case 'refusal':
      // Likewise: the site reports OfferRefused for as long as it matters.
      return 'warning';
    case 'run':
      return news.failed > 0 ? 'warning' : 'info';
    case 'hold':
      return news.phase === 'began' ? 'warning' : 'info';
    default:
      return 'info';
  }
}

function contactSeverity(contact: ContactClass | 'withdrawn'): Severity {
  if (contact === 'offline' || contact === 'expired') return 'error';
  return contact === 'stale' ? 'warning' : 'info';
}

/** True for errors and for their end. */
export function isAlert(news: News): boolean {
  if (severityOf(news) === 'error') return true;
  if (news.kind === 'condition') return conditions[news.code].severity === 'error';
  if (news.kind !== 'contact' || news.before === null) return false;
  return contactSeverity(news.before) === 'error';
}
