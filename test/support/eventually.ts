// Waits for what a test cannot be told about, by asking again and again. Invariant: ends, with the words of the test
// when it does not come true. Called by the system tests.
import { systemClock } from '../../daemon/clock.ts';

export interface EventuallyOptions {
  /** What is waited for, or how it stands instead: the error's text. */
  readonly what: string | (() => string);
  readonly timeoutMs: number;
  /** 50 ms when not given. */
  readonly intervalMs?: number;
}

/** Resolves to milliseconds waited. Throws when `isTrue` did not hold within the time. */
export async function eventually(
  isTrue: () => boolean | Promise<boolean>,
  { what, timeoutMs, intervalMs = 50 }: EventuallyOptions,
): Promise<number> {
  const startedAtMs = systemClock.monotonic();
  while (!(await isTrue())) {
    if (systemClock.monotonic() - startedAtMs > timeoutMs)
      throw new Error(`not within ${timeoutMs / 1000} s: ${typeof what === 'string' ? what : what()}`);
    await systemClock.sleep(intervalMs);
  }
  return systemClock.monotonic() - startedAtMs;
}

/** `1.2 s` */
export function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
