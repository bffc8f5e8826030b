// Keeps a site on hold until its time has come or somebody releases it. Laws: what was refused because of the hold is
// settled when it ends, also when that happened while no agent ran; both ends are told at once. Started by run.ts,
// asked by the local commands; the offers themselves are judged in offer.ts.
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
const lookEveryMs = 30_000;

export function keepHold(deps: HoldKeeperDeps): HoldKeeper {
  const { store, clock, log, onChange } = deps;
  const stopping = new AbortController();
  let changed = new AbortController();
  const watch = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const isDone = trySettle(deps);
      const until = store.holds.current(clock.now())?.untilMs;
      changed = new AbortController();
      const signal = AbortSignal.any([stopping.signal, changed.signal]);
      const nextMs = until === undefined ? Number.MAX_SAFE_INTEGER : until - clock.now();
      const ms = isDone && until === undefined ? nextMs : Math.min(nextMs, lookEveryMs);
      await clock.sleep(Math.max(0, ms), signal).catch(() => undefined);
    }
  };
  const watching = watch();
  return {
    hold: (forMs, why) => {
      const hold = checked(forMs, why, clock.now());
      store.holds.set(hold);
      log.info({ until: hold.untilMs }, 'held on site');
      changed.abort();
      onChange({ isOpen: false });
      return hold;
    },
    release: () => {
      if (!store.holds.release(clock.now())) throw new TreError('NOT_HELD');
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
function trySettle(deps: HoldKeeperDeps): boolean {
  try {
    settle(deps);
    return true;
  } catch (error) {
    deps.log.error({ error }, 'what has become of a hold could not be written down');
    return false;
  }
}

function settle({ store, clock, log, onChange }: HoldKeeperDeps): void {
  const nowMs = clock.now();
  const hold = store.holds.current(nowMs);
  if (hold !== undefined) {
    if (hold.sinceMs <= nowMs) return;
    // The clock was set back: by the old times it would last for longer than somebody asked for.
    store.holds.set({ ...hold, sinceMs: nowMs, untilMs: nowMs + hold.untilMs - hold.sinceMs });
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

function checked(forMs: number, why: string, nowMs: number): Hold {
  const { minimumMs, maximumMs, maxWhyLength } = holdBounds;
  if (!Number.isSafeInteger(forMs) || forMs < minimumMs || forMs > maximumMs)
    throw new TreError('HOLD_INVALID');
  const words = why.trim();
  if (words === '' || words.length > maxWhyLength)
    throw new TreError('HOLD_INVALID', `say why, in at most ${maxWhyLength} characters`);
  return { sinceMs: nowMs, untilMs: nowMs + forMs, why: words };
}
