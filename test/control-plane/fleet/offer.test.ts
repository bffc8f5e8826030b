// What is offered to a site: never a broken chain, never twice what it refused, nothing to a site that is ahead.

import test from 'ava';
import fc from 'fast-check';
import { type ChainLink, decideOffer, type OfferQuestion } from '../../../control-plane/fleet/offer.ts';

const digest = (generation: number, fork = 'a'): string =>
  `sha256:${fork}${String(generation).padStart(63, '0')}`;

function chain(length: number): ChainLink[] {
  return Array.from({ length }, (_, index) => ({
    epoch: 1,
    generation: index + 1,
    digest: digest(index + 1),
    previous: index === 0 ? null : digest(index),
  }));
}

const held = (generation: number, fork?: string, epoch = 1) => ({
  epoch,
  generation,
  digest: digest(generation, fork),
});
const past = { epoch: 1, generation: 3, signatures: 'one' };

function question(changes: Partial<OfferQuestion>): OfferQuestion {
  return {
    epoch: 1,
    chain: chain(3),
    held: null,
    refusedGeneration: null,
    refusedCode: null,
    lastOffer: null,
    signatures: 'one',
    ...changes,
  };
}

const decides = test.macro((t, changes: Partial<OfferQuestion>, expected: ReturnType<typeof decideOffer>) => {
  t.deepEqual(decideOffer(question(changes)), expected);
});

test('nothing was assigned and nothing is held', decides, { chain: [] }, { kind: 'nothing' });
test('a new site gets all', decides, {}, { kind: 'offer', from: 0 });
test('a site that missed two gets two', decides, { held: held(1) }, { kind: 'offer', from: 1 });
test('a site that has the newest gets nothing', decides, { held: held(3) }, { kind: 'nothing' });
test(
  'a site ahead of an empty chain',
  decides,
  { chain: [], held: held(2) },
  { kind: 'behind', code: 'GENERATION_LOWER' },
);
test('a site ahead', decides, { held: held(4) }, { kind: 'behind', code: 'GENERATION_LOWER' });
test('a site in a later epoch', decides, { held: held(2, 'c', 2) }, { kind: 'behind', code: 'EPOCH_LOWER' });
test('a site on another branch', decides, { held: held(2, 'b') }, { kind: 'behind', code: 'CHAIN_BROKEN' });
test(
  'a site on another branch, after the epoch was raised and the next document follows it',
  decides,
  {
    epoch: 2,
    held: held(7, 'b'),
    chain: [...chain(3), { epoch: 2, generation: 8, digest: digest(8), previous: digest(7, 'b') }],
  },
  { kind: 'offer', from: 3 },
);
test(
  'what was refused is not offered again',
  decides,
  { held: held(2), refusedGeneration: 3, refusedCode: 'RELEASE_UNDER_SIGNED', lastOffer: past },
  { kind: 'refused' },
);
test(
  'nor what could not even be read',
  decides,
  { held: held(2), refusedGeneration: 0, refusedCode: 'DOCUMENT_INVALID', lastOffer: past },
  { kind: 'refused' },
);
for (const refusedCode of [
  'CONTENT_MISSING',
  'CAPABILITY_NEWER',
  'DOCUMENT_EXPIRED',
  'CLUSTER_MISMATCH',
] as const)
  test(
    `but it is when the refusal was about circumstances: ${refusedCode}`,
    decides,
    { held: held(2), refusedGeneration: 3, refusedCode, lastOffer: past },
    { kind: 'offer', from: 2 },
  );
test(
  'but it is with other signatures',
  decides,
  { held: held(2), refusedGeneration: 3, lastOffer: { ...past, signatures: 'none' } },
  { kind: 'offer', from: 2 },
);
test(
  'and a newer document is, whatever was refused before it',
  decides,
  { held: held(1), refusedGeneration: 2, lastOffer: { ...past, generation: 2 } },
  { kind: 'offer', from: 1 },
);
test(
  'a refusal of something that we never offered does not count',
  decides,
  { refusedGeneration: 3 },
  { kind: 'offer', from: 0 },
);

test('whatever is offered follows from what is held, link by link', (t) => {
  fc.assert(
    fc.property(fc.nat(8), fc.nat(10), fc.constantFrom('a', 'b'), (length, generation, fork) => {
      const links = chain(length);
      const holds = generation === 0 ? null : held(generation, fork);
      const decision = decideOffer(question({ chain: links, held: holds }));
      if (decision.kind !== 'offer') return true;
      const offered = links.slice(decision.from);
      const names = [holds?.digest ?? null, ...offered.map((link) => link.digest)];
      return offered.length > 0 && offered.every((link, index) => link.previous === names[index]);
    }),
  );
  t.pass();
});
