// The content service: manifests and objects by digest, in chunks. A site may fetch what its own documents lead to,
// nothing else; bytes are checked against their digest before any leaves. Registered by listener.ts.
import { create } from '@bufbuild/protobuf';
import type { ServerWritableStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Clock } from '../../daemon/clock.ts';
import type { ContentStore } from '../../daemon/content-files.ts';
import { isDigest } from '../../daemon/content-files.ts';
import { isDaemonError } from '../../daemon/errors.ts';
import type { Log } from '../../daemon/log.ts';
import {
  type FetchRequest,
  type FetchResponse,
  FetchResponseSchema,
} from '../../proto/gen/tre/v1/content_pb.ts';
import { write } from '../../proto/grpc.ts';
import type { Store } from '../store/store.ts';
import { type Outcome, refused } from '../trust/outcome.ts';
import { standingOf } from '../trust/standing.ts';
import { endWith, failure, leafOf } from './serve.ts';

export interface ContentDeps {
  readonly store: Store;
  readonly content: ContentStore;
  readonly clock: Clock;
  readonly log: Log;
}

const maxDigests = 256;
const chunkBytes = 256 * 1024;

export function contentService(deps: ContentDeps): UntypedServiceImplementation {
  return {
    fetch: (call: ServerWritableStream<FetchRequest, FetchResponse>) => {
      send(deps, call).then(
        (outcome) => (outcome.ok ? call.end() : endWith(call, outcome.code, outcome.detail)),
        // A caller that went away in the middle is its own affair.
        (error: unknown) =>
          call.cancelled ? undefined : endWith(call, failure(deps.log, error, call.getPath())),
      );
    },
  };
}

async function send(
  deps: ContentDeps,
  call: ServerWritableStream<FetchRequest, FetchResponse>,
): Promise<Outcome> {
  const { digests, offset } = call.request;
  if (digests.length === 0 || digests.length > maxDigests)
    return refused('REQUEST_INVALID', `1 to ${maxDigests} digests, please.`);
  const leaf = leafOf(call);
  for (const [index, digest] of digests.entries()) {
    const caller = standingOf(deps, leaf);
    if (!caller.ok) return caller;
    const bytes = await contentFor(deps, caller.site.siteId, digest);
    if (bytes === undefined) return refused('CONTENT_MISSING', digest);
    const from = index === 0 ? Number(offset) : 0;
    if (from > bytes.length) return refused('REQUEST_INVALID', 'The offset lies behind the end.');
    await sendChunks(call, { digest, bytes, from });
  }
  return { ok: true };
}

async function contentFor(
  { store, content, log }: ContentDeps,
  siteId: string,
  digest: string,
): Promise<Uint8Array | undefined> {
  if (!isDigest(digest) || !store.releases.isNamedFor(siteId, digest)) return undefined;
  try {
    return await content.get(digest);
  } catch (error) {
    if (!isDaemonError(error, 'content-missing', 'content-mismatch')) throw error;
    log.error(
      { site: siteId, digest, error, code: 'CONTENT_MISSING' },
      'content of a published release is gone; publish it again',
    );
    return undefined;
  }
}

/** At least one message, so that the receiver learns the size of what it already has whole. */
async function sendChunks(
  call: ServerWritableStream<FetchRequest, FetchResponse>,
  { digest, bytes, from }: { digest: string; bytes: Uint8Array; from: number },
): Promise<void> {
  const size = BigInt(bytes.length);
  let at = from;
  do {
    const chunk = Uint8Array.from(bytes.subarray(at, at + chunkBytes));
    await write(call, create(FetchResponseSchema, { digest, offset: BigInt(at), size, chunk }));
    at += chunk.length;
  } while (at < bytes.length);
}
