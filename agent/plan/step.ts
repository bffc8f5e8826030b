// Steps: what can be done now, as plain data. All behaviour is in the planner; an executor does one step and reports.
// A step never depends on the result of another one of the same plan.
import type { Condition, ConditionCode } from '../../proto/conditions.ts';
import type { ErrorCode } from '../../proto/errors.ts';
import type { ObjectId, ObjectName, WantedObject } from './world.ts';

/** Why an object is applied: new, changed by a release, changed or deleted by others, or a create whose answer was lost. */
export type ApplyReason = 'create' | 'update' | 'repair' | 'resume';

/** One step, by kind. */
export type Step =
  /** Write inventory rows for all of these before anything of them is sent. Local. */
  | { readonly kind: 'intend'; readonly objects: readonly WantedObject[] }
  /**
   * Server-side apply. `uid` null is a first contact: never forced, marked before it is sent, and only a 201 makes the
   * object ours. Otherwise it is ours by that UID and forced. `previousDigest`: the bytes applied last, null for never.
   */
  | {
      readonly kind: 'apply';
      readonly object: WantedObject;
      readonly reason: ApplyReason;
      readonly uid: string | null;
      readonly previousDigest: string | null;
    }
  /** Give up the fields of somebody else's object that a create of ours met by accident. `digest`: see Attempt. */
  | { readonly kind: 'withdraw'; readonly object: ObjectName; readonly uid: string; readonly digest: string }
  /** Delete with this UID as precondition, propagation Background. */
  | {
      readonly kind: 'delete';
      readonly object: ObjectName;
      readonly uid: string;
      readonly reason: 'prune' | 'recreate';
      readonly digest: string;
    }
  /** Mark a row as kept. Local. */
  | { readonly kind: 'keep'; readonly id: ObjectId }
  /** Drop a row: its object is gone, was never made, or is somebody else's now. Local. */
  | { readonly kind: 'forget'; readonly id: ObjectId };

export type StepKind = Step['kind'];

/** Why an object cannot be brought forward now. */
export interface Waiting {
  readonly id: ObjectId;
  readonly code: ConditionCode;
  /** Earliest time at which looking again can help, ms UTC; null when only an event from outside helps. */
  readonly until: number | null;
}

/** The planner's answer. Applied = no steps and nothing waiting. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly waiting: readonly Waiting[];
  readonly conditions: readonly Condition[];
  /** Objects in the wanted state. */
  readonly appliedCount: number;
  /** Wanted objects that are not, in the order of the release; empty when the cluster could not be asked. */
  readonly notInPlace: readonly ObjectId[];
  /** Objects that others changed or deleted, about to be repaired. */
  readonly repairing: readonly ObjectId[];
  readonly applied: boolean;
  readonly drifted: boolean;
}

/** What became of one step. A failure carries a code and, where the server said so, when to come back. */
export type StepResult =
  | { readonly step: Step; readonly ok: true }
  | {
      readonly step: Step;
      readonly ok: false;
      readonly code: ErrorCode;
      readonly detail: string;
      readonly retryAfterMs: number | null;
    };
