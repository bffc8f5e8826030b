// What a control plane does by itself: on the hour it forgets join tokens that nobody used and renews the leaf of its
// listeners at half its life; every night it forgets what is old (pruning.ts). All in UTC. Started by run.ts.
import { schedule } from 'node-cron';
import type { Clock } from '../../daemon/clock.ts';
import type { ContentStore } from '../../daemon/content-files.ts';
import type { Log } from '../../daemon/log.ts';
import type { Store } from '../store/store.ts';
import { type Authority, type ServerIdentity, serverLeafLifeMs } from '../trust/authority.ts';
import { prune } from './pruning.ts';

export interface HousekeepingDeps {
  readonly store: Store;
  readonly content: ContentStore;
  readonly authority: Authority;
  readonly clock: Clock;
  readonly log: Log;
  /** Names and addresses that our listeners are reached by. */
  readonly hosts: readonly string[];
  /** What the listeners show now. */
  readonly identity: ServerIdentity;
  /** Shows another one from now on. */
  readonly use: (identity: ServerIdentity) => void;
}

/** How long an unused token is remembered after its end, so that whoever shows it learns that it has expired. */
export const forgetTokensAfterMs = 30 * 24 * 3_600_000;

const hourly = '7 * * * *';
const nightly = '23 3 * * *';

export function startHousekeeping(deps: HousekeepingDeps): AsyncDisposable {
  const keepHouse = housekeeping(deps);
  const start = (name: string, when: string, work: () => Promise<unknown>) =>
    schedule(when, () => work().catch((error: unknown) => deps.log.error({ error }, `${name} failed`)), {
      timezone: 'UTC',
      noOverlap: true,
      name,
    });
  const tasks = [start('housekeeping', hourly, keepHouse), start('pruning', nightly, () => prune(deps))];
  return { [Symbol.asyncDispose]: async () => tasks.forEach((task) => void task.destroy()) };
}

/** One round; remembers which identity is shown. */
export function housekeeping(deps: HousekeepingDeps): () => Promise<void> {
  const { store, authority, clock, log, hosts, use } = deps;
  let shown = deps.identity;
  return async () => {
    const forgotten = store.joinTokens.forget(clock.now() - forgetTokensAfterMs);
    if (forgotten > 0) log.info({ count: forgotten }, 'forgot expired join tokens');
    if (shown.notAfterMs - clock.now() > serverLeafLifeMs / 2) return;
    shown = await authority.issueServerIdentity(hosts);
    use(shown);
    log.info({ until: new Date(shown.notAfterMs).toISOString() }, 'renewed the certificate of the listeners');
  };
}
