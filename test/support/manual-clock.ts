// A clock that a test moves by hand: no sleep ends unless `advance` passes its end. Invariants: sleepers
// wake in the order of their ends, and what each of them starts is given a turn before the next wakes.

import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../daemon/clock.ts';

export interface ManualClock extends Clock {
  /** Moves both clocks forward, waking who is due on the way. */
  advance(ms: number): Promise<void>;
  /** Steps the wall clock alone, as an administrator or NTP would. */
  jump(ms: number): void;
  /** How many sleep now. */
  readonly sleepers: number;
}

export function manualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let monotonicMs = 0;
  let offsetMs = startMs;
  const sleepers = new Set<{ readonly endMs: number; readonly wake: () => void }>();

  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const sleeper = { endMs: monotonicMs + Math.max(0, ms), wake: () => finish(resolve) };
      const onAbort = (): void => finish(() => reject(signal?.reason as Error));
      const finish = (settle: () => void): void => {
        sleepers.delete(sleeper);
        signal?.removeEventListener('abort', onAbort);
        settle();
      };
      signal?.addEventListener('abort', onAbort);
      sleepers.add(sleeper);
    });

  const advance = async (ms: number): Promise<void> => {
    const targetMs = monotonicMs + ms;
    await settle();
    for (;;) {
      const due = [...sleepers].filter(({ endMs }) => endMs <= targetMs).sort((a, b) => a.endMs - b.endMs)[0];
      if (due === undefined) break;
      monotonicMs = Math.max(monotonicMs, due.endMs);
      due.wake();
      await settle();
    }
    monotonicMs = targetMs;
  };

  return {
    now: () => offsetMs + monotonicMs,
    monotonic: () => monotonicMs,
    sleep,
    advance,
    jump: (ms) => {
      offsetMs += ms;
    },
    get sleepers() {
      return sleepers.size;
    },
  };
}

async function settle(): Promise<void> {
  await turn();
  await turn();
}
