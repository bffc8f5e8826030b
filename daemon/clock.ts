// Time as an argument: nothing outside this file asks the machine what time it is, so that tests and
// simulations can. Invariants: `monotonic` never goes back; `sleep` measures monotonic time, so a
// stepped wall clock neither ends nor prolongs it. Called by everything that waits or stamps.

import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  /** Wall clock, milliseconds since 1970 UTC. May jump; order by sequence, not by this. */
  now(): number;
  /** Milliseconds since some fixed moment of this process; for durations only. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

// A longer timer overflows 32 bits and would fire at once.
const maxTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    try {
      for (let leftMs = Math.max(0, ms); ; leftMs -= maxTimerMs) {
        await delay(Math.min(leftMs, maxTimerMs), undefined, signal === undefined ? {} : { signal });
        if (leftMs <= maxTimerMs) return;
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
