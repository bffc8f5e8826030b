// Notices who fell silent: four times a minute all sites are looked at, and what changed since the last event about a
// site becomes an event. A control plane that has just started waits as long as a site may be silent: it was away
// itself, and the sites come back one by one. Started by run.ts.
import { createBackoff } from '../../daemon/backoff.ts';
import type { Clock } from '../../daemon/clock.ts';
import type { Log } from '../../daemon/log.ts';
import { createLoop } from '../../daemon/loop.ts';
import type { Random } from '../../daemon/random.ts';
import { liveForMs } from '../fleet/staleness.ts';
import { takeStockOfAll } from '../news/stock.ts';
import type { Store } from '../store/store.ts';

export interface StockTakingDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const intervalMs = 15_000;

export function startStockTaking(deps: StockTakingDeps): AsyncDisposable {
  const takeStock = stockTaking(deps);
  return createLoop({
    run: async () => takeStock(),
    intervalMs,
    clock: deps.clock,
    backoff: createBackoff(deps),
    onError: (error) => deps.log.error({ error }, 'taking stock failed'),
  });
}

/** One round. */
export function stockTaking({ store, clock }: Pick<StockTakingDeps, 'store' | 'clock'>): () => void {
  const startedAtMs = clock.monotonic();
  return () => {
    if (clock.monotonic() - startedAtMs >= liveForMs) takeStockOfAll(store, clock.now());
  };
}
