// One TLS connection with HTTP/2 to an API server: requests as streams, a PING while any is open, so that a dead peer
// is noticed within two intervals. Invariants: every stream that begins ends in an outcome; after the first sign of an
// end (GOAWAY, error, close) the connection says so and takes no more. Called by http2-api.ts only.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { SecureContextOptions } from 'node:tls';
import type { RawAnswer } from './answer.ts';

export interface ConnectionOptions {
  readonly server: URL;
  readonly tls: Pick<SecureContextOptions, 'ca' | 'cert' | 'key'> & { readonly servername?: string };
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly maxBodyBytes: number;
}

/** `refused`: certainly not processed, may be sent again. `lost`: may have been processed. */
export type Outcome =
  | { readonly kind: 'answered'; readonly answer: RawAnswer }
  | { readonly kind: 'refused' | 'lost'; readonly detail: string };

export interface Connection extends Disposable {
  readonly usable: boolean;
  /** Throws the signal's reason when it is aborted, and only then. */
  send(headers: OutgoingHttpHeaders, body: Uint8Array | undefined, signal: AbortSignal): Promise<Outcome>;
  /** A stream that stays open, for its caller to read and to close; undefined when there can be none. */
  open(headers: OutgoingHttpHeaders): ClientHttp2Stream | undefined;
}

/** Rejects with an Error that says why there is no connection. */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const session = connect(options.server.origin, { ...options.tls, settings, rejectUnauthorized: true });
  // Without a listener an error would end the process; what it means is told by 'close' and by each stream.
  session.on('error', () => undefined);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(
    () => reject(new Error('no connection within the time limit')),
    options.connectTimeoutMs,
  );
  session.once('connect', () => resolve());
  session.once('error', reject);
  session.once('close', () => reject(new Error('the connection was closed at once')));
  try {
    await promise;
    return new Http2Connection(session, options);
  } catch (error) {
    session.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** One flow-control window for a long list, so that it does not stop and go. */
const settings = { enablePush: false, initialWindowSize: 4 * 1024 * 1024 };

class Http2Connection implements Connection {
  readonly #session: ClientHttp2Session;
  readonly #options: ConnectionOptions;
  #usable = true;
  #openStreams = 0;
  #pulse: NodeJS.Timeout | undefined;

  constructor(session: ClientHttp2Session, options: ConnectionOptions) {
    this.#session = session;
    this.#options = options;
    session.setLocalWindowSize(settings.initialWindowSize);
    for (const event of ['goaway', 'error', 'close'] as const) session.once(event, () => this.#retire());
  }

  get usable(): boolean {
    return this.#usable && !this.#session.closed && !this.#session.destroyed;
  }

  async send(
    headers: OutgoingHttpHeaders,
    body: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<Outcome> {
    signal.throwIfAborted();
    this.#streamOpened();
    try {
      return await this.#exchange(headers, body, signal);
    } finally {
      this.#streamClosed();
    }
  }

  open(headers: OutgoingHttpHeaders): ClientHttp2Stream | undefined {
    try {
      const stream = this.#session.request(headers, { endStream: true });
      this.#streamOpened();
      stream.once('close', () => this.#streamClosed());
      return stream;
    } catch {
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    this.#retire();
    this.#session.destroy();
  }

  async #exchange(
    headers: OutgoingHttpHeaders,
    body: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<Outcome> {
    let stream: ClientHttp2Stream;
    try {
      stream = this.#session.request(headers, { endStream: body === undefined });
    } catch (error) {
      return { kind: 'refused', detail: String(error) };
    }
    const outcome = outcomeOf(stream, this.#options, signal);
    if (body !== undefined) stream.end(body);
    return outcome;
  }

  #streamOpened(): void {
    this.#openStreams += 1;
    if (this.#openStreams > 1) return;
    let answered = true;
    this.#pulse = setInterval(() => {
      if (!answered) {
        this[Symbol.dispose]();
        return;
      }
      answered = false;
      this.#session.ping(() => {
        answered = true;
      });
    }, this.#options.pingIntervalMs);
  }

  #streamClosed(): void {
    this.#openStreams -= 1;
    if (this.#openStreams > 0) return;
    clearInterval(this.#pulse);
    if (!this.#usable) this.#session.close();
  }

  #retire(): void {
    this.#usable = false;
    if (this.#openStreams === 0) this.#session.close();
  }
}

/** Follows a stream to its end. */
function outcomeOf(
  stream: ClientHttp2Stream,
  { maxBodyBytes, requestTimeoutMs }: ConnectionOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const chunks: Uint8Array[] = [];
  let head: Omit<RawAnswer, 'body'> | undefined;
  let byteCount = 0;
  let complete = false;
  let trouble = 'the connection broke';
  const giveUp = (why: string): void => {
    trouble = why;
    stream.close(constants.NGHTTP2_CANCEL);
  };
  const timer = setTimeout(() => giveUp(`no answer within ${requestTimeoutMs} ms`), requestTimeoutMs);
  const onAbort = (): void => giveUp('aborted');
  signal.addEventListener('abort', onAbort, { once: true });
  stream.on('response', (received) => {
    head = headOf(received);
  });
  stream.on('data', (chunk: Uint8Array) => {
    byteCount += chunk.byteLength;
    if (byteCount > maxBodyBytes) giveUp(`an answer of more than ${maxBodyBytes} bytes`);
    else chunks.push(chunk);
  });
  stream.on('end', () => {
    complete = stream.rstCode === constants.NGHTTP2_NO_ERROR;
  });
  stream.on('error', (error: Error) => {
    trouble = error.message;
  });
  stream.on('close', () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    const refused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
    if (signal.aborted) reject(signal.reason as Error);
    else if (!complete || head === undefined)
      resolve({ kind: refused ? 'refused' : 'lost', detail: trouble });
    else resolve({ kind: 'answered', answer: { ...head, body: Buffer.concat(chunks) } });
  });
  return promise;
}

/** What an answer's headers say. */
export function headOf(headers: Readonly<Record<string, unknown>>): Omit<RawAnswer, 'body'> {
  const text = (name: string): string | null => {
    const value = headers[name];
    return typeof value === 'string' ? value : null;
  };
  return {
    status: Number(headers[':status']),
    contentType: text('content-type') ?? '',
    etag: text('etag'),
    retryAfter: text('retry-after'),
  };
}
