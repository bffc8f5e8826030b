// Calls that outlive a restart of the control plane: tried again, with growing pauses, until they are answered.
// What the server refuses is not tried again. Used by what follows or watches.

import { type BackoffPolicy, createBackoff } from '../daemon/backoff.ts';
import type { Clock } from '../daemon/clock.ts';
import { systemRandom } from '../daemon/random.ts';
import { TreError } from '../proto/errors.ts';

/** Since when what was asked has no answer, in milliseconds since 1970 by our own clock, and what went wrong last. */
export interface Silence {
  readonly sinceMs: number;
  readonly why: string;
}

export interface PatienceOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** After every attempt in vain, before the pause. */
  readonly onSilence: (silence: Silence) => void;
  /** At the first answer after attempts in vain. */
  readonly onAnswer?: () => void;
}

const pauses: BackoffPolicy = { baseMs: 500, capMs: 3_000, stableMs: 60_000 };
const leastPauseMs = 250;

/** What the call answers in the end. Throws what the server refuses, and the reason of the signal. */
export async function patiently<T>(
  call: () => Promise<T>,
  { clock, signal, onSilence, onAnswer }: PatienceOptions,
): Promise<T> {
  const backoff = createBackoff({ clock, random: systemRandom(clock), policy: pauses });
  let sinceMs: number | undefined;
  for (;;) {
    const askedMs = clock.now();
    try {
      const answer = await call();
      if (sinceMs !== undefined) onAnswer?.();
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      if (!isSilent(error)) throw error;
      sinceMs ??= askedMs;
      onSilence({ sinceMs, why: error.message });
    }
    await clock.sleep(backoff.failed(leastPauseMs), signal);
  }
}

/** Nobody there, or somebody who is only about to stop or to start. */
function isSilent(error: unknown): error is TreError {
  return (
    error instanceof TreError && (error.code === 'CONTROL_PLANE_UNREACHABLE' || error.code === 'INTERNAL')
  );
}
