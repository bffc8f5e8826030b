// The end of an agent in an orderly way: nothing is applied any more, what waits to be reported is sent for a while, and the
// process ends. Laws: workloads are not touched; once begun it reaches its end, also when nobody listens any more. Each
// step is told to whoever asked. Asked over the local socket.
import type { Clock } from '../../daemon/clock.ts';

export type ShutdownStep =
  | { readonly step: 'applying-stopped' }
  /** `waiting` reports are still here: they stay on disk and leave after the next start. */
  | { readonly step: 'reports'; readonly waiting: number; readonly isConnected: boolean }
  | { readonly step: 'ending' };

export interface ShutdownDeps {
  /** Nothing is made, changed or deleted in the cluster after it, not by trials of isolation either. */
  readonly stopApplying: () => Promise<void>;
  readonly waiting: () => number;
  readonly isConnected: () => boolean;
  readonly clock: Clock;
  /** Asks the process to end: stores are closed, the socket goes away. */
  readonly end: () => void;
}

export const drainMs = 10_000;
const lookEveryMs = 50;
/** Longer than anything in a run waits; what still goes on then ends with the process. */
const stopWithinMs = 15_000;

export async function* shutDown(deps: ShutdownDeps): AsyncGenerator<ShutdownStep> {
  const { stopApplying, waiting, isConnected, clock, end } = deps;
  try {
    if (await endsInTime(stopApplying(), clock)) yield { step: 'applying-stopped' };
    const untilMs = clock.monotonic() + drainMs;
    while (waiting() > 0 && isConnected() && clock.monotonic() < untilMs) await clock.sleep(lookEveryMs);
    yield { step: 'reports', waiting: waiting(), isConnected: isConnected() };
    yield { step: 'ending' };
  } finally {
    // Whoever asked may have gone: an agent that applies nothing and goes on would be worse than none.
    end();
  }
}

/** Whether the work ended by then; what it throws is thrown. */
async function endsInTime(work: Promise<void>, clock: Clock): Promise<boolean> {
  const done = new AbortController();
  const late = clock.sleep(stopWithinMs, done.signal).then(
    () => false,
    () => false,
  );
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    done.abort();
  }
}
