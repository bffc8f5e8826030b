// How long a trial's result counts, what a later one that showed nothing changes, and when to try again. PURE.
// Invariants: a proof is never replaced by not knowing while it is young and the nodes are the same; after two days,
// or with other nodes, not knowing is all that is left. Called by isolation.ts.
import type { IsolationRecord } from '../store/isolation.ts';
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

/** True for a proof that still counts. */
function holds({ networkPolicy, checkedAtMs }: IsolationRecord, nowMs: number): boolean {
  if (networkPolicy === 'unproven' || checkedAtMs === null) return false;
  const ageMs = nowMs - checkedAtMs;
  return ageMs <= proofHoldsMs && ageMs >= -clockToleranceMs;
}

/** From a trial to the next one; `failures`: how many in a row showed nothing, this one included. */
export function pauseMs({ networkPolicy }: Pick<TrialResult, 'networkPolicy'>, failures: number): number {
  if (networkPolicy === 'enforced') return dayMs;
  if (networkPolicy === 'not-enforced') return hourMs;
  return Math.min(lastRetryMs, firstRetryMs * 2 ** Math.min(10, Math.max(0, failures - 1)));
}

/** Whether what an earlier process remembered calls for a trial now. */
export function isOutdated(record: IsolationRecord, nodes: string, nowMs: number): boolean {
  if (record.checkedAtMs === null || record.nodes !== nodes || !holds(record, nowMs)) return true;
  return nowMs - record.checkedAtMs >= pauseMs(record, 0);
}

const staleWords = 'the last trial is more than two days old';

/** As it is to be shown and reported now. `hindrance`: why no trial can be made at all, '' when it can. */
export function snapshotOf(record: IsolationRecord, hindrance: string, nowMs: number): IsolationSnapshot {
  const networkPolicy = holds(record, nowMs) ? record.networkPolicy : 'unproven';
  const lastWords = record.networkPolicy === 'not-enforced' ? '' : record.why;
  const shown = {
    enforced: { codes: [], why: '' },
    'not-enforced': { codes: ['NetworkPolicyNotEnforced'], why: record.why },
    unproven: { codes: ['NetworkPolicyUnproven'], why: hindrance || lastWords || staleWords },
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
