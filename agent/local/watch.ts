// Looks at the status again and again, at most once a second, and tells what is new. A change is anything but the time of a
// look and the figures of the machine, which always move. Called by status-command.ts.
import type { Clock } from '../../daemon/clock.ts';
import type { AgentStatus } from './agent-status.ts';
import type { NoAnswer } from './socket.ts';

export interface WatchOptions {
  readonly clock: Clock;
  /** Every look counts, not only changes: a screen shows how long ago things were. */
  readonly isEach: boolean;
}

const lookEveryMs = 1_000;

/** Why there is none while no agent answers. Never ends. */
export async function* changesOf(
  look: () => Promise<AgentStatus | NoAnswer>,
  { clock, isEach }: WatchOptions,
): AsyncGenerator<AgentStatus | NoAnswer> {
  let before: string | undefined;
  for (;;) {
    const status = await look();
    const key = changeKey(status);
    if (isEach || key !== before) yield status;
    before = key;
    await clock.sleep(lookEveryMs);
  }
}

/** The same text for two looks between which nothing happened. */
export function changeKey(status: AgentStatus | NoAnswer): string {
  if (typeof status === 'string') return status;
  const { now: _, machine: __, cluster, health, controlPlane, ...rest } = status;
  return JSON.stringify({
    ...rest,
    cluster: { ...cluster, lookedAt: null },
    health: { ...health, lookedAt: null },
    controlPlane: { ...controlPlane, lastContact: null },
  });
}
