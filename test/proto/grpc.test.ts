// The adapter between protobuf-es and grpc-js, on a real server and a real connection.
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';
import { ContentService, type FetchRequest, FetchResponseSchema } from '../../proto/gen/tre/v1/content_pb.ts';
import {
  type CollectRequest,
  CollectResponseSchema,
  EnrolmentService,
  EnrolmentState,
} from '../../proto/gen/tre/v1/enrolment_pb.ts';
import { type SyncRequest, SyncResponseSchema, SyncService } from '../../proto/gen/tre/v1/sync_pb.ts';
import {
  CallFailed,
  callDuplex,
  callServerStream,
  callUnary,
  endWith,
  maxFrameBytes,
  serviceDefinition,
  statusOf,
  write,
} from '../../proto/grpc.ts';

async function serve(
  t: ExecutionContext,
): Promise<{ client: Client; signal: AbortSignal; arrived: Promise<void>; cancelled: Promise<void> }> {
  const arrived = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const server = new Server({ 'grpc.max_receive_message_length': maxFrameBytes });
  server.addService(serviceDefinition(EnrolmentService), {
    begin: (_: unknown, done: sendUnaryData<unknown>) => done(statusOf('TOKEN_USED')),
    collect: (call: ServerUnaryCall<CollectRequest, unknown>, done: sendUnaryData<unknown>) =>
      done(
        null,
        create(CollectResponseSchema, {
          state: EnrolmentState.APPROVED,
          leaf: Buffer.from(call.request.requestId),
        }),
      ),
    renew: (call: ServerUnaryCall<unknown, unknown>) => {
      call.on('cancelled', cancelled.resolve);
      arrived.resolve();
    },
  });
  server.addService(serviceDefinition(ContentService), {
    fetch: (call: ServerWritableStream<FetchRequest, unknown>) => void sendAll(call),
  });
  server.addService(serviceDefinition(SyncService), {
    sync: (call: ServerDuplexStream<SyncRequest, unknown>) => {
      call.on('data', ({ message }: SyncRequest) => {
        if (message.case !== 'heartbeat') return endWith(call, 'SITE_REVOKED');
        call.write(create(SyncResponseSchema, { message: { case: 'ack', value: { sequence: 7n } } }));
      });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const client = new Client(`localhost:${port}`, credentials.createInsecure());
  t.teardown(() => {
    client.close();
    server.forceShutdown();
  });
  return {
    client,
    signal: new AbortController().signal,
    arrived: arrived.promise,
    cancelled: cancelled.promise,
  };
}

async function sendAll(call: ServerWritableStream<FetchRequest, unknown>): Promise<void> {
  for (const digest of call.request.digests)
    await write(call, create(FetchResponseSchema, { digest, chunk: Buffer.alloc(200_000) }));
  call.end();
}

test('a unary call carries messages both ways', async (t) => {
  const { client, signal } = await serve(t);
  const answer = await callUnary(
    client,
    EnrolmentService.method.collect,
    { requestId: 'r1' },
    { signal, timeoutMs: 5_000 },
  );
  t.is(answer.state, EnrolmentState.APPROVED);
  t.is(Buffer.from(answer.leaf).toString(), 'r1');
});

test('our code arrives with the status', async (t) => {
  const { client, signal } = await serve(t);
  const call = callUnary(client, EnrolmentService.method.begin, {}, { signal, timeoutMs: 5_000 });
  const error = await t.throwsAsync(call, { instanceOf: CallFailed });
  t.is(error?.code, 'TOKEN_USED');
});

test('an aborted signal cancels the call at the other end', async (t) => {
  const { client, arrived, cancelled } = await serve(t);
  const abort = new AbortController();
  const call = callUnary(
    client,
    EnrolmentService.method.renew,
    {},
    { signal: abort.signal, timeoutMs: 5_000 },
  );
  void arrived.then(() => abort.abort());
  await t.throwsAsync(call, { instanceOf: CallFailed, message: /CANCELLED/ });
  await t.notThrowsAsync(cancelled);
});

test('a message over the limit is refused with its code', async (t) => {
  const { client, signal } = await serve(t);
  const call = callUnary(
    client,
    EnrolmentService.method.collect,
    { signature: Buffer.alloc(5 * 1024 * 1024) },
    { signal, timeoutMs: 5_000 },
  );
  const error = await t.throwsAsync(call, { instanceOf: CallFailed });
  t.is(error?.code, 'FRAME_TOO_LARGE');
});

test('a server stream is iterated to its end, larger than any window', async (t) => {
  const { client, signal } = await serve(t);
  const digests = Array.from({ length: 20 }, (_, index) => `d${index}`);
  const seen: string[] = [];
  for await (const chunk of callServerStream(client, ContentService.method.fetch, { digests }, signal))
    seen.push(chunk.digest);
  t.deepEqual(seen, digests);
});

test('a duplex stream answers, and its end carries our code', async (t) => {
  const { client, signal } = await serve(t);
  const stream = callDuplex(client, SyncService.method.sync, signal);
  await stream.send({ message: { case: 'heartbeat', value: { sentAtMs: 1n } } });
  const first = await stream.received.next();
  t.is(first.done === true ? undefined : first.value.message.case, 'ack');
  await stream.send({ message: { case: 'hello', value: { capability: 1 } } });
  const error = await t.throwsAsync(stream.received.next(), { instanceOf: CallFailed });
  t.is(error?.code, 'SITE_REVOKED');
});

test('a message of a newer version keeps the fields that this version does not know', (t) => {
  const newer = Buffer.concat([
    toBinary(FetchResponseSchema, create(FetchResponseSchema, { digest: 'd' })),
    Buffer.from([0xf8, 0x06, 0x01]),
  ]);
  t.deepEqual(Buffer.from(toBinary(FetchResponseSchema, fromBinary(FetchResponseSchema, newer))), newer);
});
