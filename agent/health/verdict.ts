// What this room says of one object, and the two ways to say it. Pure values, made by the rules of each kind.
// Invariant: a status other than current always has a reason, and the reason alone decides which status it is.
import { type HealthReason, type HealthStatus, healthReasons } from '../../proto/health-reasons.ts';

export interface Verdict {
  readonly status: 'current' | HealthStatus;
  /** Null when current. */
  readonly reason: HealthReason | null;
  /** What the cluster says of it, for the screen on site; may be a note on something current. */
  readonly detail: string;
  /** When time alone may change the verdict, ms UTC; null when only the cluster can, Infinity when others come first. */
  readonly untilMs: number | null;
}

export const current: Verdict = { status: 'current', reason: null, detail: '', untilMs: null };

/** Current, with something that a person may want to know. */
export function currentWith(detail: string): Verdict {
  return { ...current, detail };
}

/** Not current, for this reason. */
export function because(reason: HealthReason, detail = '', untilMs: number | null = null): Verdict {
  return { status: healthReasons[reason].status, reason, detail, untilMs };
}
