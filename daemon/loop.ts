// The single-flight loop: one job, run every so often and on demand. Invariants: never two runs at once;
// every trigger is followed by a run that began after it; triggers carry nothing and merge; a failing run
// is retried with backoff, never kills the process and never makes the loop slower than its interval.

import type { Backoff } from './backoff.ts';
import type { Clock } from './clock.ts';

export interface LoopOptions {
  /** One run. It should end soon after `signal` is aborted, which happens only when the loop stops. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** From the end of one run to the start of the next when nobody triggers one. */
  readonly intervalMs: number;
  readonly clock: Clock;
  /** Asked after each run; its delay is cut to `intervalMs`. Triggers do not shorten it. */
  readonly backoff: Backoff;
  /** Told of each failed run; must not throw. */
  readonly onError: (error: unknown, retryInMs: number) => void;
}

export interface Loop extends AsyncDisposable {
  /** Asks for a run that begins from now on. Nothing happens once the loop is stopped. */
  trigger(): void;
  /** Resolves when no run is going on or asked for, or the loop has stopped. */
  idle(): Promise<void>;
  /** Aborts the run that is going on, waits for its end, and begins no other. */
  stop(): Promise<void>;
}

/** The first run begins with the first trigger, or after one interval. */
export function createLoop(options: LoopOptions): Loop {
  const { run, intervalMs, clock, backoff, onError } = options;
  const stopping = new AbortController();
  let requested = false;
  let running = false;
  let waiting = new AbortController();
  let waiters: (() => void)[] = [];

  const settle = (): void => {
    if (!stopping.signal.aborted && (requested || running)) return;
    for (const resolve of waiters.splice(0)) resolve();
  };

  const waitForTurn = async (): Promise<void> => {
    waiting = new AbortController();
    if (!requested) await clock.sleep(intervalMs, waiting.signal).catch(() => undefined);
  };

  const runOnce = async (): Promise<number> => {
    requested = false;
    running = true;
    try {
      await run(stopping.signal);
      backoff.succeeded();
      return 0;
    } catch (error) {
      if (stopping.signal.aborted) return 0;
      const retryInMs = Math.min(backoff.failed(), intervalMs);
      requested = true;
      onError(error, retryInMs);
      return retryInMs;
    } finally {
      running = false;
      settle();
    }
  };

  const main = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await waitForTurn();
      if (stopping.signal.aborted) break;
      const pauseMs = await runOnce();
      if (pauseMs > 0) await clock.sleep(pauseMs, stopping.signal).catch(() => undefined);
    }
    settle();
  };

  const ended = main();
  const stop = async (): Promise<void> => {
    stopping.abort();
    waiting.abort();
    await ended;
  };
  return {
    trigger() {
      requested = true;
      waiting.abort();
    },
    idle() {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiters.push(resolve);
      settle();
      return promise;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
