// Which sites have a stream open here, and how the rest of the process reaches them. Holds no news and no queue: a site
// is only told to look again, and each session writes at its own pace. The newest stream of a site is the one that
// counts; the one before is closed. Called by the sessions, the REST API and main.ts.
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

export function createHub(): Hub {
  const sessions = new Map<string, OpenSession>();
  return {
    join(siteId, session) {
      sessions.get(siteId)?.retire(0);
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
