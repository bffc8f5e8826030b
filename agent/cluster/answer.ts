// From an HTTP answer of a Kubernetes API server to a value of ours. Classified by status and, in the one case where
// upstream leaves no other way, by the beginning of the message: an unknown field in a server-side apply is
// answered with 500. PURE. Called by http2-api.ts.
import type { ApiAnswer, ApiErrorCode, ApiFailure } from './api.ts';

export interface RawAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly etag: string | null;
  /** As it came. */
  readonly retryAfter: string | null;
  readonly body: Uint8Array;
}

export function answerOf(raw: RawAnswer): ApiAnswer {
  const { status, contentType, etag, body } = raw;
  if ((status >= 200 && status < 300) || status === 304) return { ok: true, status, contentType, etag, body };
  const message = messageOf(raw);
  const detail = `${status} ${message}`.slice(0, maxDetailLength);
  return {
    ok: false,
    status,
    code: codeOf(status, message),
    detail,
    retryAfterMs: retryAfterMs(raw.retryAfter),
  };
}

/** No answer: the connection could not be made, broke, or stayed silent for too long. */
export function noAnswer(detail: string): ApiFailure {
  return { ok: false, status: null, code: 'CLUSTER_UNREACHABLE', detail, retryAfterMs: null };
}

const maxDetailLength = 500;
const untypable = /^failed to create typed (patch|live) object/;

function codeOf(status: number, message: string): ApiErrorCode {
  switch (status) {
    case 401:
      return 'CLUSTER_UNAUTHENTICATED';
    case 403:
      return 'CLUSTER_FORBIDDEN';
    case 404:
      return 'NOT_FOUND';
    case 409:
    case 410:
      return 'OBJECT_CONFLICT';
    case 429:
      return 'CLUSTER_BUSY';
    default:
      if (status === 500 && untypable.test(message)) return 'OBJECT_REFUSED';
      return status >= 500 ? 'CLUSTER_FAILING' : 'OBJECT_REFUSED';
  }
}

/** The message of a Status object, or the text itself. */
function messageOf({ contentType, body }: RawAnswer): string {
  const text = new TextDecoder().decode(body.subarray(0, maxErrorBytes));
  if (!contentType.startsWith('application/json')) return text.trim();
  try {
    const status: unknown = JSON.parse(text);
    if (
      typeof status === 'object' &&
      status !== null &&
      'message' in status &&
      typeof status.message === 'string'
    )
      return status.message;
  } catch {
    // Not the JSON that it claims to be: shown as it came.
  }
  return text.trim();
}

const maxErrorBytes = 256 * 1024;

/** Seconds only, as Kubernetes sends them; anything else counts as not said. Within reason: it holds the whole site back. */
function retryAfterMs(text: string | null): number | null {
  return text !== null && /^\d{1,6}$/.test(text) ? Math.min(Number(text) * 1000, maxRetryAfterMs) : null;
}

const maxRetryAfterMs = 300_000;
