// Notices who fell silent: four times a minute all sites are looked at, and what changed since the last event about a
// site becomes an event. A control plane that has just started waits as long as a site may be silent: it was away
// itself, and the sites come back one by one. Started by run.ts.
import { schedule } from 'node-cron';
import type { Clock } from '../../daemon/clock.ts';
import type { Log } from '../../daemon/log.ts';
import { liveForMs } from '../fleet/staleness.ts';
import { takeStockOfAll } from '../news/stock.ts';
import type { Store } from '../store/store.ts';

export interface StockTakingDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

const everyFifteenSeconds = '*/15 * * * * *';

export function startStockTaking(deps: StockTakingDeps): AsyncDisposable {
  const takeStock = stockTaking(deps);
  const options = { timezone: 'UTC', noOverlap: true, name: 'stock-taking' };
  const task = schedule(everyFifteenSeconds, takeStock, options);
  return { [Symbol.asyncDispose]: async () => task.destroy() };
}

/** One round; never throws. */
export function stockTaking({ store, clock, log }: StockTakingDeps): () => void {
  const startedAtMs = clock.monotonic();
  return () => {
    if (clock.monotonic() - startedAtMs < liveForMs) return;
    try {
      takeStockOfAll(store, clock.now());
    } catch (error) {
      log.error({ error }, 'taking stock failed');
    }
  };
}
