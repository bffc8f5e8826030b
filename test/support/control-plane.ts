// A real control plane for one test: real SQLite, real TLS, real listeners on any free port, in this process.
// `rest` speaks its REST API as an operator would; `stop` and a second `startControlPlane` on the same folder are a restart.

import { readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { loadSettings } from '../../control-plane/config.ts';
import { type Addresses, runControlPlane } from '../../control-plane/run.ts';
import { initialise, trustFolder } from '../../control-plane/trust/initialise.ts';
import { systemClock } from '../../daemon/clock.ts';
import type { Lifecycle } from '../../daemon/lifecycle.ts';
import { type Log, silentLog } from '../../daemon/log.ts';
import { systemRandom } from '../../daemon/random.ts';
import type { MadeRelease } from './documents.ts';

/** `T` is the caller's word for the body; a problem has `code` and `detail`. */
export interface Answer<T> {
  readonly status: number;
  readonly contentType: string;
  readonly body: T;
}

export interface ProblemBody {
  readonly code: string;
  readonly detail: string;
  readonly next: string;
}

/** What a test needs in order to act as an operator. */
export interface Operator {
  readonly addresses: Addresses;
  readonly ca: string;
  /** One request with the operator's token, or with another one, or without any (null). */
  rest<T = ProblemBody>(
    method: string,
    path: string,
    body?: unknown,
    token?: string | null,
  ): Promise<Answer<T>>;
}

export interface TestControlPlane extends Operator, AsyncDisposable {
  readonly data: string;
  readonly token: string;
  stop(): Promise<void>;
}

/** Makes (unless it exists) and starts a control plane in a folder, with other settings when given. */
export async function startControlPlane(
  data: string,
  flags: Readonly<Record<string, string>> = {},
  log: Log = silentLog,
): Promise<TestControlPlane> {
  const { values: settings } = await loadSettings({ data, grpcPort: 0, httpPort: 0, ...flags });
  const tokenFile = join(data, 'operator-token');
  const clock = systemClock;
  await initialise(data, { clock, random: systemRandom(clock), domain: 'localhost', tokenFile }).catch(
    (error: unknown) => {
      if (!(error instanceof Error && error.message.startsWith('ALREADY_INITIALISED'))) throw error;
    },
  );
  const { lifecycle, stop } = testLifecycle();
  const addresses = await runControlPlane(lifecycle, { settings, version: '0.0.0-test', log });
  const ca = readFileSync(join(trustFolder(data), 'ca.pem'), 'utf8');
  const token = readFileSync(tokenFile, 'utf8').trim();
  const rest: TestControlPlane['rest'] = <T>(
    method: string,
    path: string,
    body?: unknown,
    given: string | null = token,
  ) => callRest<T>({ method, url: `${addresses.api}${path}`, ca, token: given, body });
  return { data, addresses, ca, token, rest, stop, [Symbol.asyncDispose]: stop };
}

export interface PublishedRelease {
  readonly digest: string;
  readonly signatures: number;
  readonly code?: string;
}

/** Publishes a release as trectl does, signatures and all; returns the answer of the publication itself. */
export async function publishRelease(
  plane: Operator,
  made: MadeRelease,
  signatures: Uint8Array,
): Promise<Answer<PublishedRelease>> {
  const contents = made.objects.map((bytes, index) => ({
    digest: made.release.objects[index]?.digest,
    text: bytes.toString('utf8'),
  }));
  await plane.rest('POST', '/v1/content', { contents });
  const published = await plane.rest<PublishedRelease>('POST', '/v1/releases', {
    manifest: made.manifest.toString('utf8'),
  });
  const { name, version } = made.release;
  await plane.rest('PUT', `/v1/releases/${name}@${version}/signatures`, {
    signatures: JSON.parse(Buffer.from(signatures).toString('utf8')) as unknown,
  });
  return published;
}

export interface RestCall {
  readonly method: string;
  readonly url: string;
  readonly ca: string;
  readonly token: string | null;
  readonly body?: unknown;
}

export function callRest<T>({ method, url, ca, token, body }: RestCall): Promise<Answer<T>> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(payload === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
  };
  return new Promise((resolve, reject) => {
    const call = httpsRequest(url, { method, ca, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const contentType = response.headers['content-type'] ?? '';
        const body: unknown = contentType.includes('json') ? JSON.parse(text) : text;
        resolve({ status: response.statusCode ?? 0, contentType, body: body as T });
      });
    });
    call.on('error', reject);
    call.end(payload);
  });
}

function testLifecycle(): { lifecycle: Lifecycle; stop: () => Promise<void> } {
  const ending = new AbortController();
  const resources: (AsyncDisposable | Disposable)[] = [];
  const stop = async (): Promise<void> => {
    ending.abort();
    for (const resource of resources.splice(0).toReversed()) {
      if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
      else resource[Symbol.dispose]();
    }
  };
  const add: Lifecycle['add'] = (_name, resource) => {
    resources.push(resource);
    return resource;
  };
  return { lifecycle: { signal: ending.signal, add, stop: () => void stop() }, stop };
}
