// ClusterApi over the network: one HTTP/2 connection, made when first needed and again after it ended, at most 32
// requests at a time, and a second one for watches, which take none of these. Invariants: a stream that the server refused
// unprocessed is sent again, a request that may have been processed only if it is a GET; one renewal of the credentials
// serves all that met a 401. Built by run.ts.
import { TreError } from '../../proto/errors.ts';
import { answerOf, noAnswer, type RawAnswer } from './answer.ts';
import type {
  ApiAnswer,
  ApiFailure,
  ApiRequest,
  ClusterApi,
  ClusterWatch,
  WatchEnd,
  WatchEvent,
  WatchRequest,
} from './api.ts';
import type { Connection } from './http2-connection.ts';
import { KeptConnection } from './kept-connection.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { readWatch } from './watch-stream.ts';

export interface Http2ApiOptions {
  readonly access: ClusterAccess;
  /** Shown in the audit log of the API server. */
  readonly userAgent: string;
  readonly limits?: Partial<Http2Limits>;
}

export interface Http2Limits {
  readonly maxStreams: number;
  readonly connectTimeoutMs: number;
  /** Longer than the 10 s that an admission webhook may take. */
  readonly requestTimeoutMs: number;
  /** While a request is open; a peer that misses one is given up at the next. */
  readonly pingIntervalMs: number;
  /** The same on the connection of the watches, where something is always open. */
  readonly watchPingIntervalMs: number;
  readonly maxBodyBytes: number;
}

export const defaultHttp2Limits: Http2Limits = {
  maxStreams: 32,
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 15_000,
  pingIntervalMs: 2_500,
  watchPingIntervalMs: 15_000,
  maxBodyBytes: 64 * 1024 * 1024,
};

/** Nothing is sent before the first request. */
export function openHttp2Api(options: Http2ApiOptions): ClusterApi & ClusterWatch & AsyncDisposable {
  const api = new Http2Api(options);
  return {
    request: (request, signal) => api.request(request, signal),
    watch: (request, onEvent, signal) => api.watch(request, onEvent, signal),
    [Symbol.asyncDispose]: () => api.close(),
  };
}

/** Refusals are free of harm, but a server that refuses this often has another problem. */
const maxTries = 8;

class Http2Api {
  readonly #access: ClusterAccess;
  readonly #userAgent: string;
  readonly #connection: KeptConnection;
  readonly #watches: KeptConnection;
  readonly #slots: Slots;

  constructor({ access, userAgent, limits }: Http2ApiOptions) {
    const all = { ...defaultHttp2Limits, ...limits };
    const { server, ca, serverName, certificate } = access;
    const tls = {
      ...(ca !== null && { ca }),
      ...(serverName !== null && { servername: serverName }),
      ...certificate,
    };
    this.#access = access;
    this.#userAgent = userAgent;
    this.#connection = new KeptConnection({ ...all, server, tls });
    this.#watches = new KeptConnection({ ...all, server, tls, pingIntervalMs: all.watchPingIntervalMs });
    this.#slots = new Slots(all.maxStreams);
  }

  async request(request: ApiRequest, signal: AbortSignal): Promise<ApiAnswer> {
    await this.#slots.take(signal);
    try {
      return await this.#tried(request, signal);
    } finally {
      this.#slots.give();
    }
  }

  async watch(
    request: WatchRequest,
    onEvent: (event: WatchEvent) => void,
    signal: AbortSignal,
  ): Promise<WatchEnd> {
    try {
      const { credential } = this.#access;
      const token = await credential?.token(signal);
      const connection = await reached(this.#watches.connected());
      // Before the stream is opened: after that, readWatch closes it.
      signal.throwIfAborted();
      const stream = connection?.open(this.#headers({ method: 'GET', ...request }, token));
      if (stream === undefined) return noAnswer('the connection broke');
      const end = await readWatch(stream, onEvent, signal);
      if (!end.ok && end.status === 401) await credential?.renewed(token, signal);
      return end;
    } catch (error) {
      return unauthenticated(error);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#connection.close(), this.#watches.close()]);
  }

  async #tried(request: ApiRequest, signal: AbortSignal): Promise<ApiAnswer> {
    try {
      return await this.#delivered(request, signal);
    } catch (error) {
      return unauthenticated(error);
    }
  }

  async #delivered(request: ApiRequest, signal: AbortSignal): Promise<ApiAnswer> {
    const { credential } = this.#access;
    let failure = noAnswer('not sent');
    let renewed = false;
    for (let tries = 0; tries < maxTries; tries += 1) {
      // Asked each time: while this request was refused, another one may have renewed it.
      const token = await credential?.token(signal);
      const outcome = await this.#exchange(request, token, signal);
      if (outcome.kind === 'answered') {
        const answer = answerOf(outcome.answer);
        if (answer.status !== 401 || credential === null || renewed) return answer;
        if ((await credential.renewed(token, signal)) === token) return answer;
        renewed = true;
      } else {
        failure = noAnswer(outcome.detail);
        if (!isRepeatable(request, outcome, tries)) return failure;
      }
    }
    return failure;
  }

  async #exchange(request: ApiRequest, token: string | undefined, signal: AbortSignal): Promise<Exchanged> {
    let connection: Connection;
    try {
      connection = await this.#connection.connected();
    } catch (error) {
      return { kind: 'unreached', detail: error instanceof Error ? error.message : String(error) };
    }
    return connection.send(this.#headers(request, token), request.body?.bytes, signal);
  }

  #headers({ method, path, accept = 'application/json', etag, body }: ApiRequest, token: string | undefined) {
    return {
      ':method': method,
      ':path': path,
      accept,
      'user-agent': this.#userAgent,
      ...(etag !== undefined && { 'if-none-match': etag }),
      ...(body !== undefined && {
        'content-type': body.contentType,
        'content-length': body.bytes.byteLength,
      }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
  }
}

/** Undefined when there is no connection to be had. */
async function reached(connection: Promise<Connection>): Promise<Connection | undefined> {
  return connection.catch(() => undefined);
}

/** No credentials are to be had: a value like every other trouble. */
function unauthenticated(error: unknown): ApiFailure {
  if (!(error instanceof TreError)) throw error;
  return { ...noAnswer(error.message), code: 'CLUSTER_UNAUTHENTICATED' };
}

type Exchanged =
  | { readonly kind: 'answered'; readonly answer: RawAnswer }
  | { readonly kind: 'refused' | 'lost' | 'unreached'; readonly detail: string };

function isRepeatable({ method }: ApiRequest, { kind }: Exchanged, tries: number): boolean {
  return kind === 'refused' || (kind === 'lost' && method === 'GET' && tries === 0);
}

/** At most so many at a time, first come first served. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async take(signal: AbortSignal): Promise<void> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free -= 1;
    if (!signal.aborted) return;
    this.give();
    throw signal.reason;
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
