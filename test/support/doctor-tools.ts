// What a hop of the doctor is given when a test calls it by itself: the real clock, no environment, short waits.
// Called by the tests of single hops.
import type { Tools } from '../../agent/doctor/hop.ts';
import { systemClock } from '../../daemon/clock.ts';

export function doctorTools(changes: Partial<Tools> = {}): Tools {
  return {
    clock: systemClock,
    environment: {},
    flags: {},
    timeoutMs: 1_000,
    keepOpenMs: 1,
    signal: new AbortController().signal,
    ...changes,
  };
}
