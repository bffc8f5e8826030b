// An accepted offer becomes the wanted objects in one step; a refused one leaves a refusal and nothing else.
// The store is real; the source of content is a map that can be cut off, lie or lack something.

import { fromBinary } from '@bufbuild/protobuf';
import test, { type ExecutionContext } from 'ava';
import { type Acceptance, Acceptor, type OfferPart } from '../../../agent/intake/accept.ts';
import { type ContentChunk, ContentRefused, type ContentSource } from '../../../agent/intake/content.ts';
import type { SiteView } from '../../../agent/intake/offer.ts';
import { type AgentStore, openStore } from '../../../agent/store/store.ts';
import { digestOf } from '../../../proto/envelope.ts';
import type { ErrorCode } from '../../../proto/errors.ts';
import { ReportBodySchema } from '../../../proto/gen/tre/v1/sync_pb.ts';
import {
  configMapObject,
  keysetOf,
  type MadeDocument,
  type MadeRelease,
  makeDocument,
  makeRelease,
  newSigner,
  parameter,
  signaturesOf,
  siteId,
} from '../../support/documents.ts';
import { scratch } from '../../support/scratch.ts';

const director = newSigner('director');
const ada = newSigner('ada');
const nowMs = Date.UTC(2026, 10, 24);
const chunkBytes = 256 * 1024;
const signal = new AbortController().signal;

/** Serves content as the control plane does, counts what it is asked, and can break off after some chunks. */
class ModelledSource implements ContentSource {
  readonly contents = new Map<string, Uint8Array>();
  readonly calls: { readonly digests: readonly string[]; readonly offset: number }[] = [];
  sentBytes = 0;
  chunksLeft = Number.POSITIVE_INFINITY;

  add(made: MadeRelease): void {
    for (const bytes of [made.manifest, ...made.objects]) this.contents.set(digestOf(bytes), bytes);
  }

  async *fetch(digests: readonly string[], offset: number): AsyncIterable<ContentChunk> {
    this.calls.push({ digests, offset });
    for (const [index, digest] of digests.entries()) {
      const bytes = this.contents.get(digest);
      if (bytes === undefined) throw new ContentRefused('CONTENT_MISSING');
      let at = index === 0 ? offset : 0;
      do {
        if (this.chunksLeft === 0) throw new Error('the connection broke');
        this.chunksLeft -= 1;
        const chunk = bytes.subarray(at, at + chunkBytes);
        yield { digest, offset: at, size: bytes.byteLength, chunk };
        this.sentBytes += chunk.byteLength;
        at += chunk.byteLength;
      } while (at < bytes.byteLength);
    }
  }
}

interface Stage {
  readonly store: AgentStore;
  readonly source: ModelledSource;
  readonly take: (part: OfferPart) => Promise<Acceptance>;
  /** As after a new connection. */
  readonly reconnect: () => void;
}

async function stage(t: ExecutionContext): Promise<Stage> {
  const store = await openStore(scratch(t), '019aaf00-0000-7000-8000-0000000000b0', 0);
  t.teardown(() => store[Symbol.asyncDispose]());
  const source = new ModelledSource();
  const view = (): SiteView => ({
    siteId,
    clusterUid: null,
    director: director.publicKey,
    keyset: keysetOf(1, ada),
    capability: 1,
    isHeld: store.holds.current(nowMs) !== undefined,
    nowMs,
  });
  let acceptor = new Acceptor({ store, source, view });
  const reconnect = () => {
    acceptor = new Acceptor({ store, source, view });
  };
  return { store, source, take: (part) => acceptor.take(part, signal), reconnect };
}

function offer(made: MadeRelease, ...documents: readonly MadeDocument[]): OfferPart {
  const releaseSignatures = signaturesOf(made.manifest, ada);
  return { documents: documents.map((document) => document.envelope), releaseSignatures, more: false };
}

const many = (count: number) => Array.from({ length: count }, (_, index) => configMapObject(`c${index}`));

test('an accepted document is held with all its objects', async (t) => {
  const { store, source, take } = await stage(t);
  const made = makeRelease([configMapObject('a'), configMapObject('b')], {
    prune: [{ group: '', kind: 'Namespace', namespace: null, name: 'demo' }],
  });
  source.add(made);
  const document = makeDocument(director, made);
  t.like(await take(offer(made, document)), { kind: 'accepted' });
  const wanted = store.desired.wanted();
  t.like(wanted, { epoch: 1, generation: 1, release: document.desired.release, prune: made.release.prune });
  t.deepEqual(
    wanted?.objects.map(({ name, digest, index }) => [name, digest, index]),
    [
      ['a', digestOf(made.objects[0] ?? Buffer.alloc(0)), 0],
      ['b', digestOf(made.objects[1] ?? Buffer.alloc(0)), 1],
    ],
  );
  t.is(store.desired.held()?.documentDigest, document.digest);
  t.is(store.desired.releases().get('offered')?.digest, made.digest);
  t.deepEqual(await take(offer(made, document)), { kind: 'nothing' }, 'offered again');
});

test('a value goes to its places, and the bytes that result are kept under their own digest', async (t) => {
  const { store, source, take } = await stage(t);
  const title = parameter('title', { default: 'none', places: [{ object: 1, pointer: '/data/title' }] });
  const made = makeRelease([configMapObject('a'), configMapObject('b', { title: 'x', rest: '${title}' })], {
    parameters: [title],
  });
  source.add(made);
  t.like(await take(offer(made, makeDocument(director, made, { parameters: { title: 'Ours' } }))), {
    kind: 'accepted',
  });
  const [a, b] = store.desired.wanted()?.objects ?? [];
  t.is(a?.digest, made.release.objects[0]?.digest);
  const bytes = await store.content.get(b?.digest as never);
  t.deepEqual(JSON.parse(String(bytes)), configMapObject('b', { title: 'Ours', rest: '${title}' }));
});

test('while the site is held nothing new is fetched or held; a hold that begins during the fetch counts too', async (t) => {
  const { store, source, take, reconnect } = await stage(t);
  const made = makeRelease(many(3));
  source.add(made);
  const document = makeDocument(director, made);
  const hold = { sinceMs: nowMs, untilMs: nowMs + 1, why: 'w' };
  store.holds.set(hold);
  t.like(await take(offer(made, document)), {
    kind: 'refused',
    refusal: { code: 'SITE_HELD', generation: 1 },
  });
  t.deepEqual(source.calls, [], 'nothing was fetched');
  store.holds.clear();
  const fetch = source.fetch.bind(source);
  source.fetch = (...args) => {
    store.holds.set(hold);
    return fetch(...args);
  };
  reconnect();
  t.like(await take(offer(made, document)), { kind: 'refused', refusal: { code: 'SITE_HELD' } });
  t.is(store.desired.held(), undefined);
  t.is(store.journal.openRefusal()?.code, 'SITE_HELD');
  store.holds.clear();
  source.fetch = fetch;
  reconnect();
  t.like(await take(offer(made, document)), { kind: 'accepted' });
  t.is(store.journal.openRefusal(), undefined);
});

test('a chain in parts is judged part by part and acted on at the end', async (t) => {
  const { store, source, take } = await stage(t);
  const made = makeRelease(many(1));
  source.add(made);
  const first = makeDocument(director, made);
  const second = makeDocument(director, made, { generation: 2, previous: first.digest });
  t.deepEqual(await take({ ...offer(made, first), more: true }), { kind: 'nothing' });
  t.is(store.desired.held(), undefined);
  t.like(await take(offer(made, second)), { kind: 'accepted' });
  t.is(store.desired.held()?.generation, 2);
});

test('an offer that begins with documents accepted a moment ago is judged from the one that is held', async (t) => {
  const { store, source, take } = await stage(t);
  const made = makeRelease(many(1));
  source.add(made);
  const first = makeDocument(director, made);
  const second = makeDocument(director, made, { generation: 2, previous: first.digest });
  const third = makeDocument(director, made, { generation: 3, previous: second.digest });
  t.like(await take(offer(made, first, second)), { kind: 'accepted' });
  t.deepEqual(await take(offer(made, first)), { kind: 'nothing' });
  t.like(await take(offer(made, first, second, third)), { kind: 'accepted' });
  t.is(store.desired.held()?.generation, 3);
  t.is(store.journal.openRefusal(), undefined);
});

test('after a refused part the rest of that offer is ignored, and the next offer is judged anew', async (t) => {
  const { store, source, take } = await stage(t);
  const made = makeRelease(many(1));
  source.add(made);
  const first = makeDocument(director, made);
  const second = makeDocument(director, made, { generation: 2, previous: first.digest });
  const foreign = makeDocument(newSigner('eve'), made);
  t.like(await take({ ...offer(made, foreign), more: true }), { kind: 'refused' });
  t.deepEqual(await take(offer(made, second)), { kind: 'nothing' });
  t.is(store.outbox.waiting(), 1);
  t.like(await take(offer(made, first, second)), { kind: 'accepted' });
});

test('a refusal is queued once, with code and generation, and nothing else changes', async (t) => {
  const { store, source, take } = await stage(t);
  const made = makeRelease(many(2));
  source.add(made);
  const document = makeDocument(director, made);
  await take(offer(made, document));
  const held = [store.desired.held(), store.desired.wanted(), store.desired.releases()];
  const next = makeDocument(director, made, { generation: 2, previous: document.digest });
  const unsigned = { ...offer(made, next), releaseSignatures: Buffer.from('') };
  for (let time = 0; time < 3; time += 1) {
    t.like(await take(unsigned), {
      kind: 'refused',
      refusal: { code: 'RELEASE_UNDER_SIGNED', generation: 2 },
    });
  }
  t.deepEqual([store.desired.held(), store.desired.wanted(), store.desired.releases()], held);
  t.like(store.journal.openRefusal(), { code: 'RELEASE_UNDER_SIGNED', generation: 2, epoch: 1, atMs: nowMs });
  const rows = store.outbox.after(0, 10_000);
  t.is(rows.length, 1);
  const { body } = fromBinary(ReportBodySchema, rows[0]?.body ?? new Uint8Array());
  t.is(body.case, 'refusal');
  t.like(body.value, { code: 'RELEASE_UNDER_SIGNED', generation: 2, epoch: 1, atMs: BigInt(nowMs) });
  t.like(await take(offer(made, next)), { kind: 'accepted' }, 'the same document with the missing signature');
  t.is(store.journal.openRefusal(), undefined);
});

test('a fetch that breaks goes on where it stopped, also in the middle of a content', async (t) => {
  const { store, source, take, reconnect } = await stage(t);
  const large = configMapObject('large', { text: 'x'.repeat(900_000) });
  const made = makeRelease([...many(30), large]);
  source.add(made);
  const part = offer(made, makeDocument(director, made));
  source.chunksLeft = 1 + 20;
  await t.throwsAsync(take(part), { message: 'the connection broke' });
  t.is(store.desired.held(), undefined);
  reconnect();
  source.chunksLeft = 10 + 2;
  await t.throwsAsync(take(part), { message: 'the connection broke' });
  reconnect();
  source.chunksLeft = Number.POSITIVE_INFINITY;
  t.like(await take(part), { kind: 'accepted' });
  t.is(source.calls.at(-1)?.offset, 2 * chunkBytes);
  const total = [made.manifest, ...made.objects].reduce((sum, bytes) => sum + bytes.length, 0);
  t.is(source.sentBytes, total, 'no byte twice');
  t.is(store.journal.openRefusal(), undefined, 'a broken connection is no refusal');
});

test('never more than 256 contents are asked for at once, and only what is missing', async (t) => {
  const { source, take } = await stage(t);
  const made = makeRelease(many(600));
  source.add(made);
  await take(offer(made, makeDocument(director, made)));
  t.deepEqual(
    source.calls.map((call) => call.digests.length),
    [1, 256, 256, 88],
  );
  const previous = makeDocument(director, made).digest;
  const next = makeRelease([...many(600), configMapObject('new')], { version: '2.0.0' });
  source.add(next);
  await take(offer(next, makeDocument(director, next, { generation: 2, previous })));
  t.deepEqual(
    source.calls.slice(4).map((call) => call.digests.length),
    [1, 1],
  );
});

const lies: readonly (readonly [ErrorCode, string, (made: MadeRelease, source: ModelledSource) => void])[] = [
  [
    'DIGEST_MISMATCH',
    'another manifest',
    (made, source) => source.contents.set(made.digest, Buffer.from('{}')),
  ],
  [
    'DIGEST_MISMATCH',
    'an object with a changed byte',
    (made, source) => source.contents.set(objectDigest(made), Buffer.from('{"a":1}')),
  ],
  [
    'DIGEST_MISMATCH',
    'an object that does not end',
    (made, source) => source.contents.set(objectDigest(made), Buffer.alloc(2 ** 20)),
  ],
  ['CONTENT_MISSING', 'no manifest', (made, source) => source.contents.delete(made.digest)],
  ['CONTENT_MISSING', 'an object less', (made, source) => source.contents.delete(objectDigest(made))],
];

function objectDigest(made: MadeRelease): string {
  return made.release.objects[0]?.digest ?? '';
}

for (const [code, what, lie] of lies) {
  test(`a source that gives ${what}: refused with ${code}`, async (t) => {
    const { store, source, take } = await stage(t);
    const made = makeRelease(many(3));
    source.add(made);
    lie(made, source);
    t.like(await take(offer(made, makeDocument(director, made))), { kind: 'refused', refusal: { code } });
    t.is(store.desired.held(), undefined);
    t.is(store.outbox.waiting(), 1);
  });
}

test('a manifest that lists another object than its bytes are: refused with DOCUMENT_INVALID', async (t) => {
  const { source, take } = await stage(t);
  const honest = makeRelease(many(1));
  const objects = honest.release.objects.map((object) => ({ ...object, name: 'other' }));
  const made = makeRelease(many(1), { objects });
  source.add(made);
  t.like(await take(offer(made, makeDocument(director, made))), {
    kind: 'refused',
    refusal: { code: 'DOCUMENT_INVALID' },
  });
});

const places: readonly (readonly [ErrorCode, string])[] = [
  ['PARAMETER_REFUSED', '/metadata/name'],
  ['PARAMETER_REFUSED', '/metadata/namespace'],
  ['DOCUMENT_INVALID', '/data/missing'],
];

for (const [code, pointer] of places) {
  test(`a parameter that goes to ${pointer}: refused with ${code}`, async (t) => {
    const { source, take } = await stage(t);
    const where = parameter('where', { default: 'elsewhere', places: [{ object: 0, pointer }] });
    const made = makeRelease(many(1), { parameters: [where] });
    source.add(made);
    t.like(await take(offer(made, makeDocument(director, made))), { kind: 'refused', refusal: { code } });
  });
}

test('a document past its day: refused with DOCUMENT_EXPIRED, nothing is fetched', async (t) => {
  const { source, take } = await stage(t);
  const made = makeRelease(many(1));
  source.add(made);
  const expired = makeDocument(director, made, { notAfter: '2026-11-23T23:59:59Z' });
  t.like(await take(offer(made, expired)), { kind: 'refused', refusal: { code: 'DOCUMENT_EXPIRED' } });
  t.deepEqual(source.calls, []);
});
