// One watch on the wire: an answer that does not end, an event a line. Only what says which object changed, and where to
// go on from, is read. Invariants: every stream ends in a value; a line of more than its limit ends it, for it is not the
// metadata that was asked for. Called by http2-api.ts.
import { type ClientHttp2Stream, constants } from 'node:http2';
import { answerOf, noAnswer, type RawAnswer } from './answer.ts';
import type { WatchEnd, WatchEvent } from './api.ts';
import { headOf } from './http2-connection.ts';

const firstAnswerMs = 15_000;
const maxLineBytes = 4 * 1024 * 1024;

/** Follows the stream to its end. Throws the signal's reason when it is aborted, and only then. */
export function readWatch(
  stream: ClientHttp2Stream,
  onEvent: (event: WatchEvent) => void,
  signal: AbortSignal,
): Promise<WatchEnd> {
  const { promise, resolve, reject } = Promise.withResolvers<WatchEnd>();
  const lines = new Lines();
  let head: Omit<RawAnswer, 'body'> | undefined;
  let end: WatchEnd | undefined;
  let trouble = 'the connection broke';
  const close = (): void => stream.close(constants.NGHTTP2_CANCEL);
  const timer = setTimeout(close, firstAnswerMs);
  signal.addEventListener('abort', close, { once: true });
  stream.on('response', (received) => {
    clearTimeout(timer);
    head = headOf(received);
  });
  stream.on('data', (chunk: Buffer) => {
    // What is no 200 is one small document, read at the end.
    const found = lines.add(chunk, head?.status === 200);
    if (found === undefined) trouble = 'a line that is too long';
    for (const line of found ?? []) end ??= readLine(line, onEvent);
    if (found === undefined || end !== undefined) close();
  });
  stream.on('end', () => {
    if (head === undefined || stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
    const answer = head.status === 200 ? undefined : answerOf({ ...head, body: lines.rest });
    end ??= answer?.ok === false ? answer : { ok: true };
  });
  stream.on('error', (error: Error) => {
    trouble = error.message;
  });
  stream.on('close', () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', close);
    if (signal.aborted) reject(signal.reason as Error);
    else resolve(end ?? noAnswer(trouble));
  });
  if (signal.aborted) close();
  return promise;
}

/** Cuts what arrives into lines. */
class Lines {
  #parts: Buffer[] = [];
  #bytes = 0;

  get rest(): Buffer {
    return Buffer.concat(this.#parts);
  }

  /** The lines that are complete now; undefined when one is too long. */
  add(chunk: Buffer, cut: boolean): readonly Buffer[] | undefined {
    const lines: Buffer[] = [];
    let from = 0;
    for (let at = cut ? chunk.indexOf(0x0a) : -1; at >= 0; at = chunk.indexOf(0x0a, from)) {
      this.#parts.push(chunk.subarray(from, at));
      lines.push(this.rest);
      this.#parts = [];
      this.#bytes = 0;
      from = at + 1;
    }
    // A copy: what is kept for long must not hold the whole chunk.
    if (from < chunk.byteLength) this.#parts.push(Buffer.from(chunk.subarray(from)));
    this.#bytes += chunk.byteLength - from;
    return this.#bytes > maxLineBytes ? undefined : lines;
  }
}

interface Line {
  readonly type: string;
  readonly object?: {
    readonly code?: number;
    readonly metadata?: {
      readonly name?: string;
      readonly namespace?: string;
      readonly resourceVersion?: string;
    } | null;
  } | null;
}

/** Tells of the event; what it says about the end of the watch, if it does. */
function readLine(line: Buffer, onEvent: (event: WatchEvent) => void): WatchEnd | undefined {
  let read: Line | null;
  try {
    read = JSON.parse(line.toString('utf8')) as Line | null;
  } catch {
    return noAnswer('a line that is no JSON');
  }
  if (read?.type === 'ERROR') return statusOf(read.object?.code, line);
  const { name = '', namespace = null, resourceVersion = '' } = read?.object?.metadata ?? {};
  onEvent({ isBookmark: read?.type === 'BOOKMARK', name, namespace, resourceVersion });
  return undefined;
}

function statusOf(code: number | undefined, line: Buffer): WatchEnd {
  const raw = { contentType: 'text/plain', etag: null, retryAfter: null, body: line };
  const answer = answerOf({ ...raw, status: code ?? 500 });
  return answer.ok ? noAnswer('an error without a code') : answer;
}
