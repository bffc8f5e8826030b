// Keeps a site on hold until its time has come or somebody releases it. Laws: what was refused because of the hold is
// settled when it ends, also when that happened while no agent ran; both ends are told at once; while this process runs, a
// clock that is set moves the hold along within a second, so that it lasts as long as was asked for. A machine that sleeps
// is as one whose clock was set. Over a restart the wall clock is all there is: set back meanwhile, a hold lasts longer by
// as much, but never for more than its whole length from the start; set forward, it ends sooner. Started by run.ts, asked
// by the local commands; the offers themselves are judged in offer.ts.
import type { Clock } from '../../daemon/clock.ts';
import type { Log } from '../../daemon/log.ts';
import { TreError } from '../../proto/errors.ts';
import type { Hold } from '../store/holds.ts';
import type { AgentStore } from '../store/store.ts';

export interface HoldKeeperDeps {
  readonly store: Pick<AgentStore, 'holds' | 'journal' | 'atomically'>;
  readonly clock: Clock;
  readonly log: Log;
  /** A hold began, changed or ended; `isOpen`: what was refused before may be offered again. */
  readonly onChange: (change: { readonly isOpen: boolean }) => void;
}

export interface HoldKeeper extends AsyncDisposable {
  /** Throws TreError HOLD_INVALID for a time outside the bounds or an empty or endless reason. */
  readonly hold: (forMs: number, why: string) => Hold;
  /** Throws TreError NOT_HELD. */
  readonly release: () => void;
}

export const holdBounds = { minimumMs: 60_000, maximumMs: 30 * 24 * 3_600_000, maxWhyLength: 500 } as const;

/** The wall clock may be set meanwhile: it is looked at anew at least this often. */
const lookEveryMs = 1_000;
/** After a write that failed. */
const againMs = 30_000;
/** A clock that is only drawn to the right time stays within. */
const leastStepMs = 1_000;

export function keepHold(deps: HoldKeeperDeps): HoldKeeper {
  const { store, clock, log, onChange } = deps;
  const steps = wallSteps(clock);
  const stopping = new AbortController();
  let changed = new AbortController();
  const watch = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const isDone = trySettle(deps, steps);
      const until = store.holds.current(clock.now())?.untilMs;
      changed = new AbortController();
      const signal = AbortSignal.any([stopping.signal, changed.signal]);
      const nextMs =
        until === undefined ? Number.MAX_SAFE_INTEGER : Math.min(until - clock.now(), lookEveryMs);
      await clock.sleep(isDone ? Math.max(0, nextMs) : againMs, signal).catch(() => undefined);
    }
  };
  const watching = watch();
  return {
    hold: (forMs, why) => {
      const hold = checked(forMs, why, clock.now());
      store.holds.set(hold);
      steps.taken();
      log.info({ until: hold.untilMs }, 'held on site');
      changed.abort();
      onChange({ isOpen: false });
      return hold;
    },
    release: () => {
      if (!store.holds.release(clock.now() - steps.ms())) throw new TreError('NOT_HELD');
      const isOpen = store.journal.settleRefusals('SITE_HELD');
      log.info({ isOpen }, 'the hold was released');
      changed.abort();
      onChange({ isOpen });
    },
    [Symbol.asyncDispose]: () => {
      stopping.abort();
      return watching;
    },
  };
}

/** A disk that takes nothing ends no agent: it is tried again. Returns whether it is done. */
function trySettle(deps: HoldKeeperDeps, steps: WallSteps): boolean {
  try {
    settle(deps, steps);
    return true;
  } catch (error) {
    deps.log.error({ error }, 'what has become of a hold could not be written down');
    return false;
  }
}

function settle({ store, clock, log, onChange }: HoldKeeperDeps, steps: WallSteps): void {
  const nowMs = clock.now();
  const stepMs = steps.ms();
  const hold = store.holds.current(nowMs - stepMs);
  if (hold !== undefined) {
    // It cannot have begun later than now: then the clock was set back while no agent ran.
    const moveMs = Math.min(stepMs, nowMs - hold.sinceMs);
    if (Math.abs(moveMs) < leastStepMs) return;
    store.holds.set({ ...hold, sinceMs: hold.sinceMs + moveMs, untilMs: hold.untilMs + moveMs });
    steps.taken();
    log.info({ until: hold.untilMs + moveMs }, 'the clock was set, and the hold moved with it');
    return onChange({ isOpen: false });
  }
  const { hadHold, isOpen } = store.atomically(() => ({
    hadHold: store.holds.clear(),
    isOpen: store.journal.settleRefusals('SITE_HELD'),
  }));
  if (!hadHold && !isOpen) return;
  log.info({ isOpen }, 'the hold has ended');
  onChange({ isOpen });
}

/** How far the wall clock was set since the times of the hold were right. */
interface WallSteps {
  /** Whole ms; 0 for less than a step. */
  readonly ms: () => number;
  /** They are right by the clock of now. */
  readonly taken: () => void;
}

function wallSteps(clock: Clock): WallSteps {
  const apartMs = (): number => Math.round(clock.now() - clock.monotonic());
  let rightMs = apartMs();
  return {
    ms: () => {
      const ms = apartMs() - rightMs;
      return Math.abs(ms) < leastStepMs ? 0 : ms;
    },
    taken: () => {
      rightMs = apartMs();
    },
  };
}

function checked(forMs: number, why: string, nowMs: number): Hold {
  const { minimumMs, maximumMs, maxWhyLength } = holdBounds;
  if (!Number.isSafeInteger(forMs) || forMs < minimumMs || forMs > maximumMs)
    throw new TreError('HOLD_INVALID');
  const words = why.trim();
  if (words === '' || words.length > maxWhyLength)
    throw new TreError('HOLD_INVALID', `say why, in at most ${maxWhyLength} characters`);
  return { sinceMs: nowMs, untilMs: nowMs + forMs, why: words };
}
