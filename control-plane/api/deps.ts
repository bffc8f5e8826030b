// What the REST API is built on, handed in by main.ts. `Signals` is all that it knows of the sync sessions.
// Invariant: nothing in this folder reaches for a clock, a store or a stream by itself.
import type { Clock } from '../../daemon/clock.ts';
import type { ContentStore } from '../../daemon/content-files.ts';
import type { Log } from '../../daemon/log.ts';
import type { Random } from '../../daemon/random.ts';
import type { Store } from '../store/store.ts';
import type { Director } from '../trust/director.ts';

/** How the API reaches sites that are connected, and learns who is. */
export interface Signals {
  isConnected(siteId: string): boolean;
  connected(): number;
  /** A document was issued or signatures were published for it. */
  wake(siteId: string): void;
  /** Its identity was withdrawn. */
  revoke(siteId: string): void;
}

/** How the alerts stand; for the metrics. */
export interface AlertFigures {
  waiting(): number;
  /** 0 when nothing fails. */
  failingForMs(): number;
}

export interface ApiDeps {
  readonly store: Store;
  readonly content: ContentStore;
  readonly director: Director;
  readonly signals: Signals;
  readonly alerts: AlertFigures;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Digest of the CA certificate that join files pin. */
  readonly caDigest: string;
  /** `host:port` of the agents' listener as sites reach it; the port is known when that listens. */
  readonly agentAddress: string;
  readonly version: string;
}
