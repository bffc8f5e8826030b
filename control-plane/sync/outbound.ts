// What is still to be said on one stream. Latest wins: there is one place for each kind of message, so a site that
// reads slowly costs a few bytes and delays nobody, and what it reads at last is the newest. Used by session.ts.
import { create } from '@bufbuild/protobuf';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { type SyncRequest, type SyncResponse, SyncResponseSchema } from '../../proto/gen/tre/v1/sync_pb.ts';
import type { OfferPart } from './offers.ts';

export type SyncCall = ServerDuplexStream<SyncRequest, SyncResponse>;
type Message = SyncResponse['message'];

export class Outbound {
  readonly #call: SyncCall;
  readonly #offerParts: () => readonly OfferPart[];
  readonly #first: Message[] = [];
  readonly #acks = new Map<string, number>();
  #parts: readonly OfferPart[] = [];
  #offerWanted = false;
  #last: { readonly message: Message | undefined; readonly end: () => void } | undefined;
  #draining = false;

  /** `offerParts` is asked when the stream is ready for an offer, not before. */
  constructor(call: SyncCall, offerParts: () => readonly OfferPart[]) {
    this.#call = call;
    this.#offerParts = offerParts;
  }

  /** Goes before everything else. */
  first(message: Message): void {
    this.#first.push(message);
    this.#drain();
  }

  ack(bootId: string, sequence: number): void {
    this.#acks.set(bootId, sequence);
    this.#drain();
  }

  offer(): void {
    this.#offerWanted = true;
    this.#drain();
  }

  /** Says one last thing, drops the rest, then calls `end`. Only the first call counts. */
  last(message: Message | undefined, end: () => void): void {
    this.#last ??= { message, end };
    this.#drain();
  }

  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    // A write fails only when the stream has ended, and then there is nobody left to tell.
    this.#writeAll().catch(() => undefined);
  }

  async #writeAll(): Promise<void> {
    try {
      for (;;) {
        if (this.#last !== undefined) {
          const { message, end } = this.#last;
          if (message !== undefined) await this.#write(message);
          return end();
        }
        const message = this.#next();
        if (message !== undefined) await this.#write(message);
        // Looking for an offer may have been what ends the stream.
        else if (this.#last === undefined) return;
      }
    } finally {
      // In the same step in which nothing was found to write: what comes a moment later must drain by itself.
      this.#draining = false;
    }
  }

  /** Resolves when the message has left, not when there was room to buffer it: one at a time is under way. */
  #write(message: Message): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#call.write(create(SyncResponseSchema, { message }), (error: Error | null | undefined) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  #next(): Message | undefined {
    const first = this.#first.shift();
    if (first !== undefined) return first;
    const [ack] = this.#acks;
    if (ack !== undefined) {
      this.#acks.delete(ack[0]);
      return create(SyncResponseSchema, {
        message: { case: 'ack', value: { bootId: ack[0], sequence: BigInt(ack[1]) } },
      }).message;
    }
    if (this.#parts.length === 0 && this.#offerWanted) {
      this.#offerWanted = false;
      this.#parts = this.#offerParts();
    }
    const [part, ...rest] = this.#parts;
    if (part === undefined) return undefined;
    this.#parts = rest;
    const documents = part.documents.map((document) => Uint8Array.from(document));
    const value = { documents, releaseSignatures: Uint8Array.from(part.releaseSignatures), more: part.more };
    return create(SyncResponseSchema, { message: { case: 'offer', value } }).message;
  }
}
