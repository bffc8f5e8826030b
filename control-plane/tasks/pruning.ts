// Forgets what nobody needs any more, so that a control plane does not grow for ever: old events, starts of agents and
// leaves from long ago, content that was never published. The audit, documents and releases are kept for ever. Work is
// done in small pieces, so that sites and people are served in between. Called by housekeeping.ts.
import type { Clock } from '../../daemon/clock.ts';
import type { ContentStore } from '../../daemon/content-files.ts';
import type { Log } from '../../daemon/log.ts';
import type { Store } from '../store/store.ts';

export interface PruningDeps {
  readonly store: Store;
  readonly content: ContentStore;
  readonly clock: Clock;
  readonly log: Log;
}

const dayMs = 24 * 3_600_000;

export const keepEventsForMs = 400 * dayMs;
/** Of one site: what talks without end must not fill the disk before the 400 days are over. */
export const eventsPerSite = 100_000;
export const keepLeavesForMs = 365 * dayMs;
/** From the upload: publishing a release follows its content within minutes. */
export const keepUnpublishedForMs = 7 * dayMs;

const rowsAtOnce = 2_000;

export interface Pruned {
  readonly events: number;
  readonly leaves: number;
  readonly contents: number;
}

export async function prune({ store, content, clock, log }: PruningDeps): Promise<Pruned> {
  const nowMs = clock.now();
  const beforeMs = nowMs - keepEventsForMs;
  const pruned = {
    events:
      (await inPieces(clock, () => store.events.forget({ beforeMs, limit: rowsAtOnce }))) +
      (await dropSurplus(store, clock)),
    leaves: await inPieces(clock, () => store.devices.forgetLeaves(nowMs - keepLeavesForMs, rowsAtOnce)),
    contents: await dropUnpublished(store, content, nowMs - keepUnpublishedForMs),
  };
  if (Object.values(pruned).some((count) => count > 0)) log.info({ ...pruned }, 'forgot what is old');
  return pruned;
}

async function inPieces(clock: Clock, forget: () => number): Promise<number> {
  let total = 0;
  for (let count = rowsAtOnce; count >= rowsAtOnce; total += count) {
    count = forget();
    if (count >= rowsAtOnce) await clock.sleep(0);
  }
  return total;
}

/** Site by site, each in its own turn: to count the events of all at once would take as long as there are events. */
async function dropSurplus(store: Store, clock: Clock): Promise<number> {
  let dropped = 0;
  for (const [index, siteId] of store.sites.idsEvenDeleted().entries()) {
    if (index > 0) await clock.sleep(0);
    store.reports.forgetStarts(siteId, clock.now() - keepEventsForMs);
    dropped += await inPieces(clock, () =>
      store.events.forgetSurplus(siteId, { keep: eventsPerSite, limit: rowsAtOnce }),
    );
  }
  return dropped;
}

async function dropUnpublished(store: Store, content: ContentStore, beforeMs: number): Promise<number> {
  let dropped = 0;
  for (const digest of await content.list()) {
    if (store.releases.isNamed(digest)) continue;
    const keptAtMs = await content.keptAtMs(digest);
    // Asked again: it may have been published in between.
    if (keptAtMs === undefined || keptAtMs >= beforeMs || store.releases.isNamed(digest)) continue;
    await content.delete(digest);
    dropped += 1;
  }
  return dropped;
}
