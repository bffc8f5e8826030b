// Where a site stands with its control plane, and what comes next. PURE: a state and an event give the next state.
// Laws: failures wait with full jitter and ever longer bounds, reset after ten stable minutes; a wait that the server
// asked for is kept; a machine without an identity that is refused for good stops asking, any other never.
// Driven by run-session.ts, which performs what a state stands for and tells what came of it.
import {
  afterFailure,
  afterSuccess,
  type BackoffPolicy,
  type BackoffState,
  delayMs,
  noFailures,
} from '../../daemon/backoff.ts';
import { type ErrorCode, errors } from '../../proto/errors.ts';

/** Times are monotonic milliseconds. */
export type SessionState =
  /** Makes sure that there is a valid certificate: asks for the first one, or renews one that has expired. */
  | { readonly kind: 'enrolling'; readonly backoff: BackoffState }
  /** Opens a stream and says Hello. */
  | { readonly kind: 'connecting'; readonly backoff: BackoffState }
  | { readonly kind: 'streaming'; readonly backoff: BackoffState }
  /** Waits until then. `code` says why; null when nothing failed: approval is awaited, or the server asked to come later. */
  | {
      readonly kind: 'backing-off';
      readonly backoff: BackoffState;
      readonly untilMs: number;
      readonly code: ErrorCode | null;
    }
  /** Will not try again: only a new join file helps. */
  | { readonly kind: 'offline'; readonly code: ErrorCode };

export type SessionEvent =
  | { readonly kind: 'enrolled' }
  /** The operator has not decided yet. */
  | { readonly kind: 'pending' }
  | { readonly kind: 'welcomed' }
  /** The server asked to come again after so many milliseconds. */
  | { readonly kind: 'retry'; readonly afterMs: number }
  /** `hasIdentity`: there was a certificate once, so that coming again can help. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly hasIdentity: boolean }
  | { readonly kind: 'waited' };

/** What `next` may not find out by itself. `uniform` is in [0, 1). */
export interface Circumstances {
  readonly nowMs: number;
  readonly uniform: number;
  readonly policy: BackoffPolicy;
}

export const firstState: SessionState = { kind: 'enrolling', backoff: noFailures };

/** A person compares six words and approves: worth asking often, but never in step with others. */
const askAgainMs = (uniform: number): number => 1_000 + Math.floor(uniform * 4_000);
/** What the server asked for, within reason; those who may come at once come within a second, not all together. */
const retryMs = (afterMs: number, uniform: number): number =>
  Math.min(Math.max(afterMs, Math.floor(uniform * 1_000)), 3_600_000);

/** The state after an event. An event that has no meaning in a state leaves it as it is. */
export function next(state: SessionState, event: SessionEvent, now: Circumstances): SessionState {
  if (state.kind === 'offline') return state;
  const { backoff } = state;
  switch (event.kind) {
    case 'enrolled':
      return state.kind === 'enrolling' ? { kind: 'connecting', backoff } : state;
    case 'welcomed':
      return state.kind === 'connecting'
        ? { kind: 'streaming', backoff: afterSuccess(backoff, now.nowMs) }
        : state;
    case 'pending':
      return { kind: 'backing-off', backoff, untilMs: now.nowMs + askAgainMs(now.uniform), code: null };
    case 'retry':
      return {
        kind: 'backing-off',
        backoff,
        untilMs: now.nowMs + retryMs(event.afterMs, now.uniform),
        code: null,
      };
    case 'failed': {
      if (!event.hasIdentity && errors[event.code].exit === refusedExit)
        return { kind: 'offline', code: event.code };
      const failed = afterFailure(now.policy, backoff, now.nowMs);
      const untilMs = now.nowMs + delayMs(now.policy, failed, now.uniform);
      return { kind: 'backing-off', backoff: failed, untilMs, code: event.code };
    }
    case 'waited':
      return state.kind === 'backing-off' ? { kind: 'enrolling', backoff } : state;
  }
}

const refusedExit = 3;
