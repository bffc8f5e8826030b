// What a site says, taken in: reports are stored, heartbeats say until when the last state holds, and what follows from
// either becomes events in the same transaction. Laws: a heartbeat confirms a state only when everything that the site
// had queued before this stream has arrived, and nothing else, or a state of this stream has; site times are brought to
// our clock by the quickest heartbeat of the stream, so a clock that is off or a slow message makes news look older,
// never younger.
// Called by the sync sessions, one `SiteListener` a stream.
import { newsOfState } from '../fleet/news.ts';
import type { ReportRow } from '../fleet/site-report.ts';
import { heldUntil } from '../fleet/verdict.ts';
import type { HelloFacts } from '../store/contacts.ts';
import type { Store } from '../store/store.ts';
import { takeStock } from './stock.ts';

/** Times by the site's clock; 0 for never. */
export interface HeartbeatTimes {
  readonly sentAtMs: number;
  readonly observedAtMs: number;
  readonly healthObservedAtMs: number;
}

/** By so much a slow message may make a clock look wrong. */
const unevenMs = 2_000;

export class SiteListener {
  readonly #store: Store;
  readonly #siteId: string;
  /** How much our clock is ahead of the site's, as the quickest heartbeat showed; null before the first. */
  #aheadMs: number | null = null;
  #awaitsState = false;
  /** Looks from before the site's clock was set back, as it seems: how old they are cannot be told. */
  #doubtful: HeartbeatTimes | undefined;

  constructor(store: Store, siteId: string) {
    this.#store = store;
    this.#siteId = siteId;
  }

  /** `outboxSequence`: the last row that the site ever queued. */
  hello(facts: HelloFacts, outboxSequence: number, nowMs: number): void {
    const { contacts, reports, transaction } = this.#store;
    transaction(() => {
      contacts.hello(this.#siteId, facts, nowMs);
      // Fewer rows than arrived here before: the site was set back to an old copy, and may hold for told what is not.
      this.#awaitsState = reports.position(this.#siteId) !== outboxSequence;
      takeStock(this.#store, this.#siteId, nowMs);
    });
  }

  /** What has arrived is not what the site ever queued, and no state has come on this stream. */
  get awaitsState(): boolean {
    return this.#awaitsState;
  }

  /** Returns the rows that are new. */
  report(rows: readonly ReportRow[], nowMs: number): readonly ReportRow[] {
    const { contacts, reports, transaction } = this.#store;
    return transaction(() => {
      contacts.seen(this.#siteId, nowMs);
      let before = reports.state(this.#siteId)?.state ?? null;
      const aheadMs = this.#doubtful === undefined ? this.#aheadMs : null;
      const arrival = { receivedAtMs: nowMs, aheadMs };
      const fresh = reports.accept(this.#siteId, rows, arrival);
      for (const { content } of fresh) {
        if (content.kind === 'refusal') contacts.refused(this.#siteId, content.refusal);
        if (content.kind !== 'state') continue;
        contacts.holds(this.#siteId, content.state);
        for (const news of newsOfState(before, content.state))
          this.#store.events.add({ siteId: this.#siteId, atMs: nowMs, news });
        before = content.state;
        this.#awaitsState = false;
      }
      takeStock(this.#store, this.#siteId, nowMs);
      return fresh;
    });
  }

  heartbeat(times: HeartbeatTimes, nowMs: number): void {
    const { contacts, transaction } = this.#store;
    transaction(() => {
      contacts.seen(this.#siteId, nowMs);
      this.#compareClocks(times, nowMs);
      if (!this.#awaitsState) this.#confirm(times, nowMs);
      takeStock(this.#store, this.#siteId, nowMs);
    });
  }

  /** What the clock showed is kept for the next stream once nothing is doubtful any more. */
  #compareClocks(times: HeartbeatTimes, nowMs: number): void {
    const { contacts } = this.#store;
    const aheadMs = Math.min(this.#aheadMs ?? Number.POSITIVE_INFINITY, nowMs - times.sentAtMs);
    const keptMs = contacts.find(this.#siteId)?.aheadMs ?? null;
    if (this.#aheadMs === null && keptMs !== null && aheadMs > keptMs + unevenMs) this.#doubtful = times;
    if (this.#doubtful !== undefined && isAnotherLook(times, this.#doubtful)) this.#doubtful = undefined;
    this.#aheadMs = aheadMs;
    if (this.#doubtful === undefined && aheadMs !== keptMs) contacts.clock(this.#siteId, aheadMs);
  }

  #confirm({ observedAtMs, healthObservedAtMs }: HeartbeatTimes, nowMs: number): void {
    const aheadMs = this.#aheadMs;
    if (aheadMs === null) return;
    const until = (siteMs: number, doubtfulMs: number | undefined) =>
      siteMs === doubtfulMs ? null : heldUntil(siteMs, aheadMs, nowMs);
    this.#store.reports.confirm(this.#siteId, {
      knownMs: until(observedAtMs, this.#doubtful?.observedAtMs),
      healthKnownMs: until(healthObservedAtMs, this.#doubtful?.healthObservedAtMs),
    });
  }

  /** How long ago rows were made, by both clocks; nothing before the first heartbeat. */
  delayMs(observedAtMs: number, nowMs: number): number | undefined {
    return this.#aheadMs === null ? undefined : Math.max(0, nowMs - (observedAtMs + this.#aheadMs));
  }
}

function isAnotherLook(times: HeartbeatTimes, before: HeartbeatTimes): boolean {
  const { observedAtMs, healthObservedAtMs } = times;
  const isOther = observedAtMs === 0 || observedAtMs !== before.observedAtMs;
  return isOther && (healthObservedAtMs === 0 || healthObservedAtMs !== before.healthObservedAtMs);
}
