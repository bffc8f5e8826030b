// Hands the alerts over, one after the other: at least once, in order, from where the last process stopped. A target
// that does not take one is tried again with growing pauses; what is older than a day before a trial is given up, so
// that a target that comes back is told what is, not what was. The first alert is the first event after a target is named.
// Started by run.ts.
import { createBackoff } from '../../daemon/backoff.ts';
import type { Clock } from '../../daemon/clock.ts';
import type { Log } from '../../daemon/log.ts';
import { createLoop } from '../../daemon/loop.ts';
import type { Random } from '../../daemon/random.ts';
import type { Store } from '../store/store.ts';
import { alertOf } from './alert-body.ts';
import { deliver } from './deliver.ts';
import type { AlertTarget } from './target.ts';

export interface AlertDeps {
  readonly store: Store;
  readonly target: AlertTarget;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Counts. */
  readonly onOutcome: (outcome: 'taken' | 'failed' | 'given-up') => void;
}

export interface Alerts extends AsyncDisposable {
  /** How many the target has not taken yet. */
  waiting(): number;
  /** How long it has not taken the next one; 0 when nothing fails. */
  failingForMs(): number;
}

/** An alert that has waited so long is given up. */
export const giveUpAfterMs = 24 * 3_600_000;

const pauses = { baseMs: 1_000, capMs: 300_000, stableMs: 600_000 };
const lookAgainMs = 300_000;

/** For a control plane that alerts nobody. */
export const noAlerts: Omit<Alerts, keyof AsyncDisposable> = { waiting: () => 0, failingForMs: () => 0 };

export function startAlerts(deps: AlertDeps): Alerts {
  const { store, target, clock, random, log } = deps;
  if (store.alertPositions.find(target.key) === undefined)
    store.alertPositions.moveTo(target.key, store.events.newestId());
  const loop = createLoop({
    run: (signal) => deliverAll(deps, signal),
    intervalMs: lookAgainMs,
    clock,
    backoff: createBackoff({ clock, random, policy: pauses }),
    onError: (error, retryInMs) => log.warn({ error, retryInMs }, 'an alert was not taken'),
  });
  const over = new AbortController();
  const listening = triggerOnEvents(store, over.signal, () => loop.trigger());
  loop.trigger();
  const position = () => store.alertPositions.find(target.key);
  return {
    waiting: () => store.events.alertsWaiting(position()?.eventId ?? 0),
    failingForMs: () => clock.now() - (position()?.failingSinceMs ?? clock.now()),
    async [Symbol.asyncDispose]() {
      over.abort();
      await Promise.all([listening, loop.stop()]);
    },
  };
}

async function triggerOnEvents(store: Store, signal: AbortSignal, trigger: () => void): Promise<void> {
  while (!signal.aborted) {
    await store.events.next(signal);
    trigger();
  }
}

/** Until there is no other. Throws when the target does not take one. */
async function deliverAll(deps: AlertDeps, signal: AbortSignal): Promise<void> {
  const { store, target, clock, onOutcome } = deps;
  giveUpOld(deps);
  for (;;) {
    const [event] = store.events.alertsAfter(store.alertPositions.find(target.key)?.eventId ?? 0, 1);
    if (event === undefined) return;
    const delivery = await deliver(target, alertOf(event), { clock, signal });
    if (!delivery.taken) {
      onOutcome('failed');
      store.alertPositions.fails(target.key, clock.now());
      throw new Error(`the target of the alerts did not take event ${event.id}: ${delivery.why}`);
    }
    onOutcome('taken');
    store.alertPositions.moveTo(target.key, event.id);
  }
}

/** A target may also come back after months, and this process after days. */
function giveUpOld({ store, target, clock, log, onOutcome }: AlertDeps): void {
  const nowMs = clock.now();
  let count = 0;
  for (;;) {
    const position = store.alertPositions.find(target.key);
    const [event] = store.events.alertsAfter(position?.eventId ?? 0, 1);
    if (event === undefined || nowMs - event.atMs < giveUpAfterMs) break;
    onOutcome('given-up');
    store.alertPositions.giveUp(target.key, event.id);
    count += 1;
  }
  if (count > 0) log.error({ count }, 'alerts were given up: nobody took them for a day');
}
