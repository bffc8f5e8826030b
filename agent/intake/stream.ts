// One stream with the control plane, from Hello to its end. Laws: the outbox is sent in order, from the first row that is
// not acknowledged, and a row leaves only when it is; offers are judged one after the other while reports go on; what
// is wrong with the stream ends it, and nothing else in the agent. Called by run-session.ts.
import type { Client } from '@grpc/grpc-js';
import type { Clock } from '../../daemon/clock.ts';
import { capability, oldestCapability } from '../../proto/capability.ts';
import { uuidForm } from '../../proto/document.ts';
import { TreError } from '../../proto/errors.ts';
import {
  type Ack,
  type Offer,
  type SyncResponse,
  SyncService,
  type Welcome,
} from '../../proto/gen/tre/v1/sync_pb.ts';
import { callDuplex, type Duplex } from '../../proto/grpc.ts';
import type { AgentStore } from '../store/store.ts';
import { type Acceptance, Acceptor, type OfferPart } from './accept.ts';
import { contentSource } from './content-source.ts';
import type { SiteView } from './offer.ts';

/** When the cluster last answered, ms UTC, 0 for never: what was reported then still holds, or was reported anew. */
export interface LookTimes {
  readonly observedAtMs: number;
  readonly healthObservedAtMs: number;
}

export interface StreamDeps {
  readonly client: Client;
  readonly store: AgentStore;
  readonly clock: Clock;
  readonly bootId: string;
  readonly agentVersion: string;
  readonly view: () => SiteView;
  /** `clockOffsetMs`: our clock less that of the control plane; undefined when it did not say. */
  readonly onWelcome: (clockOffsetMs: number | undefined) => void;
  /** An offer was judged. */
  readonly onJudged: (acceptance: Acceptance) => void;
  /** Called with every heartbeat; for what has to be done now and then while connected. */
  readonly onHeartbeat: (signal: AbortSignal) => Promise<void>;
  readonly lookTimes: () => LookTimes;
}

/** How a stream ended without an error. */
export type StreamEnd =
  | { readonly kind: 'retry'; readonly afterMs: number }
  | { readonly kind: 'revoked' }
  | { readonly kind: 'ended' };

type SyncDuplex = Duplex<typeof SyncService.method.sync.input, typeof SyncService.method.sync.output>;

const defaultHeartbeatMs = 30_000;
const maxWaitingOffers = 8;
const heartbeatBounds = { minimumMs: 1_000, maximumMs: 300_000 };
/** Leaves room in 512 KiB for the boot id and number of each row. */
const maxBodyBytes = 448 * 1024;

/** Talks until the stream ends. Throws CallFailed when it breaks or is refused, and what an acceptance throws. */
export class Stream {
  readonly #deps: StreamDeps;
  readonly #acceptor: Acceptor;
  readonly #over = new AbortController();
  readonly #leaving = Promise.withResolvers<StreamEnd>();
  #wake = new AbortController();
  #heartbeatMs = defaultHeartbeatMs;
  #isWelcome = false;
  #helloLeftAtMs: number | undefined;
  #sentUpTo = 0;
  #accepting: Promise<void> = Promise.resolve();
  #waitingOffers = 0;
  #failure: unknown;

  constructor(deps: StreamDeps) {
    this.#deps = deps;
    const { store, view, client } = deps;
    this.#acceptor = new Acceptor({ store, view, source: contentSource(client) });
  }

  /** There is news in the outbox. */
  wake(): void {
    this.#wake.abort();
  }

  /** A message leaves, so there is a connection now. The first one is Hello. */
  left(): void {
    this.#helloLeftAtMs ??= this.#deps.clock.monotonic();
  }

  /** Ends this stream, for another one to begin at once. */
  leave(): void {
    this.#leaving.resolve({ kind: 'retry', afterMs: 0 });
  }

  async run(stop: AbortSignal): Promise<StreamEnd> {
    const signal = AbortSignal.any([stop, this.#over.signal]);
    const duplex = callDuplex(this.#deps.client, SyncService.method.sync, signal);
    const tasks = [this.#receive(duplex, signal), this.#send(duplex, signal)];
    try {
      return await Promise.race([...tasks, this.#leaving.promise]);
    } catch (error) {
      throw this.#failure ?? error;
    } finally {
      this.#over.abort();
      await Promise.allSettled([...tasks, this.#accepting]);
    }
  }

  async #receive(duplex: SyncDuplex, signal: AbortSignal): Promise<StreamEnd> {
    for await (const { message } of duplex.received) {
      const end = this.#handle(message, signal);
      if (end !== undefined) return end;
      // Whoever offers faster than we can judge waits for us, instead of filling our memory.
      if (this.#waitingOffers >= maxWaitingOffers) await this.#accepting;
    }
    return { kind: 'ended' };
  }

  #handle(message: SyncResponse['message'], signal: AbortSignal): StreamEnd | undefined {
    switch (message.case) {
      case 'welcome':
        this.#welcome(message.value);
        return undefined;
      case 'offer':
        this.#queueOffer(partOf(message.value), signal);
        return undefined;
      case 'ack':
        this.#acknowledge(message.value);
        return undefined;
      case 'retry':
        return { kind: 'retry', afterMs: message.value.reconnectAfterMs };
      case 'revoked':
        return { kind: 'revoked' };
      case undefined:
        // A message of a newer control plane: nothing that we would have to act on.
        return undefined;
    }
  }

  #welcome({ capability: theirs, heartbeatMs, serverTimeMs, reportAgain }: Welcome): void {
    if (theirs < oldestCapability) throw new TreError('CAPABILITY_UNSUPPORTED');
    const { minimumMs, maximumMs } = heartbeatBounds;
    if (heartbeatMs > 0) this.#heartbeatMs = Math.min(Math.max(heartbeatMs, minimumMs), maximumMs);
    if (reportAgain) this.#deps.store.outbox.reportAgain();
    this.#isWelcome = true;
    this.#deps.onWelcome(this.#clockOffset(Number(serverTimeMs)));
    this.wake();
  }

  /** Their clock was read half a round trip ago; making the connection is no part of the trip. */
  #clockOffset(serverTimeMs: number): number | undefined {
    const { clock } = this.#deps;
    if (this.#helloLeftAtMs === undefined || serverTimeMs <= 0) return undefined;
    const halfTripMs = (clock.monotonic() - this.#helloLeftAtMs) / 2;
    return clock.now() - halfTripMs - serverTimeMs;
  }

  /** Whatever the other side says: what was not sent on this stream cannot have arrived. */
  #acknowledge({ bootId, sequence }: Ack): void {
    this.#deps.store.outbox.acknowledge(bootId, Math.min(Number(sequence), this.#sentUpTo));
  }

  /** Offers wait for each other; what one of them throws ends the stream. */
  #queueOffer(part: OfferPart, signal: AbortSignal): void {
    this.#waitingOffers += 1;
    this.#accepting = this.#accepting.then(async () => {
      const acceptance = await this.#acceptor.take(part, signal);
      this.#waitingOffers -= 1;
      this.#deps.onJudged(acceptance);
      this.wake();
    });
    this.#accepting.catch((error: unknown) => {
      this.#failure ??= error;
      this.#over.abort();
    });
  }

  async #send(duplex: SyncDuplex, signal: AbortSignal): Promise<StreamEnd> {
    const { clock, onHeartbeat, lookTimes } = this.#deps;
    await duplex.send({ message: { case: 'hello', value: this.#hello() } });
    let beatAtMs = clock.monotonic();
    let hasBeaten = false;
    while (!signal.aborted) {
      await this.#pause(beatAtMs + this.#heartbeatMs - clock.monotonic(), signal);
      // Before the outbox is emptied: what was seen later may not have been told yet.
      const times = lookTimes();
      if (this.#isWelcome) await this.#drain(duplex);
      // The first one at once: it tells how far this clock is from theirs, so that what was reported is news there.
      const isFirst = this.#isWelcome && !hasBeaten;
      if (!isFirst && clock.monotonic() < beatAtMs + this.#heartbeatMs) continue;
      if (!this.#isWelcome)
        throw new TreError('CONTROL_PLANE_UNREACHABLE', 'the control plane took the call and says nothing');
      await duplex.send({ message: { case: 'heartbeat', value: heartbeat(clock.now(), times) } });
      await onHeartbeat(signal);
      beatAtMs = clock.monotonic();
      hasBeaten = true;
    }
    return { kind: 'ended' };
  }

  /** Until the next heartbeat, or until there is news. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.#deps.clock.sleep(ms, AbortSignal.any([signal, this.#wake.signal])).catch(() => undefined);
    if (this.#wake.signal.aborted) this.#wake = new AbortController();
  }

  async #drain(duplex: SyncDuplex): Promise<void> {
    for (;;) {
      const rows = this.#deps.store.outbox.after(this.#sentUpTo, maxBodyBytes);
      if (rows.length === 0) return;
      const sent = rows.map(({ bootId, sequence, body }) => ({
        bootId,
        sequence: BigInt(sequence),
        body: Uint8Array.from(body),
      }));
      await duplex.send({ message: { case: 'report', value: { rows: sent } } });
      this.#sentUpTo = rows.at(-1)?.sequence ?? this.#sentUpTo;
    }
  }

  #hello() {
    const { store, bootId, agentVersion, view } = this.#deps;
    const held = store.desired.held();
    const { clusterUid } = view();
    const refusal = store.journal.openRefusal();
    return {
      capability,
      bootId,
      epoch: held?.epoch ?? 0,
      generation: held?.generation ?? 0,
      documentDigest: held?.documentDigest ?? '',
      inventoryDigest: store.inventory.digest(),
      outboxSequence: BigInt(store.outbox.lastSequence()),
      // The words of the API server: they leave only in the form that they must have.
      clusterUid: uuidForm.test(clusterUid ?? '') ? (clusterUid ?? '') : '',
      agentVersion,
      refusedGeneration: refusal?.generation ?? 0,
      refusedCode: refusal?.code ?? '',
    };
  }
}

function heartbeat(nowMs: number, { observedAtMs, healthObservedAtMs }: LookTimes) {
  return {
    sentAtMs: BigInt(nowMs),
    observedAtMs: BigInt(observedAtMs),
    healthObservedAtMs: BigInt(healthObservedAtMs),
  };
}

function partOf({ documents, releaseSignatures, more }: Offer): OfferPart {
  return { documents, releaseSignatures, more };
}
