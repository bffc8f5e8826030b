// Which sites have a stream open here, and how the rest of the process reaches them. Holds no news and no queue: a site
// is only told to look again, and each session writes at its own pace. The newest stream of a site is the one that
// counts; the one before is closed. Two machines with one identity (a disk that was copied) take turns ever more slowly
// instead of chasing each other, and the log says so. Called by the sessions, the REST API and run.ts.
import type { Clock } from '../../daemon/clock.ts';
import type { Log } from '../../daemon/log.ts';
import type { ErrorCode } from '../../proto/errors.ts';

/** One open stream, as the hub sees it. */
export interface OpenSession {
  /** The documents or signatures for this site may have changed. */
  wake(): void;
  /** Says Retry and ends the stream. */
  retire(reconnectAfterMs: number): void;
  /** Ends the stream with a code; SITE_REVOKED is said in a message of its own before. */
  refuse(code: ErrorCode): void;
}

export interface Hub {
  join(siteId: string, session: OpenSession): void;
  leave(siteId: string, session: OpenSession): void;
  isConnected(siteId: string): boolean;
  connected(): number;
  /** A document was issued, or signatures were published. */
  wake(siteId: string): void;
  /** The identity of the site was withdrawn. */
  revoke(siteId: string): void;
  /** Asks all sites to come back later, each at its own moment. */
  retireAll(reconnectAfterMs: () => number): void;
}

/** Streams of one site that take each other's place within this time belong to two machines, or to a bad line. */
const turnWithinMs = 5 * 60_000;
const longestTurnMs = 60_000;

/** What a bad line does as well is not worth a word. */
const saidAfterTurns = 2;

export function createHub(clock: Pick<Clock, 'monotonic'>, log: Pick<Log, 'warn'>): Hub {
  const sessions = new Map<string, OpenSession>();
  const turns = new Map<string, { readonly atMs: number; readonly count: number }>();
  /** How long the one whose place is taken shall stay away. Whoever lost its line does not hear of it. */
  const takeTurn = (siteId: string): number => {
    const last = turns.get(siteId);
    const nowMs = clock.monotonic();
    const count = last !== undefined && nowMs - last.atMs < turnWithinMs ? last.count + 1 : 0;
    turns.set(siteId, { atMs: nowMs, count });
    const awayMs = count === 0 ? 0 : Math.min(1000 * 2 ** count, longestTurnMs);
    if (count >= saidAfterTurns)
      log.warn(
        { site: siteId, count, awayMs },
        'streams of a site replace each other: two machines with one identity?',
      );
    return awayMs;
  };
  return {
    join(siteId, session) {
      const before = sessions.get(siteId);
      if (before !== undefined) before.retire(takeTurn(siteId));
      sessions.set(siteId, session);
    },
    leave(siteId, session) {
      if (sessions.get(siteId) === session) sessions.delete(siteId);
    },
    isConnected: (siteId) => sessions.has(siteId),
    connected: () => sessions.size,
    wake: (siteId) => sessions.get(siteId)?.wake(),
    revoke: (siteId) => sessions.get(siteId)?.refuse('SITE_REVOKED'),
    retireAll(reconnectAfterMs) {
      for (const session of sessions.values()) session.retire(reconnectAfterMs());
    },
  };
}
