// What was shown about isolation. Pure types: made in this room, read by agent/report and agent/local.
// Isolation and health are two things: a cluster that keeps nothing apart may be perfectly healthy.
import type { Condition, ConditionCode } from '../../proto/conditions.ts';

export type NetworkPolicyVerdict = 'enforced' | 'not-enforced' | 'unproven';

export interface IsolationSnapshot {
  /** By a forbidden and an allowed connection between pods of the probe. */
  readonly networkPolicy: NetworkPolicyVerdict;
  /** When that was tried last, ms UTC; null for never. */
  readonly checkedAtMs: number | null;
  /** Why it is unproven, in words for the screen on site; empty otherwise. */
  readonly why: string;
  readonly conditions: readonly Condition[];
  /** Per condition the objects that it concerns, as `Kind namespace/name`: for the screen on site. */
  readonly offenders: ReadonlyMap<ConditionCode, readonly string[]>;
}
