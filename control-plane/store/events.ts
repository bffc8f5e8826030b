// Everything that happened, of all sites, in one list whose ids rise: what sites reported, what a report changed, what
// operators did, and who fell silent. Written in the transaction of what happened; never changed, and forgotten after
// a long time (tasks/pruning.ts). Called by whoever changes something, and read by the REST API and the alerts.
import type { Database } from '../../daemon/sqlite.ts';
import { isAlert, type News } from '../fleet/news.ts';

/** What happened, where, and when by our clock. `bootId` and `sequence` name the row in which a site reported it. */
export interface Happening {
  readonly siteId: string;
  readonly atMs: number;
  readonly news: News;
  readonly bootId?: string;
  readonly sequence?: number;
}

export interface FleetEvent {
  /** Rises with every event of any site; a reader goes on after the last one it saw. */
  readonly id: number;
  readonly siteId: string;
  /** Of a deleted site the one that it had. */
  readonly siteName: string;
  readonly isSiteDeleted: boolean;
  readonly atMs: number;
  readonly bootId: string | null;
  readonly sequence: number | null;
  readonly news: News;
}

export interface EventTable {
  add(happening: Happening): void;
  /** Of one site, or of all (null); oldest first. */
  after(siteId: string | null, id: number, limit: number): readonly FleetEvent[];
  /** What a site reported by itself, oldest first. */
  reported(siteId: string, id: number, limit: number): readonly FleetEvent[];
  /** The last ones of a site and kind, newest first. */
  latest(siteId: string, kind: News['kind'], limit: number): readonly FleetEvent[];
  /** Those that go to the alert target, oldest first. */
  alertsAfter(id: number, limit: number): readonly FleetEvent[];
  alertsWaiting(id: number): number;
  /** Of all that ever were, also when it is forgotten; 0 before the first. */
  newestId(): number;
  /** Of those that are kept; 0 for none. */
  oldestId(): number;
  /** When an event happened; undefined for one that is forgotten or never was. */
  momentOf(id: number): number | undefined;
  /** The last one up to a moment; 0 for none. */
  lastUntil(atMs: number): number;
  /** Resolves at the next event that this process adds, or when `signal` is aborted. */
  next(signal: AbortSignal): Promise<void>;
  /** Forgets what is older; at most `limit` rows. Returns how many. */
  forget(options: { readonly beforeMs: number; readonly limit: number }): number;
  /** Forgets of one site all but the newest `keep`; at most `limit` rows. Returns how many. */
  forgetSurplus(siteId: string, options: { readonly keep: number; readonly limit: number }): number;
}

interface StoredEvent extends Omit<FleetEvent, 'news' | 'isSiteDeleted'> {
  readonly isSiteDeleted: number;
  readonly kind: News['kind'];
  readonly event: string;
}

const select = `SELECT event.id, site_id AS siteId, coalesce(former_name, name) AS siteName,
  deleted_at_ms IS NOT NULL AS isSiteDeleted, at_ms AS atMs, boot_id AS bootId, sequence, kind, event
  FROM event JOIN site ON site.id = event.site_id`;

export function eventTable(database: Database): EventTable {
  const bell = createBell();
  const insert = database.prepare(
    `INSERT INTO event (site_id, at_ms, kind, boot_id, sequence, is_alert, event)
     VALUES (:siteId, :atMs, :kind, :bootId, :sequence, :isAlert, :event)`,
  );
  return {
    add({ siteId, atMs, news, bootId = null, sequence = null }: Nullable<Happening>) {
      const { kind, ...facts } = news;
      const flags = { isAlert: isAlert(news) ? 1 : 0, event: JSON.stringify(facts) };
      insert.run({ siteId, atMs, kind, bootId, sequence, ...flags });
      bell.ring();
    },
    next: bell.next,
    ...readers(database),
    ...places(database),
    ...forgetters(database),
  };
}

type Nullable<T> = { readonly [K in keyof T]: undefined extends T[K] ? T[K] | null : T[K] };

function readers(
  database: Database,
): Pick<EventTable, 'after' | 'reported' | 'latest' | 'alertsAfter' | 'alertsWaiting'> {
  const ofSite = database.prepare<StoredEvent>(
    `${select} WHERE site_id = ? AND event.id > ? ORDER BY event.id LIMIT ?`,
  );
  const ofAll = database.prepare<StoredEvent>(`${select} WHERE event.id > ? ORDER BY event.id LIMIT ?`);
  const reported = database.prepare<StoredEvent>(
    `${select} WHERE site_id = ? AND event.id > ? AND sequence IS NOT NULL ORDER BY event.id LIMIT ?`,
  );
  const latest = database.prepare<StoredEvent>(
    `${select} WHERE site_id = ? AND kind = ? ORDER BY event.id DESC LIMIT ?`,
  );
  const alerts = database.prepare<StoredEvent>(
    `${select} WHERE is_alert AND event.id > ? ORDER BY event.id LIMIT ?`,
  );
  const waiting = database.prepare<{ count: number }>(
    'SELECT count(*) AS count FROM event WHERE is_alert AND id > ?',
  );
  return {
    after: (siteId, id, limit) =>
      (siteId === null ? ofAll.all(id, limit) : ofSite.all(siteId, id, limit)).map(eventOf),
    reported: (siteId, id, limit) => reported.all(siteId, id, limit).map(eventOf),
    latest: (siteId, kind, limit) => latest.all(siteId, kind, limit).map(eventOf),
    alertsAfter: (id, limit) => alerts.all(id, limit).map(eventOf),
    alertsWaiting: (id) => waiting.get(id)?.count ?? 0,
  };
}

function places(database: Database): Pick<EventTable, 'newestId' | 'oldestId' | 'momentOf' | 'lastUntil'> {
  const newest = database.prepare<{ id: number }>(
    `SELECT seq AS id FROM sqlite_sequence WHERE name = 'event'`,
  );
  const oldest = database.prepare<{ id: number | null }>('SELECT min(id) AS id FROM event');
  const moment = database.prepare<{ atMs: number }>('SELECT at_ms AS atMs FROM event WHERE id = ?');
  const until = database.prepare<{ id: number }>(
    'SELECT id FROM event WHERE at_ms <= ? ORDER BY at_ms DESC, id DESC LIMIT 1',
  );
  return {
    newestId: () => newest.get()?.id ?? 0,
    oldestId: () => oldest.get()?.id ?? 0,
    momentOf: (id) => moment.get(id)?.atMs,
    lastUntil: (atMs) => until.get(atMs)?.id ?? 0,
  };
}

/** Neither looks at more than an index of what it asks for: a table of all sites is large. */
function forgetters(database: Database): Pick<EventTable, 'forget' | 'forgetSurplus'> {
  const old = database.prepare(
    'DELETE FROM event WHERE id IN (SELECT id FROM event WHERE at_ms < ? ORDER BY at_ms LIMIT ?)',
  );
  const surplus = database.prepare(
    `DELETE FROM event WHERE id IN (SELECT id FROM event WHERE site_id = :siteId AND id <=
       (SELECT id FROM event WHERE site_id = :siteId ORDER BY id DESC LIMIT 1 OFFSET :keep) LIMIT :limit)`,
  );
  return {
    forget: ({ beforeMs, limit }) => old.run(beforeMs, limit).changes,
    forgetSurplus: (siteId, { keep, limit }) => surplus.run({ siteId, keep, limit }).changes,
  };
}

/** Tells everybody who waits; whoever comes later waits for the next time. */
function createBell() {
  const waiting = new Set<() => void>();
  return {
    ring(): void {
      for (const wake of waiting) wake();
    },
    next: (signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener('abort', wake, { once: true });
        if (signal.aborted) wake();
      }),
  };
}

function eventOf({ kind, event, isSiteDeleted, ...key }: StoredEvent): FleetEvent {
  return {
    ...key,
    isSiteDeleted: isSiteDeleted === 1,
    news: { kind, ...(JSON.parse(event) as object) } as News,
  };
}
