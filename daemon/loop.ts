// The single-flight loop: one job, run every so often and on demand. Invariants: never two runs at once;
// every trigger is followed by a run that began after it; triggers carry nothing and merge; a failing run
// is retried with backoff, never kills the process and never makes the loop slower than its interval.
// Called by whoever keeps something true all the time.

import type { Backoff } from './backoff.ts';
import type { Clock } from './clock.ts';

export interface LoopOptions {
  /** One run. It should end soon after `signal` is aborted, which happens only when the loop stops. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** From the end of one run to the start of the next when nobody triggers one. */
  readonly intervalMs: number;
  readonly clock: Clock;
  /** Counts the runs; its delay after a failed one is cut to `intervalMs`, and no trigger shortens it. */
  readonly backoff: Backoff;
  /** Told of each failed run; must not throw. */
  readonly onError: (error: unknown, retryInMs: number) => void;
}

export interface Loop extends AsyncDisposable {
  /** Asks for a run that begins from now on. Nothing happens once the loop is stopped. */
  trigger(): void;
  /** Resolves when no run is going on, asked for or to be retried, and when the loop has stopped. */
  idle(): Promise<void>;
  /** Aborts the run that is going on, waits for its end, and begins no other. */
  stop(): Promise<void>;
}

/** The first run begins with the first trigger, or after one interval. */
export function createLoop(options: LoopOptions): Loop {
  return new SingleFlight(options);
}

class SingleFlight implements Loop {
  readonly #options: LoopOptions;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  /** Aborted to end the pause before the next run; replaced for each pause. */
  #pause = new AbortController();
  #requested = false;
  #running = false;
  #whenIdle: (() => void)[] = [];

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#ended = this.#go();
  }

  trigger(): void {
    this.#requested = true;
    this.#pause.abort();
  }

  idle(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenIdle.push(resolve);
    this.#tellIdle();
    return promise;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#pause.abort();
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #go(): Promise<void> {
    const { clock, intervalMs } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#pause = new AbortController();
      if (!this.#requested) await clock.sleep(intervalMs, this.#pause.signal).catch(() => undefined);
      if (signal.aborted) break;
      const retryInMs = await this.#runOnce(signal);
      this.#tellIdle();
      if (retryInMs > 0) await clock.sleep(retryInMs, signal).catch(() => undefined);
    }
    this.#tellIdle();
  }

  /** How long to wait before trying again; 0 after a success. */
  async #runOnce(signal: AbortSignal): Promise<number> {
    const { run, backoff, onError, intervalMs } = this.#options;
    // Before the run begins: a trigger from here on asks for another one.
    this.#requested = false;
    this.#running = true;
    try {
      await run(signal);
      backoff.succeeded();
      return 0;
    } catch (error) {
      if (signal.aborted) return 0;
      this.#requested = true;
      const retryInMs = Math.min(backoff.failed(), intervalMs);
      onError(error, retryInMs);
      return retryInMs;
    } finally {
      this.#running = false;
    }
  }

  #tellIdle(): void {
    // A request to a stopped loop is void, but its last run may still be going on.
    if (this.#running || (this.#requested && !this.#stopping.signal.aborted)) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
