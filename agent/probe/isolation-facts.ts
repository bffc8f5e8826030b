// What was shown about isolation. Pure types: made in this room, read by agent/report and agent/local.
// Isolation and health are two things: a cluster that keeps nothing apart may be perfectly healthy.
import type { Condition, ConditionCode } from '../../proto/conditions.ts';
import type { Verdict } from '../store/isolation.ts';

export type NetworkPolicyVerdict = Verdict;

export interface IsolationSnapshot {
  /** By forbidden and allowed connections between pods of the probe. A proof older than two days counts as none. */
  readonly networkPolicy: NetworkPolicyVerdict;
  /** When that was tried last, ms UTC; null for never. */
  readonly checkedAtMs: number | null;
  /** What came through, or why it is unproven, in words for the screen on site; empty when enforced. */
  readonly why: string;
  readonly conditions: readonly Condition[];
  /** Per condition the objects that it concerns, as `Kind namespace/name`, the first 50: for the screen on site. */
  readonly offenders: ReadonlyMap<ConditionCode, readonly string[]>;
}
