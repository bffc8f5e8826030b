// One stream of one site, from Hello to its end. Laws: every message is checked against expiry and revocation anew;
// a report is acknowledged only after it is durable; a stream has a maximum age, after which the site comes again.
// Handling a message is synchronous, so messages of one site are in order and no site waits in a queue for another.
import type { Clock } from '../../daemon/clock.ts';
import type { Log } from '../../daemon/log.ts';
import type { Random } from '../../daemon/random.ts';
import { capability } from '../../proto/capability.ts';
import type { ErrorCode } from '../../proto/errors.ts';
import type { Heartbeat, Hello, Report, SyncRequest } from '../../proto/gen/tre/v1/sync_pb.ts';
import { SiteListener } from '../news/take-in.ts';
import type { Store } from '../store/store.ts';
import { standingOf } from '../trust/standing.ts';
import { readHello } from './hello.ts';
import type { Hub, OpenSession } from './hub.ts';
import type { OfferPart, OfferSource } from './offers.ts';
import { Outbound, type SyncCall } from './outbound.ts';
import { readHeartbeat, readRow } from './report-rows.ts';
import { endWith, failure, leafOf } from './serve.ts';

export interface SyncSettings {
  readonly heartbeatMs: number;
  /** A stream ends after this long, up to a tenth earlier. */
  readonly maxStreamMs: number;
}

export interface SessionDeps {
  readonly store: Store;
  readonly offers: OfferSource;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly settings: SyncSettings;
  /** Told of rows that were new, and how old each state among them was, as far as that is known. */
  readonly onRows?: (count: number, statesOldMs: readonly number[]) => void;
}

export class SyncSession implements OpenSession {
  readonly #call: SyncCall;
  readonly #deps: SessionDeps;
  readonly #leaf: string | undefined;
  readonly #outbound: Outbound;
  readonly #over = new AbortController();
  #siteId = '';
  #listener: SiteListener | undefined;
  /** The document that the site held when it was last offered something. */
  #heldWhenOffered: string | null | undefined;

  constructor(call: SyncCall, deps: SessionDeps) {
    this.#call = call;
    this.#deps = deps;
    this.#leaf = leafOf(call);
    this.#outbound = new Outbound(call, () => {
      let parts: readonly OfferPart[] = [];
      this.#guarded(() => {
        this.#heldWhenOffered = this.#held();
        parts = deps.offers.offerFor(this.#siteId);
      });
      return parts;
    });
  }

  /** Nobody holds a stream open without a certificate, nor without saying who it is. */
  opened(): void {
    this.#guarded(() => {
      const standing = standingOf(this.#deps, this.#leaf);
      if (!standing.ok) return this.refuse(standing.code, standing.detail);
      void this.#demandHello();
    });
  }

  /** Handles one message; never throws. */
  receive(request: SyncRequest): void {
    if (this.#over.signal.aborted) return;
    this.#guarded(() => {
      const standing = standingOf(this.#deps, this.#leaf);
      if (!standing.ok) return this.refuse(standing.code, standing.detail);
      this.#siteId = standing.site.siteId;
      this.#handle(request.message);
    });
  }

  wake(): void {
    this.#outbound.offer();
  }

  retire(reconnectAfterMs: number): void {
    this.#finish({ case: 'retry', value: { $typeName: 'tre.v1.Retry', reconnectAfterMs } }, () =>
      this.#call.end(),
    );
  }

  refuse(code: ErrorCode, detail?: string): void {
    const revoked = { case: 'revoked', value: { $typeName: 'tre.v1.Revoked' } } as const;
    this.#finish(code === 'SITE_REVOKED' ? revoked : undefined, () => endWith(this.#call, code, detail));
  }

  /** The site ended the stream, or the connection broke. */
  ended(): void {
    this.#finish(undefined, () => this.#call.end());
  }

  /** What the database throws ends this stream, and neither the process nor in silence. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.refuse(failure(this.#deps.log.child({ site: this.#siteId }), error, this.#call.getPath()));
    }
  }

  #handle(message: SyncRequest['message']): void {
    const listener = this.#listener;
    if (listener === undefined) {
      if (message.case === 'hello') return this.#hello(message.value);
      return this.refuse('REQUEST_INVALID', 'The first message of a stream is Hello.');
    }
    if (message.case === 'report') return this.#report(message.value, listener);
    if (message.case === 'heartbeat') return this.#heartbeat(message.value, listener);
    this.refuse('REQUEST_INVALID', 'Hello is said once a stream.');
  }

  #hello(hello: Hello): void {
    const { store, clock, hub, log, settings } = this.#deps;
    const siteId = this.#siteId;
    const read = readHello(hello);
    if (!read.ok) {
      store.contacts.problem(siteId, read.code, clock.now());
      return this.refuse(read.code, read.detail);
    }
    const listener = new SiteListener(store, siteId);
    listener.hello(read.facts, Number(hello.outboxSequence), clock.now());
    log.info({ site: siteId, generation: hello.generation, epoch: hello.epoch }, 'site connected');
    this.#listener = listener;
    hub.join(siteId, this);
    this.#outbound.first({
      case: 'welcome',
      value: {
        $typeName: 'tre.v1.Welcome',
        capability,
        serverTimeMs: BigInt(clock.now()),
        heartbeatMs: settings.heartbeatMs,
        epoch: store.settings.epoch(),
        reportAgain: listener.awaitsState,
      },
    });
    this.#outbound.offer();
    void this.#retireWhenOld();
  }

  #heartbeat(message: Heartbeat, listener: SiteListener): void {
    listener.heartbeat(readHeartbeat(message), this.#deps.clock.now());
  }

  #report({ rows }: Report, listener: SiteListener): void {
    const { clock, onRows } = this.#deps;
    const read = rows.map(readRow);
    const known = read.filter((row) => row !== undefined);
    if (known.length !== read.length)
      return this.refuse('REQUEST_INVALID', 'A row has no proper boot id or sequence number.');
    const accepted = listener.report(known, clock.now());
    const statesOldMs = accepted.flatMap(({ content }) =>
      content.kind === 'state' ? (listener.delayMs(content.state.observedAtMs, clock.now()) ?? []) : [],
    );
    onRows?.(accepted.length, statesOldMs);
    for (const row of known) this.#outbound.ack(row.bootId, row.sequence);
    // An offer was made from an older position than the site turns out to have: look again.
    if (this.#held() !== this.#heldWhenOffered) this.#outbound.offer();
  }

  #held(): string | null | undefined {
    return this.#deps.store.contacts.find(this.#siteId)?.heldDigest;
  }

  async #demandHello(): Promise<void> {
    await this.#deps.clock.sleep(helloWithinMs, this.#over.signal).then(
      () =>
        this.#listener === undefined
          ? this.refuse('REQUEST_INVALID', 'Hello did not come in time.')
          : undefined,
      () => undefined,
    );
  }

  async #retireWhenOld(): Promise<void> {
    const { clock, random, settings } = this.#deps;
    const ageMs = settings.maxStreamMs * (1 - random.next() / 10);
    await clock.sleep(ageMs, this.#over.signal).then(
      () => this.retire(Math.round(random.next() * maxReconnectMs)),
      () => undefined,
    );
  }

  #finish(message: Parameters<Outbound['last']>[0], end: () => void): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#deps.hub.leave(this.#siteId, this);
    if (this.#listener !== undefined) this.#deps.log.info({ site: this.#siteId }, 'site disconnected');
    this.#outbound.last(message, end);
  }
}

const helloWithinMs = 10_000;
const maxReconnectMs = 2_000;
