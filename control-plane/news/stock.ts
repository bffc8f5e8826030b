// Takes stock of a site: works out its contact class and verdict now, and stores an event for what differs from what
// was said last. Invariant: what was said is stored with the event, so asking again, or after a restart, says nothing
// twice. Called in the transaction of every message of a site, and for all sites now and then (tasks/housekeeping.ts).
import { type News, newsOfStanding, newsOfWithdrawal, type StandingNow } from '../fleet/news.ts';
import { type ContactClass, contactClass } from '../fleet/staleness.ts';
import { type Verdict, verdict } from '../fleet/verdict.ts';
import type { FleetRow } from '../store/fleet-rows.ts';
import type { Store } from '../store/store.ts';

/** How a site stands at a moment. `contact` is null before a machine joined. */
export interface Stock {
  readonly contact: ContactClass | null;
  readonly verdict: Verdict;
}

export function stockOf(row: FleetRow, nowMs: number): Stock {
  const lastContactMs = row.contact?.lastContactMs ?? null;
  const contact = contactClass({ lastContactMs, leafNotAfterMs: row.leafNotAfterMs }, nowMs);
  return { contact, verdict: verdict({ contact, lastContactMs, known: row.known, nowMs }) };
}

/** Of one site; nothing happens for one that was withdrawn or deleted: nobody waits for it. */
export function takeStock(store: Store, siteId: string, nowMs: number): void {
  const row = store.fleet.find(siteId);
  if (row !== undefined) note(store, row, nowMs);
}

/** Of all sites. A site that broke off a moment ago may be connecting again: whoever starts waits a little first. */
export function takeStockOfAll(store: Store, nowMs: number): void {
  const changed = store.fleet.list().filter((row) => newsOf(row, nowMs).length > 0);
  // In one transaction: when a line breaks, all sites fall silent in the same moment.
  if (changed.length > 0) store.transaction(() => changed.forEach((row) => note(store, row, nowMs)));
}

/** In the transaction that withdraws a site: what was told of it ends. */
export function endStock(store: Store, siteId: string, nowMs: number): void {
  const row = store.fleet.find(siteId);
  if (row === undefined) return;
  const contact = row.standing?.contact ?? null;
  const said = { contact, lastContactMs: row.contact?.lastContactMs ?? null };
  for (const news of newsOfWithdrawal(row.known?.state ?? null, said))
    store.events.add({ siteId, atMs: nowMs, news });
}

function note(store: Store, row: FleetRow, nowMs: number): void {
  const news = newsOf(row, nowMs);
  if (news.length === 0) return;
  for (const one of news) store.events.add({ siteId: row.site.id, atMs: nowMs, news: one });
  const { contact, verdict: now } = standingOf(row, nowMs);
  const isTold = news.some(({ kind }) => kind === 'health');
  const word = isTold ? now.word : (row.standing?.word ?? 'new');
  store.standings.put(row.site.id, { contact, word });
}

function newsOf(row: FleetRow, nowMs: number): readonly News[] {
  if (row.site.revokedAtMs !== null) return [];
  return newsOfStanding(row.standing, standingOf(row, nowMs));
}

/** Whoever was approved and has not said a word yet is not missed. */
function standingOf(row: FleetRow, nowMs: number): StandingNow {
  const lastContactMs = row.contact?.lastContactMs ?? null;
  const { contact, verdict: now } = stockOf(row, nowMs);
  return { contact: lastContactMs === null ? null : contact, lastContactMs, verdict: now };
}
