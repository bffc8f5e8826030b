// How long to wait after a failure: full jitter, so that a thousand processes that lost the same peer
// do not come back in the same second. The arithmetic is pure; `createBackoff` keeps the count for one
// peer. Invariant: minimum <= delay <= minimum + cap. Called by the loop and by whatever reconnects.

import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

export interface BackoffPolicy {
  /** Bound of the first delay, doubled with each failure in a row. */
  readonly baseMs: number;
  /** No bound grows beyond this. */
  readonly capMs: number;
  /** After so long without a failure the next one counts as the first. */
  readonly stableMs: number;
}

export const defaultBackoffPolicy: BackoffPolicy = { baseMs: 1_000, capMs: 120_000, stableMs: 600_000 };

export interface BackoffState {
  /** Failures in a row. */
  readonly failures: number;
  /** When the present success began, in monotonic milliseconds; absent while failing. */
  readonly goodSinceMs?: number;
}

export const noFailures: BackoffState = { failures: 0 };

/** The state after one more failure at `nowMs`. */
export function afterFailure(policy: BackoffPolicy, state: BackoffState, nowMs: number): BackoffState {
  const stable = state.goodSinceMs !== undefined && nowMs - state.goodSinceMs >= policy.stableMs;
  return { failures: (stable ? 0 : state.failures) + 1 };
}

/** The state after a success at `nowMs`; a later one does not move its beginning. */
export function afterSuccess(state: BackoffState, nowMs: number): BackoffState {
  return state.goodSinceMs === undefined ? { ...state, goodSinceMs: nowMs } : state;
}

/** Uniform in [minimumMs, minimumMs + bound); `uniform` is in [0, 1), `minimumMs` what the peer asked for. */
export function delayMs(policy: BackoffPolicy, state: BackoffState, uniform: number, minimumMs = 0): number {
  const boundMs = Math.min(policy.capMs, policy.baseMs * 2 ** Math.max(0, state.failures - 1));
  return minimumMs + Math.floor(uniform * boundMs);
}

export interface Backoff {
  /** Counts a failure and says how long to wait, never less than `minimumMs`. */
  failed(minimumMs?: number): number;
  succeeded(): void;
}

export interface BackoffOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly policy?: BackoffPolicy;
}

export function createBackoff({ clock, random, policy = defaultBackoffPolicy }: BackoffOptions): Backoff {
  let state = noFailures;
  return {
    failed(minimumMs) {
      state = afterFailure(policy, state, clock.monotonic());
      return delayMs(policy, state, random.next(), minimumMs);
    },
    succeeded() {
      state = afterSuccess(state, clock.monotonic());
    },
  };
}
