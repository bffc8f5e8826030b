// Content from the control plane, over the channel of the stream. A refusal with a code of ours is told apart from a
// connection that broke. Called by stream.ts for each connection.
import type { Client } from '@grpc/grpc-js';
import { ContentService } from '../../proto/gen/tre/v1/content_pb.ts';
import { CallFailed, callServerStream } from '../../proto/grpc.ts';
import { type ContentChunk, ContentRefused, type ContentSource } from './content.ts';

export function contentSource(client: Client): ContentSource {
  return {
    async *fetch(digests, offset, signal): AsyncGenerator<ContentChunk> {
      const request = { digests: [...digests], offset: BigInt(offset) };
      try {
        for await (const piece of callServerStream(client, ContentService.method.fetch, request, signal))
          yield {
            digest: piece.digest,
            offset: Number(piece.offset),
            size: Number(piece.size),
            chunk: piece.chunk,
          };
      } catch (error) {
        if (error instanceof CallFailed && error.code === 'CONTENT_MISSING')
          throw new ContentRefused('CONTENT_MISSING', { cause: error });
        throw error;
      }
    },
  };
}
