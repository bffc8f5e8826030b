// What to offer to a site that says what it holds. PURE.
// Laws: an offer is an unbroken chain from the document held to the newest one; a site that is ahead of us (we were
// restored from an old backup) is offered nothing; what a site refused for what it is, is not offered again until it has
// changed. Called by the sync sessions, at the beginning of a stream and when somebody did something.
import type { ErrorCode } from '../../proto/errors.ts';
import type { ChainPosition } from './next-desired.ts';

/** One document of a site's chain, oldest first. */
export interface ChainLink extends ChainPosition {
  readonly previous: string | null;
}

/** What was sent last. `signatures` is a digest of the signatures that went with it. */
export interface PastOffer {
  readonly epoch: number;
  readonly generation: number;
  readonly signatures: string;
}

export interface OfferQuestion {
  readonly epoch: number;
  readonly chain: readonly ChainLink[];
  readonly held: ChainPosition | null;
  /** The generation that the site refused last; 0 when it could not even read it, null when it refused nothing. */
  readonly refusedGeneration: number | null;
  /** Why; null when it refused nothing. */
  readonly refusedCode: ErrorCode | null;
  readonly lastOffer: PastOffer | null;
  /** Digest of the signatures of the release that the newest document names. */
  readonly signatures: string;
}

export type OfferDecision =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'offer'; readonly from: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'behind'; readonly code: ErrorCode };

/** The decision; `from` is the index in the chain at which the offer begins. */
export function decideOffer(question: OfferQuestion): OfferDecision {
  const { chain, held } = question;
  const last = chain.at(-1);
  if (held === null) return last === undefined ? { kind: 'nothing' } : unlessRefused(question, last, 0);
  if (last?.digest === held.digest) return { kind: 'nothing' };
  const from = chain.findIndex((link) => link.previous === held.digest);
  if (last !== undefined && from >= 0) return unlessRefused(question, last, from);
  return { kind: 'behind', code: reasonBehind(question, held, last) };
}

function unlessRefused(question: OfferQuestion, last: ChainLink, from: number): OfferDecision {
  const { refusedGeneration, refusedCode, lastOffer, signatures } = question;
  if (refusedCode !== null && circumstances.has(refusedCode)) return { kind: 'offer', from };
  const sameAsRefused =
    (refusedGeneration === last.generation || refusedGeneration === 0) &&
    lastOffer?.epoch === last.epoch &&
    lastOffer.generation === last.generation &&
    lastOffer.signatures === signatures;
  return sameAsRefused ? { kind: 'refused' } : { kind: 'offer', from };
}

/** Refusals that are not for the document itself: content comes back, clocks are put right, agents are updated. */
const circumstances: ReadonlySet<ErrorCode> = new Set([
  'CAPABILITY_NEWER',
  'CLUSTER_MISMATCH',
  'CONTENT_MISSING',
  'DIGEST_MISMATCH',
  'DOCUMENT_EXPIRED',
]);

function reasonBehind(question: OfferQuestion, held: ChainPosition, last: ChainLink | undefined): ErrorCode {
  if (held.epoch > Math.max(question.epoch, last?.epoch ?? 0)) return 'EPOCH_LOWER';
  return held.generation > (last?.generation ?? 0) ? 'GENERATION_LOWER' : 'CHAIN_BROKEN';
}
