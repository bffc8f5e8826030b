// What the status is made from: the session, the last run, and what the other rooms know now. Pure types.
// Built by run.ts for each question, read by status.ts and its parts.
import type { Condition } from '../../proto/conditions.ts';
import type { ErrorCode } from '../../proto/errors.ts';
import type { Plan } from '../plan/step.ts';
import type { Observed, Wanted } from '../plan/world.ts';
import type { SideFacts } from '../report/side-facts.ts';
import type { AgentStore } from '../store/store.ts';

/** How it stands with the control plane; `trouble` is what went wrong since it last answered. */
export interface SessionFacts {
  readonly kind: 'enrolling' | 'connecting' | 'streaming' | 'backing-off' | 'offline';
  readonly trouble: { readonly code: ErrorCode; readonly detail: string } | null;
  readonly words: string | null;
  readonly expiresAtMs: number | null;
}

/** The last run of the reconciler, as the reporter keeps it. */
export interface RunFacts {
  readonly run: { readonly plan: Plan; readonly observed: Observed };
  readonly wanted: Wanted | null;
  readonly conditions: readonly (Condition & { readonly sinceMs: number })[];
  readonly problems: readonly { readonly id: string; readonly code: ErrorCode; readonly detail: string }[];
  readonly appliedCount: number;
}

export interface LocalFacts {
  readonly store: AgentStore;
  readonly session: SessionFacts;
  /** Undefined until the first run has ended. */
  readonly last: RunFacts | undefined;
  /** What the other rooms know now. */
  readonly side: SideFacts;
  readonly version: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
}
