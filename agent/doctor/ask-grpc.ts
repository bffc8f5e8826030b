// One gRPC call over a connection of its own, with every way to fail named: the control plane is asked for a blob that
// nobody has, which changes nothing and disturbs no stream of the agent. Then the connection is watched for a while.
// Invariants: the other side's chain was judged before; every wait is bounded. Called by look-tls, look-control-plane.
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { create, toBinary } from '@bufbuild/protobuf';
import { systemCode } from '../../daemon/errors.ts';
import { FetchRequestSchema } from '../../proto/gen/tre/v1/content_pb.ts';
import { percentDecoded } from './percent-decoded.ts';
import { type HandshakeOptions, opened, tlsOptions } from './reach.ts';

export interface GrpcQuestion extends HandshakeOptions {
  /** Key and certificate in one PEM text; null shows none. */
  readonly identity: string | null;
  /** How long the connection is watched after the answer. */
  readonly watchMs: number;
}

export type GrpcAnswer =
  | {
      readonly kind: 'answered';
      readonly httpStatus: number;
      /** Null when the answer is not one of gRPC. */
      readonly grpcStatus: number | null;
      /** Our code, empty when none was sent. */
      readonly code: string;
      readonly message: string;
      /** The other side's clock, whole seconds; undefined when it does not tell. */
      readonly theirTimeMs: number | undefined;
      /** When the other side ended the connection while it was watched, ms from its start. */
      readonly cutAfterMs: number | null;
    }
  | { readonly kind: 'silent' | 'closed'; readonly detail: string };

/** Never throws. */
export async function askGrpc(question: GrpcQuestion): Promise<GrpcAnswer> {
  const { host, port, identity, timeoutMs, watchMs } = question;
  const proof = identity === null ? {} : { cert: identity, key: identity };
  const socket = connectTls({ ...tlsOptions(question), ...proof });
  const startedAtMs = performance.now();
  try {
    await opened(socket, 'secureConnect', timeoutMs);
    const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    const session = connect(`https://${authority}`, { createConnection: () => socket });
    // Without a listener an error would end the process; what it means is told by 'close'.
    session.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => session.once('close', resolve));
    const headers = await within(exchange(session, closed), timeoutMs);
    if (headers === 'late') return { kind: 'silent', detail: `no answer within ${timeoutMs} ms` };
    if (headers === 'closed')
      return { kind: 'closed', detail: 'the connection was closed without an answer' };
    const cut = (await within(closed, watchMs)) !== 'late';
    return { ...answerOf(headers), cutAfterMs: cut ? Math.round(performance.now() - startedAtMs) : null };
  } catch (error) {
    const detail = systemCode(error) ?? 'the connection broke';
    return { kind: detail === 'ETIMEDOUT' ? 'silent' : 'closed', detail };
  } finally {
    socket.destroy();
  }
}

/** The other side's clock, ms UTC; undefined when it does not tell. */
export async function askForTime(options: HandshakeOptions): Promise<number | undefined> {
  const answer = await askGrpc({ ...options, identity: null, watchMs: 0 });
  return answer.kind === 'answered' ? answer.theirTimeMs : undefined;
}

/** Headers and trailers of the answer as one. */
function exchange(
  session: ClientHttp2Session,
  closed: Promise<void>,
): Promise<IncomingHttpHeaders | 'closed'> {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/tre.v1.ContentService/Fetch',
    'content-type': 'application/grpc+proto',
    te: 'trailers',
  });
  const answered = new Promise<IncomingHttpHeaders | 'closed'>((resolve) => {
    let headers: IncomingHttpHeaders | undefined;
    const add = (more: IncomingHttpHeaders) => {
      headers = { ...headers, ...more };
    };
    stream.on('error', () => undefined);
    stream.on('response', add);
    stream.on('trailers', add);
    stream.once('close', () => resolve(headers ?? 'closed'));
  });
  stream.resume();
  stream.end(frame());
  return Promise.race([answered, closed.then(() => 'closed' as const)]);
}

/** A question for a digest that no content has. */
function frame(): Uint8Array {
  const message = toBinary(
    FetchRequestSchema,
    create(FetchRequestSchema, { digests: [`sha256:${'0'.repeat(64)}`] }),
  );
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([head, message]);
}

/** A flag and the length, before each message of gRPC. */
const frameHeadBytes = 5;

function answerOf(headers: IncomingHttpHeaders) {
  const text = (name: string): string => String(headers[name] ?? '');
  const theirTimeMs = Date.parse(text('date'));
  return {
    kind: 'answered' as const,
    httpStatus: Number(headers[':status']),
    grpcStatus: text('grpc-status') === '' ? null : Number(text('grpc-status')),
    code: text('tre-code'),
    message: percentDecoded(text('grpc-message')).slice(0, maxMessageLength),
    theirTimeMs: Number.isNaN(theirTimeMs) ? undefined : theirTimeMs,
  };
}

const maxMessageLength = 200;

async function within<T>(promise: Promise<T>, ms: number): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, ms, 'late');
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
