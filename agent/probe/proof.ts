// How long a trial's result counts, what a later one that showed nothing changes, and when to try again. PURE.
// Invariants: a proof is never replaced by not knowing while it is young and the nodes are the same; after two days,
// or with other nodes, not knowing is all that is left; it always says why. Called by isolation.ts.
import type { IsolationRecord, Verdict } from '../store/isolation.ts';
import type { IsolationSnapshot } from './isolation-facts.ts';
import type { TrialResult } from './network-trial.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
/** A trial is made every day. */
export const proofHoldsMs = 2 * dayMs;
/** Nodes that come and go all the time do not mean a trial each time. */
export const shortestPauseMs = 10 * minuteMs;
/** After a trial that showed nothing: a node that has just been made may need a moment. Doubled each time. */
const firstRetryMs = 2 * minuteMs;
const lastRetryMs = 6 * hourMs;
/** What seems to come from later than this is not believed: the clock was set back. */
const clockToleranceMs = 5 * minuteMs;

export const nothingKnown: IsolationRecord = {
  networkPolicy: 'unproven',
  podSecurity: 'unproven',
  checkedAtMs: null,
  nodes: '',
  why: '',
  findings: [],
};

/** What is remembered after a trial. */
export function afterTrial(
  before: IsolationRecord,
  trial: TrialResult,
  { nowMs, nodes }: { readonly nowMs: number; readonly nodes: string },
): IsolationRecord {
  const podSecurity = trial.podSecurity === 'unproven' ? before.podSecurity : trial.podSecurity;
  const keepsProof = trial.networkPolicy === 'unproven' && before.nodes === nodes && holds(before, nowMs);
  if (!keepsProof)
    return {
      ...before,
      networkPolicy: trial.networkPolicy,
      podSecurity,
      checkedAtMs: nowMs,
      nodes,
      why: trial.why,
    };
  // What came through is worth more than why it could not be seen again.
  return { ...before, podSecurity, ...(before.networkPolicy === 'enforced' && { why: trial.why }) };
}

/** What is remembered when no trial can be made: over a restart it is still said why nothing was ever shown. */
export function hindered(before: IsolationRecord, why: string): IsolationRecord {
  return before.checkedAtMs === null ? { ...before, why } : before;
}

/** True for a proof that still counts. */
function holds({ networkPolicy, checkedAtMs }: IsolationRecord, nowMs: number): boolean {
  if (networkPolicy === 'unproven' || checkedAtMs === null) return false;
  const ageMs = nowMs - checkedAtMs;
  return ageMs <= proofHoldsMs && ageMs >= -clockToleranceMs;
}

/** From a trial to the next one; `failures`: how many in a row showed nothing, this one included. */
export function pauseMs(
  { networkPolicy, podSecurity }: Pick<TrialResult, 'networkPolicy' | 'podSecurity'>,
  failures: number,
): number {
  if (networkPolicy === 'unproven')
    return Math.min(lastRetryMs, firstRetryMs * 2 ** Math.min(10, Math.max(0, failures - 1)));
  return networkPolicy === 'not-enforced' || podSecurity === 'not-enforced' ? hourMs : dayMs;
}

/** Whether what an earlier process remembered calls for a trial now. */
export function isOutdated(record: IsolationRecord, nodes: string, nowMs: number): boolean {
  if (record.checkedAtMs === null || record.nodes !== nodes || !holds(record, nowMs)) return true;
  return nowMs - record.checkedAtMs >= pauseMs(record, 0);
}

const staleWords = 'the last trial is more than two days old';
const otherNodesWords = 'the nodes of the cluster are not those of the last trial';
const firstWords = 'the first trial is still to come';

export interface Circumstances {
  readonly nowMs: number;
  /** Why no trial can be made at all, '' when it can. */
  readonly hindrance: string;
  /** Stands for the nodes that there are, null while nobody has looked. */
  readonly nodes: string | null;
}

/** As it is to be shown and reported now. */
export function snapshotOf(record: IsolationRecord, now: Circumstances): IsolationSnapshot {
  const networkPolicy = shownVerdict(record, now);
  const shown = {
    enforced: { codes: [], why: '' },
    'not-enforced': { codes: ['NetworkPolicyNotEnforced'], why: record.why },
    unproven: unprovenBecause(record, now),
  } as const;
  const { codes, why } = shown[networkPolicy];
  return {
    networkPolicy,
    checkedAtMs: record.checkedAtMs,
    why,
    conditions: [
      ...codes.map((code) => ({ code, count: 0 })),
      ...record.findings.map(({ code, count }) => ({ code, count })),
    ],
    offenders: new Map(record.findings.map(({ code, names }) => [code, names])),
  };
}

/** That nothing keeps projects apart is believed of other nodes too, that something does is not. */
function shownVerdict(record: IsolationRecord, { nodes, nowMs }: Circumstances): Verdict {
  if (!holds(record, nowMs)) return 'unproven';
  const isOfOthers = nodes !== null && nodes !== record.nodes;
  return record.networkPolicy === 'enforced' && isOfOthers ? 'unproven' : record.networkPolicy;
}

/** Nothing is the matter while the first trial is still to come: it takes a minute. */
function unprovenBecause(record: IsolationRecord, { hindrance, nowMs }: Circumstances) {
  const isFirst = record.checkedAtMs === null && record.why === '' && hindrance === '';
  if (isFirst) return { codes: [], why: firstWords } as const;
  const ownWords = record.networkPolicy === 'not-enforced' ? '' : record.why;
  const lastWords = holds(record, nowMs) ? otherNodesWords : ownWords || staleWords;
  return { codes: ['NetworkPolicyUnproven'], why: hindrance || lastWords } as const;
}
