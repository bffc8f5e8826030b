// What a site is offered now: the stored chain after the document it holds, cut into messages that fit a frame.
// The decision is fleet/offer.ts; this file feeds it from the store and keeps what came of it. Called by the sessions;
// `OfferSource` is an argument of theirs, so that a test can offer documents that no store of ours would hold.
import type { Clock } from '../../daemon/clock.ts';
import { digestOf } from '../../proto/envelope.ts';
import { type ChainLink, decideOffer } from '../fleet/offer.ts';
import { type ContactRow, heldBy } from '../store/contacts.ts';
import type { Store } from '../store/store.ts';

/** One message of an offer; `more` is false on the last. */
export interface OfferPart {
  readonly documents: readonly Uint8Array[];
  readonly releaseSignatures: Uint8Array;
  readonly more: boolean;
}

export interface OfferSource {
  /** What to send to a site now; empty for nothing. Asked at its Hello and whenever something changed. */
  offerFor(siteId: string): readonly OfferPart[];
}

const maxPartBytes = 512 * 1024;

export function storedOffers({
  store,
  clock,
}: {
  readonly store: Store;
  readonly clock: Clock;
}): OfferSource {
  return {
    offerFor(siteId) {
      const contact = store.contacts.find(siteId);
      if (contact === undefined) return [];
      return store.transaction(() => decide(store, { siteId, contact, nowMs: clock.now() }));
    },
  };
}

function decide(
  store: Store,
  { siteId, contact, nowMs }: { siteId: string; contact: ContactRow; nowMs: number },
): readonly OfferPart[] {
  const chain = store.desired.chain(siteId);
  const latest = store.desired.latest(siteId);
  const releaseSignatures =
    (latest && store.releases.findByDigest(latest.releaseDigest)?.signatures) ?? new Uint8Array();
  const signatures = digestOf(releaseSignatures);
  const decision = decideOffer({
    epoch: store.settings.epoch(),
    chain,
    held: heldBy(contact),
    refusedGeneration: contact.refusedGeneration ?? null,
    refusedCode: contact.refusedCode ?? null,
    lastOffer: lastOfferTo(contact),
    signatures,
  });
  store.contacts.problem(siteId, decision.kind === 'behind' ? decision.code : null, nowMs);
  if (decision.kind !== 'offer' || latest === undefined) return [];
  store.contacts.offered(siteId, { epoch: latest.epoch, generation: latest.generation, signatures });
  const documents = chain
    .slice(decision.from)
    .flatMap((link: ChainLink) => store.desired.envelope(siteId, link) ?? []);
  return parts(documents, releaseSignatures);
}

function parts(documents: readonly Uint8Array[], releaseSignatures: Uint8Array): readonly OfferPart[] {
  const groups: Uint8Array[][] = [[]];
  let size = 0;
  for (const document of documents) {
    size += document.length;
    if (size > maxPartBytes && groups.at(-1)?.length !== 0) {
      groups.push([]);
      size = document.length;
    }
    groups.at(-1)?.push(document);
  }
  return groups.map((group, index) => ({
    documents: group,
    releaseSignatures,
    more: index < groups.length - 1,
  }));
}

function lastOfferTo({ offeredEpoch, offeredGeneration, offeredSignatures }: ContactRow) {
  if (offeredEpoch === null || offeredGeneration === null || offeredSignatures === null) return null;
  return { epoch: offeredEpoch, generation: offeredGeneration, signatures: offeredSignatures };
}
