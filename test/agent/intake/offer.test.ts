// Law 5: an older generation, another site's document, an unsigned or under-signed release never moves a site.
// One table over every refusal, and random mutations of everything that was signed.

import test from 'ava';
import fc from 'fast-check';
import {
  type ChainPosition,
  hindrance,
  type JudgedDocument,
  judgeChain,
  judgeRelease,
  type SiteView,
} from '../../../agent/intake/offer.ts';
import { encodeEnvelope, payloadTypes, signPayload } from '../../../proto/envelope.ts';
import type { ErrorCode } from '../../../proto/errors.ts';
import {
  clusterUid,
  configMapObject,
  keysetOf,
  type MadeDocument,
  makeChain,
  makeDocument,
  makeRelease,
  newSigner,
  parameter,
  signaturesOf,
  siteId,
} from '../../support/documents.ts';

const director = newSigner('director');
const [ada, bob, eve] = [newSigner('ada'), newSigner('bob'), newSigner('eve')];
const made = makeRelease([configMapObject('a'), configMapObject('b')]);
const view: SiteView = {
  siteId,
  clusterUid,
  director: director.publicKey,
  keyset: keysetOf(2, ada, bob),
  capability: 1,
  isHeld: false,
  nowMs: Date.UTC(2026, 10, 24),
};
const otherSite = '019aaf00-0000-7000-8000-000000000002';
const chain = makeChain(director, made, 5);
const at = (generation: number): MadeDocument => chain[generation - 1] ?? chainEnd();
const position = (generation: number): ChainPosition => ({
  epoch: 1,
  generation,
  documentDigest: at(generation).digest,
});
const envelopes = (...documents: readonly MadeDocument[]) => documents.map((document) => document.envelope);

function chainEnd(): never {
  throw new RangeError('the chain has five documents');
}

test('a site without a document accepts the whole chain and acts on its last one', (t) => {
  const verdict = judgeChain(view, null, envelopes(...chain));
  t.true(verdict.ok && verdict.document?.generation === 5);
  t.deepEqual(verdict.ok && verdict.document?.desired, at(5).desired);
  t.is(verdict.ok ? verdict.document?.envelope : undefined, at(5).envelope);
});

test('a site that missed some documents accepts the rest, also in parts', (t) => {
  const whole = judgeChain(view, position(2), envelopes(at(3), at(4), at(5)));
  t.true(whole.ok && whole.document?.generation === 5);
  const first = judgeChain(view, position(2), envelopes(at(3)));
  const second = judgeChain(view, first.ok ? first.document : null, envelopes(at(4), at(5)));
  t.true(second.ok && second.document?.documentDigest === at(5).digest);
});

test('what is held already is no news and no offence', (t) => {
  t.like(judgeChain(view, position(5), envelopes(at(5))), { ok: true, document: null });
  const more = judgeChain(view, position(4), envelopes(at(4), at(5)));
  t.true(more.ok && more.document?.generation === 5);
});

/** What stands against the last document of this chain, at a moment. */
function hindranceOf(
  documents: readonly MadeDocument[],
  changes: Partial<SiteView> = {},
): ErrorCode | undefined {
  const here = { ...view, ...changes };
  const verdict = judgeChain(here, null, envelopes(...documents));
  if (!verdict.ok || verdict.document === null) throw new Error('the chain itself is refused');
  return hindrance(here, verdict.document);
}

test('a document for another cluster is not acted on; unknown on either side, it is not compared', (t) => {
  const bound = makeDocument(director, made, { clusterUid });
  t.is(hindranceOf([bound]), undefined);
  t.is(hindranceOf([bound], { clusterUid: otherSite }), 'CLUSTER_MISMATCH');
  t.is(hindranceOf([bound], { clusterUid: null }), undefined);
  t.is(hindranceOf([makeDocument(director, made)]), undefined);
});

test('a document in the middle of a chain may be past its day or for the cluster that was there then', (t) => {
  const old = makeDocument(director, made, { clusterUid: otherSite, notAfter: '2026-01-01T00:00:00Z' });
  const next = makeDocument(director, made, { generation: 2, previous: old.digest, clusterUid });
  t.is(hindranceOf([old, next]), undefined);
});

test('a document past its day is not acted on', (t) => {
  t.is(hindranceOf([at(1)], { nowMs: Date.UTC(2027, 4, 22, 9) }), undefined);
  t.is(hindranceOf([at(1)], { nowMs: Date.UTC(2027, 4, 22, 10) }), 'DOCUMENT_EXPIRED');
});

test('a site on hold acts on nothing new, and says other hindrances first', (t) => {
  t.is(hindranceOf([at(1)], { isHeld: true }), 'SITE_HELD');
  t.is(hindranceOf([at(1)], { isHeld: true, nowMs: Date.UTC(2028, 0, 1) }), 'DOCUMENT_EXPIRED');
});

const wrongType = () => {
  const payload = Buffer.from('{}');
  const payloadType = payloadTypes.release;
  return encodeEnvelope({
    payloadType,
    payload,
    signatures: [signPayload(director.privateKey, payloadType, payload)],
  });
};

const refusals: readonly (readonly [ErrorCode, string, ChainPosition | null, () => readonly Uint8Array[]])[] =
  [
    ['DOCUMENT_TOO_LARGE', 'an envelope over its limit', null, () => [Buffer.alloc(200_000, 'x')]],
    [
      'DOCUMENT_TOO_LARGE',
      'a payload over its limit',
      null,
      () => envelopes(makeDocument(director, made, { padding: 'x'.repeat(70_000) })),
    ],
    ['ENVELOPE_INVALID', 'bytes that are no envelope', null, () => [Buffer.from('hello')]],
    ['ENVELOPE_INVALID', 'an envelope of another type', null, () => [wrongType()]],
    [
      'DIRECTOR_SIGNATURE_INVALID',
      'a document of another director',
      null,
      () => envelopes(makeDocument(eve, made)),
    ],
    [
      'CAPABILITY_NEWER',
      'a document of a newer form',
      null,
      () => envelopes(makeDocument(director, made, { capability: 2, window: 'night' })),
    ],
    [
      'DOCUMENT_INVALID',
      'a document with a field that nobody knows',
      null,
      () => envelopes(makeDocument(director, made, { extra: 1 })),
    ],
    [
      'SITE_MISMATCH',
      'the document of another site',
      null,
      () => envelopes(makeDocument(director, made, { siteId: otherSite })),
    ],
    [
      'EPOCH_LOWER',
      'a document of an epoch that is over',
      { ...position(3), epoch: 2 },
      () => envelopes(at(4)),
    ],
    ['GENERATION_LOWER', 'an older document', position(3), () => envelopes(at(2))],
    [
      'GENERATION_LOWER',
      'another document of the same generation',
      position(3),
      () =>
        envelopes(
          makeDocument(director, made, {
            generation: 3,
            previous: at(2).digest,
            issuedAt: '2026-11-24T00:00:00Z',
          }),
        ),
    ],
    ['GENERATION_LOWER', 'the first document of a forgotten chain', position(3), () => envelopes(at(1))],
    ['CHAIN_BROKEN', 'a chain with a gap', position(2), () => envelopes(at(4), at(5))],
    ['CHAIN_BROKEN', 'a gap in the middle', position(1), () => envelopes(at(2), at(4))],
    ['CHAIN_BROKEN', 'a chain that begins somewhere', null, () => envelopes(at(3))],
    [
      'CHAIN_BROKEN',
      'a second first document',
      position(1),
      () => envelopes(makeDocument(director, made, { generation: 2 })),
    ],
  ];

for (const [code, what, held, documents] of refusals) {
  test(`${what}: refused with ${code}`, (t) => {
    const verdict = judgeChain(view, held, documents());
    t.like(verdict, { ok: false, code });
  });
}

test('a refusal of a verified document names its generation, of an unverified one nothing that it says', (t) => {
  const stranger = makeDocument(eve, made, { generation: 77 });
  t.like(judgeChain(view, null, envelopes(stranger)), {
    generation: 0,
    epoch: 0,
    documentDigest: stranger.digest,
  });
  t.like(judgeChain(view, position(3), envelopes(at(2))), {
    generation: 2,
    epoch: 1,
    documentDigest: at(2).digest,
  });
});

test('a release signed by enough keys is accepted with its resolved parameters', (t) => {
  const replicas = parameter('replicas', { type: 'integer', default: 2, minimum: 1, maximum: 5 });
  const release = makeRelease([configMapObject('a')], { parameters: [replicas] });
  const { desired } = makeDocument(director, release, { parameters: { replicas: 4 } });
  const verdict = judgeRelease(view, desired, release.manifest, signaturesOf(release.manifest, ada, bob));
  t.deepEqual(verdict, { ok: true, release: release.release, parameters: new Map([['replicas', 4]]) });
});

const replicas = parameter('replicas', {
  type: 'integer',
  minimum: 1,
  maximum: 5,
  places: [{ object: 0, pointer: '/data/n' }],
});
const withParameter = makeRelease([configMapObject('a', { n: '1' })], { parameters: [replicas] });
const twice = makeRelease([configMapObject('a'), configMapObject('a')]);
const nowhere = makeRelease([configMapObject('a')], {
  parameters: [parameter('p', { default: 'x', places: [{ object: 1, pointer: '/data' }] })],
});
const badPattern = makeRelease([configMapObject('a')], {
  parameters: [parameter('p', { default: 'x', pattern: '(' })],
});
const newer = makeRelease([configMapObject('a')], { capability: 2 });

const releaseRefusals: readonly (readonly [ErrorCode, string, () => Parameters<typeof judgeRelease>])[] = [
  [
    'RELEASE_TOO_LARGE',
    'a manifest over its limit',
    () => [view, at(1).desired, Buffer.alloc(17 * 2 ** 20), Buffer.from('')],
  ],
  [
    'DIGEST_MISMATCH',
    'another manifest',
    () => [view, at(1).desired, twice.manifest, signaturesOf(twice.manifest, ada, bob)],
  ],
  [
    'RELEASE_UNDER_SIGNED',
    'one signature of two',
    () => [view, at(1).desired, made.manifest, signaturesOf(made.manifest, ada)],
  ],
  [
    'RELEASE_UNDER_SIGNED',
    'the same key twice',
    () => [view, at(1).desired, made.manifest, signaturesOf(made.manifest, ada, ada)],
  ],
  [
    'RELEASE_UNDER_SIGNED',
    'a key that is not of the keyset',
    () => [view, at(1).desired, made.manifest, signaturesOf(made.manifest, ada, eve)],
  ],
  [
    'RELEASE_UNDER_SIGNED',
    'the signature of the director',
    () => [view, at(1).desired, made.manifest, signaturesOf(made.manifest, ada, director)],
  ],
  [
    'RELEASE_UNDER_SIGNED',
    'signatures of another manifest',
    () => [view, at(1).desired, made.manifest, signaturesOf(twice.manifest, ada, bob)],
  ],
  [
    'RELEASE_UNDER_SIGNED',
    'no signatures at all',
    () => [view, at(1).desired, made.manifest, Buffer.from('')],
  ],
  ['CAPABILITY_NEWER', 'a release for newer agents', () => judged(newer)],
  ['DOCUMENT_INVALID', 'an object twice', () => judged(twice)],
  ['DOCUMENT_INVALID', 'a place in an object that is not there', () => judged(nowhere)],
  ['DOCUMENT_INVALID', 'a pattern that is none', () => judged(badPattern)],
  [
    'RELEASE_MISMATCH',
    'another name than the document gives',
    () => judged(made, { release: { name: 'other', version: '1.0.0', digest: made.digest } }),
  ],
  [
    'RELEASE_MISMATCH',
    'another version than the document gives',
    () => judged(made, { release: { name: 'demo', version: '9.0.0', digest: made.digest } }),
  ],
  [
    'PARAMETER_UNKNOWN',
    'a parameter that the release does not declare',
    () => judged(made, { parameters: { shell: 'rm' } }),
  ],
  [
    'PARAMETER_REFUSED',
    'a parameter outside its range',
    () => judged(withParameter, { parameters: { replicas: 6 } }),
  ],
  [
    'PARAMETER_REFUSED',
    'a parameter of another type',
    () => judged(withParameter, { parameters: { replicas: '2' } }),
  ],
  ['PARAMETER_WITHOUT_VALUE', 'a parameter without a value', () => judged(withParameter)],
];

function judged(
  release: typeof made,
  changes: Parameters<typeof makeDocument>[2] = {},
): Parameters<typeof judgeRelease> {
  const { desired } = makeDocument(director, release, changes);
  return [view, desired, release.manifest, signaturesOf(release.manifest, ada, bob)];
}

for (const [code, what, input] of releaseRefusals) {
  test(`${what}: refused with ${code}`, (t) => {
    t.deepEqual(judgeRelease(...input()), { ok: false, code });
  });
}

const seen = (verdict: ReturnType<typeof judgeChain>): JudgedDocument | null =>
  verdict.ok ? verdict.document : null;

test('no change of any byte of a chain makes a site accept anything else', (t) => {
  const whole = Buffer.concat(envelopes(at(2), at(3)));
  const border = at(2).envelope.length;
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
      const bytes = Buffer.from(whole);
      bytes[index] = (bytes[index] ?? 0) ^ flip;
      const verdict = judgeChain(view, position(1), [bytes.subarray(0, border), bytes.subarray(border)]);
      // A key id is a hint that nobody trusts: where only that changed, the same document may still be accepted.
      const document = seen(verdict);
      if (document !== null) t.deepEqual(document.desired, at(3).desired);
    }),
    { numRuns: 1000 },
  );
});

test('no change of any byte of a manifest or its signatures makes a site accept anything else', (t) => {
  const signatures = signaturesOf(made.manifest, ada, bob);
  fc.assert(
    fc.property(fc.nat(made.manifest.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
      const bytes = Buffer.from(made.manifest);
      bytes[index] = (bytes[index] ?? 0) ^ flip;
      t.deepEqual(judgeRelease(view, at(1).desired, bytes, signatures), {
        ok: false,
        code: 'DIGEST_MISMATCH',
      });
    }),
  );
  fc.assert(
    fc.property(fc.nat(signatures.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
      const bytes = Buffer.from(signatures);
      bytes[index] = (bytes[index] ?? 0) ^ flip;
      const verdict = judgeRelease(view, at(1).desired, made.manifest, bytes);
      if (verdict.ok) t.deepEqual(verdict.release, made.release);
      else t.is(verdict.code, 'RELEASE_UNDER_SIGNED');
    }),
    { numRuns: 1000 },
  );
});

test('from any document held, only the unbroken rest of the same chain moves a site, and only forward', (t) => {
  const other = makeChain(director, makeRelease([configMapObject('other')]), 5);
  const foreign = makeDocument(director, made, { siteId: otherSite, generation: 4, previous: at(3).digest });
  const pool = [
    ...chain,
    ...other,
    foreign,
    makeDocument(eve, made, { generation: 4, previous: at(3).digest }),
  ];
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.constantFrom(...pool), { minLength: 1, maxLength: 4 }),
      (held, offered) => {
        const document = seen(judgeChain(view, position(held), envelopes(...offered)));
        const rest = offered.slice(offered.findIndex((one) => one !== at(held)));
        const unbroken = rest.every((one, index) => one === chain[held + index]);
        if (!unbroken || rest.length === 0) t.is(document, null);
        else t.is(document?.documentDigest, rest.at(-1)?.digest);
      },
    ),
    { numRuns: 2000 },
  );
});
