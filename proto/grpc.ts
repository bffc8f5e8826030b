// protobuf-es descriptors -> grpc-js: service definitions, typed handlers and calls. The only place that knows both.
// Owns what grpc-js leaves to its users: an error listener on every call (without one the process dies),
// AbortSignal -> cancel, back pressure on writes, and our error code as a detail of the status.
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import {
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  status as grpcStatus,
  Metadata,
  type MethodDefinition,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { type ErrorCode, errors, isErrorCode } from './errors.ts';

/** Largest message either side accepts, in bytes. */
export const maxFrameBytes = 1024 * 1024;

const codeKey = 'tre-code';

/** A failed call: our code if the other side sent one, and the gRPC status. `message` is safe to log. */
export class CallFailed extends Error {
  readonly code: ErrorCode | undefined;
  readonly status: number;

  constructor(error: ServiceError) {
    super(`${grpcStatus[error.code] ?? error.code}: ${error.details}`, { cause: error });
    this.name = 'CallFailed';
    this.status = error.code;
    const sent = error.metadata?.get(codeKey)[0]?.toString() ?? '';
    this.code = isErrorCode(sent)
      ? sent
      : error.code === grpcStatus.RESOURCE_EXHAUSTED
        ? 'FRAME_TOO_LARGE'
        : undefined;
  }
}

/** The definition that grpc-js serves and dials, from a protobuf-es service. */
export function serviceDefinition(service: DescService): ServiceDefinition {
  return Object.fromEntries(service.methods.map((method) => [method.localName, methodDefinition(method)]));
}

/** The status that carries one of our codes to the other side. */
export function statusOf(code: ErrorCode, detail?: string): Partial<ServiceError> {
  const metadata = new Metadata();
  metadata.set(codeKey, code);
  return {
    code: grpcCodes[errors[code].http] ?? grpcStatus.FAILED_PRECONDITION,
    details: detail ?? errors[code].text,
    metadata,
  };
}

/** Ends a server's stream with one of our codes. grpc-js sends a status for an emitted error, not for a destroyed stream. */
export function endWith(
  stream: { emit(event: 'error', error: Partial<ServiceError>): boolean },
  code: ErrorCode,
  detail?: string,
): void {
  stream.emit('error', statusOf(code, detail));
}

/** One request, one answer. Rejects with CallFailed. */
export function callUnary<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: { readonly input: I; readonly output: O } & DescMethod,
  request: MessageInitShape<I>,
  options: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<MessageShape<O>> {
  const definition = methodDefinition(method);
  return new Promise((resolve, reject) => {
    const call = client.makeUnaryRequest(
      definition.path,
      definition.requestSerialize,
      definition.responseDeserialize,
      create(method.input, request),
      new Metadata(),
      { deadline: Date.now() + options.timeoutMs },
      (error, answer) => (error ? reject(new CallFailed(error)) : resolve(answer as MessageShape<O>)),
    );
    cancelOnAbort(call, options.signal);
  });
}

/** One request, many answers. Iterate to the end or return early; throws CallFailed. */
export async function* callServerStream<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: { readonly input: I; readonly output: O } & DescMethod,
  request: MessageInitShape<I>,
  signal: AbortSignal,
): AsyncGenerator<MessageShape<O>> {
  const definition = methodDefinition(method);
  const call = client.makeServerStreamRequest(
    definition.path,
    definition.requestSerialize,
    definition.responseDeserialize,
    create(method.input, request),
  );
  cancelOnAbort(call, signal);
  yield* incoming<MessageShape<O>>(call);
}

/** A bidirectional stream: `send` resolves when the message may be followed by the next one. */
export interface Duplex<I extends DescMessage, O extends DescMessage> {
  readonly send: (message: MessageInitShape<I>) => Promise<void>;
  readonly end: () => void;
  readonly received: AsyncGenerator<MessageShape<O>>;
}

/** Many requests, many answers. `received` throws CallFailed when the stream breaks. */
export function callDuplex<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: { readonly input: I; readonly output: O } & DescMethod,
  signal: AbortSignal,
): Duplex<I, O> {
  const definition = methodDefinition(method);
  const call = client.makeBidiStreamRequest(
    definition.path,
    definition.requestSerialize,
    definition.responseDeserialize,
  );
  cancelOnAbort(call, signal);
  // The iterator below reports the error; this listener only keeps grpc-js from throwing it before iteration starts.
  call.on('error', () => {});
  return {
    send: (message) => write(call, create(method.input, message)),
    end: () => call.end(),
    received: incoming<MessageShape<O>>(call),
  };
}

/** What writing needs of a stream of grpc-js, whichever side and kind it is. */
interface WritableCall {
  readonly writable: boolean;
  once(event: string, listener: () => void): unknown;
  removeListener(event: string, listener: () => void): unknown;
}

/** Writes with back pressure: resolves when the stream takes more, rejects when it has ended. */
export function write(stream: WritableCall, message: object): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!stream.writable) return reject(new Error('the stream has ended'));
    // grpc-js streams are in object mode; the type of the base class only knows bytes and text.
    if ((stream as unknown as { write(message: object): boolean }).write(message)) return resolve();
    const settle = (act: () => void) => () => {
      stream.removeListener('drain', drained);
      stream.removeListener('close', closed);
      stream.removeListener('error', closed);
      act();
    };
    const drained = settle(resolve);
    const closed = settle(() => reject(new Error('the stream has ended')));
    stream.once('drain', drained);
    stream.once('close', closed);
    stream.once('error', closed);
  });
}

async function* incoming<T>(
  call: ClientReadableStream<unknown> | ClientDuplexStream<unknown, unknown>,
): AsyncGenerator<T> {
  try {
    for await (const message of call) yield message as T;
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'details' in error)
      throw new CallFailed(error as ServiceError);
    throw error;
  } finally {
    call.cancel();
  }
}

function cancelOnAbort(
  call: { cancel(): void; on(event: string, listener: () => void): unknown },
  signal: AbortSignal,
): void {
  const cancel = () => call.cancel();
  if (signal.aborted) return cancel();
  signal.addEventListener('abort', cancel, { once: true });
  call.on('status', () => signal.removeEventListener('abort', cancel));
}

function methodDefinition(method: DescMethod): MethodDefinition<unknown, unknown> {
  const serialize = (schema: DescMessage) => (message: unknown) =>
    Buffer.from(toBinary(schema, message as MessageShape<DescMessage>));
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === 'bidi_streaming' || method.methodKind === 'client_streaming',
    responseStream: method.methodKind === 'bidi_streaming' || method.methodKind === 'server_streaming',
    requestSerialize: serialize(method.input),
    requestDeserialize: (bytes) => fromBinary(method.input, bytes),
    responseSerialize: serialize(method.output),
    responseDeserialize: (bytes) => fromBinary(method.output, bytes),
  };
}

const grpcCodes: Readonly<Record<number, number>> = {
  400: grpcStatus.INVALID_ARGUMENT,
  401: grpcStatus.UNAUTHENTICATED,
  403: grpcStatus.PERMISSION_DENIED,
  404: grpcStatus.NOT_FOUND,
  409: grpcStatus.FAILED_PRECONDITION,
  413: grpcStatus.RESOURCE_EXHAUSTED,
  429: grpcStatus.UNAVAILABLE,
  500: grpcStatus.INTERNAL,
  503: grpcStatus.UNAVAILABLE,
};
