// Fetches what is missing, by digest. Laws: nothing is kept under a digest that it does not have; what arrived before a
// connection broke is not asked for again; never more than one batch of small contents or one chunk of a large one is
// in memory. Called by accept.ts, for the manifest of a release first and then for its objects.
import { type ContentStore, type Digest, digestOf, isDigest } from '../../daemon/content-files.ts';
import { isDaemonError } from '../../daemon/errors.ts';
import type { ErrorCode } from '../../proto/errors.ts';

/** A piece of one content. Offsets and sizes in bytes; `size` is that of the whole. */
export interface ContentChunk {
  readonly digest: string;
  readonly offset: number;
  readonly size: number;
  readonly chunk: Uint8Array;
}

/** Whoever has the content: the control plane, later a stick too. Throws ContentRefused for what it will not give. */
export interface ContentSource {
  /** The contents in the order asked, each at least one chunk; the first one from `offset` on. */
  readonly fetch: (
    digests: readonly string[],
    offset: number,
    signal: AbortSignal,
  ) => AsyncIterable<ContentChunk>;
}

/** The source answered that it has no such content for this site. */
export class ContentRefused extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, options: { cause?: unknown } = {}) {
    super(code, options);
    this.name = 'ContentRefused';
    this.code = code;
  }
}

/** What is asked for: `maxBytes` is its size where that is known, otherwise its limit. */
export interface WantedContent {
  readonly digest: string;
  readonly maxBytes: number;
}

export type FetchResult = { readonly ok: true } | { readonly ok: false; readonly code: ErrorCode };

const maxDigestsPerCall = 256;
const batchBytes = 1024 * 1024;

/**
 * Fetches what of this is not there yet. A broken connection throws, and the next call goes on where it stopped.
 * Codes: CONTENT_MISSING, DIGEST_MISMATCH.
 */
export async function fetchMissing(
  { content, source }: { readonly content: ContentStore; readonly source: ContentSource },
  wanted: readonly WantedContent[],
  signal: AbortSignal,
): Promise<FetchResult> {
  const missing = await missingOf(content, wanted);
  try {
    for (let at = 0; at < missing.size; at += maxDigestsPerCall) {
      const group = new Map([...missing].slice(at, at + maxDigestsPerCall));
      const result = await fetchGroup({ content, source }, group, signal);
      if (!result.ok) return result;
    }
    return { ok: true };
  } catch (error) {
    if (error instanceof ContentRefused) return { ok: false, code: error.code };
    if (isDaemonError(error, 'content-mismatch')) return { ok: false, code: 'DIGEST_MISMATCH' };
    throw error;
  }
}

/** Digest -> limit of what is not there, each once, in the order asked. */
async function missingOf(
  content: ContentStore,
  wanted: readonly WantedContent[],
): Promise<ReadonlyMap<Digest, number>> {
  const missing = new Map<Digest, number>();
  for (const { digest, maxBytes } of wanted) {
    if (!isDigest(digest) || missing.has(digest) || (await content.has(digest))) continue;
    missing.set(digest, maxBytes);
  }
  return missing;
}

async function fetchGroup(
  { content, source }: { readonly content: ContentStore; readonly source: ContentSource },
  group: ReadonlyMap<Digest, number>,
  signal: AbortSignal,
): Promise<FetchResult> {
  const digests = [...group.keys()];
  const offset = await arrivedBytes(content, group);
  await using receiver = new Receiver(content, digests);
  for await (const piece of source.fetch(digests, offset, signal)) {
    if (piece.size > (group.get(receiver.expected) ?? 0)) return { ok: false, code: 'DIGEST_MISMATCH' };
    if (!(await receiver.take(piece))) return { ok: false, code: 'DIGEST_MISMATCH' };
  }
  await receiver.flush();
  return receiver.isDone ? { ok: true } : { ok: false, code: 'CONTENT_MISSING' };
}

/** How much of the first content came before an earlier connection broke. */
async function arrivedBytes(content: ContentStore, group: ReadonlyMap<Digest, number>): Promise<number> {
  for (const [digest, maxBytes] of group) {
    await using arrival = await content.receive(digest, maxBytes);
    return arrival.offset;
  }
  return 0;
}

/** Puts pieces into the store: contents of one piece in batches, larger ones as they come. */
class Receiver implements AsyncDisposable {
  readonly #content: ContentStore;
  readonly #digests: readonly Digest[];
  #at = 0;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  #arrival: Awaited<ReturnType<ContentStore['receive']>> | undefined;

  constructor(content: ContentStore, digests: readonly Digest[]) {
    this.#content = content;
    this.#digests = digests;
  }

  /** The content whose piece has to come next. */
  get expected(): Digest {
    return this.#digests[this.#at] ?? 'sha256:';
  }

  get isDone(): boolean {
    return this.#at === this.#digests.length;
  }

  /** False when the piece is not the expected one or the content is not what its digest says. */
  async take({ digest, offset, size, chunk }: ContentChunk): Promise<boolean> {
    if (digest !== this.expected) return false;
    if (this.#arrival === undefined && offset === 0 && chunk.byteLength === size)
      return this.#takeWhole(chunk);
    this.#arrival ??= await this.#content.receive(this.expected, size);
    await this.#arrival.append(chunk);
    if (offset + chunk.byteLength < size) return true;
    await this.#arrival.commit();
    this.#arrival = undefined;
    this.#at += 1;
    return true;
  }

  async flush(): Promise<void> {
    await this.#content.put(...this.#batch);
    this.#batch = [];
    this.#batchBytes = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#arrival?.[Symbol.asyncDispose]();
    await this.flush();
  }

  async #takeWhole(chunk: Uint8Array): Promise<boolean> {
    if (digestOf(chunk) !== this.expected) return false;
    this.#batch.push(chunk);
    this.#batchBytes += chunk.byteLength;
    this.#at += 1;
    if (this.#batchBytes >= batchBytes) await this.flush();
    return true;
  }
}
