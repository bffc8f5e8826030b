// The conditions that hold now, with their words and the objects that they concern: those of the last report, and those
// that only this machine can know. PURE. Called by status.ts.
import { type Condition, type ConditionCode, conditions as conditionList } from '../../proto/conditions.ts';
import { type ErrorCode, errors } from '../../proto/errors.ts';
import type { LocalFacts } from './local-facts.ts';
import { lineOf, namesOf, time } from './status-words.ts';

export interface ShownCondition {
  readonly code: ConditionCode;
  readonly severity: 'error' | 'warning' | 'info';
  readonly count: number;
  readonly since: string;
  readonly text: string;
  readonly next: string;
  /** The objects that it concerns, by name, the first of them. */
  readonly objects: readonly string[];
}

const shownObjects = 10;

type Held = Condition & { readonly sinceMs: number };

export function conditionsOf(facts: LocalFacts): readonly ShownCondition[] {
  const { last, side, nowMs } = facts;
  const objects = objectsOf(facts);
  // A hold may have begun or ended since the last report; what is in force now counts.
  const reported = (last?.conditions ?? []).filter(
    ({ code }) => code !== 'HeldOnSite' && code !== 'CertificateExpiring',
  );
  const session = (side.session ?? []).map((condition) => ({
    ...condition,
    sinceMs: last?.conditions.find(({ code }) => code === condition.code)?.sinceMs ?? nowMs,
  }));
  return [...reported, ...session, ...ownConditions(facts, reported)].map(({ code, count, sinceMs }) => ({
    code,
    severity: conditionList[code].severity,
    count,
    since: time(sinceMs),
    ...wordsOf(code, facts),
    objects: (objects.get(code) ?? []).slice(0, shownObjects),
  }));
}

/** A control plane that answers and cannot be worked with all the same: that trouble has words of its own. */
function wordsOf(
  code: ConditionCode,
  { session: { trouble } }: LocalFacts,
): Pick<ShownCondition, 'text' | 'next'> {
  const isSilent = trouble === null || trouble.code === 'CONTROL_PLANE_UNREACHABLE';
  const { text, next } =
    code === 'ControlPlaneUnreachable' && !isSilent ? errors[trouble.code] : conditionList[code];
  return { text, next };
}

/** Troubles in which the control plane does answer, and the conditions that tell of them better while one of them holds. */
const toldBy: { readonly [code in ErrorCode]?: readonly ConditionCode[] } = {
  SITE_REVOKED: ['SiteRevoked'],
  DISK_FULL: ['DiskFull', 'InodesFull', 'StoreFull'],
};

function ownConditions(
  { store, session, side, startedAtMs }: LocalFacts,
  reported: readonly Condition[],
): readonly Held[] {
  const own: Held[] = [];
  if (side.hold !== undefined) own.push({ code: 'HeldOnSite', count: 0, sinceMs: side.hold.sinceMs });
  if (session.words !== null) own.push({ code: 'EnrolmentPending', count: 0, sinceMs: startedAtMs });
  const { revokedAtMs = null, lastContactMs } = store.site.read() ?? {};
  const isTold = (...codes: readonly ConditionCode[]): boolean =>
    [...reported, ...own].some(({ code }) => codes.includes(code));
  // The next report will say it, but not before the reconciler's next look.
  if (revokedAtMs !== null && !isTold('SiteRevoked'))
    own.push({ code: 'SiteRevoked', count: 0, sinceMs: revokedAtMs });
  const isAway = session.trouble !== null && !isTold(...(toldBy[session.trouble.code] ?? []));
  if (isAway) own.push({ code: 'ControlPlaneUnreachable', count: 0, sinceMs: lastContactMs ?? startedAtMs });
  return own;
}

/** Names by condition: objects that wait, what isolation found, nodes that are not well. */
function objectsOf({ last, side }: LocalFacts): ReadonlyMap<ConditionCode, readonly string[]> {
  const names = namesOf(last);
  const waiting = (last?.run.plan.waiting ?? []).map(({ id, code }) => ({ code, name: names.get(id) ?? id }));
  const offenders = [...(side.isolation?.offenders ?? [])].flatMap(([code, found]) =>
    found.map((name) => ({ code, name: lineOf(name) })),
  );
  const nodes = (side.health?.nodes ?? []).map(({ code, node, detail }) => ({
    code,
    name: `Node ${lineOf(node)}${detail === '' ? '' : `: ${lineOf(detail)}`}`,
  }));
  const grouped = Map.groupBy([...waiting, ...offenders, ...nodes], ({ code }) => code);
  return new Map([...grouped].map(([code, found]) => [code, found.map(({ name }) => name)]));
}
