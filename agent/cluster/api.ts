// How this agent talks to one Kubernetes API server, as a narrow interface: one request, one answer, raw bytes both
// ways. Whatever goes wrong is a value. Implemented by http2-api.ts over the network; tests put themselves between.
// Called by discovery.ts, agent/observe and agent/act.
import type { ErrorCode } from '../../proto/errors.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'PATCH' | 'DELETE';
  /** Path and query, encoded: see paths.ts. */
  readonly path: string;
  /** Media types that we read; JSON when not given. */
  readonly accept?: string;
  /** Sent as If-None-Match: the answer is 304 when nothing changed. */
  readonly etag?: string;
  readonly body?: { readonly contentType: string; readonly bytes: Uint8Array };
}

/** The part of the closed list that an API server can cause. */
export type ApiErrorCode = Extract<
  ErrorCode,
  | 'CLUSTER_UNREACHABLE'
  | 'CLUSTER_UNAUTHENTICATED'
  | 'CLUSTER_FORBIDDEN'
  | 'CLUSTER_BUSY'
  | 'CLUSTER_FAILING'
  | 'NOT_FOUND'
  | 'OBJECT_CONFLICT'
  | 'OBJECT_REFUSED'
>;

/** A 2xx or 304. */
export interface ApiSuccess {
  readonly ok: true;
  readonly status: number;
  readonly contentType: string;
  readonly etag: string | null;
  readonly body: Uint8Array;
}

/** `status` null: no answer came. `detail` may quote the server and stays on site. */
export interface ApiFailure {
  readonly ok: false;
  readonly status: number | null;
  readonly code: ApiErrorCode;
  readonly detail: string;
  /** From Retry-After. */
  readonly retryAfterMs: number | null;
}

export type ApiAnswer = ApiSuccess | ApiFailure;

export interface ClusterApi {
  /**
   * Never throws for what the server or the network does; throws the signal's reason when it is aborted.
   * A request that may have reached the server is sent again only when it is a GET.
   */
  readonly request: (request: ApiRequest, signal: AbortSignal) => Promise<ApiAnswer>;
}

/** What a watch tells: something changed, or (bookmark) nothing did up to here. */
export interface WatchEvent {
  readonly isBookmark: boolean;
  readonly namespace: string | null;
  readonly name: string;
  /** Where to go on from when the watch ends. */
  readonly resourceVersion: string;
}

export interface WatchRequest {
  /** Path and query of a watch, encoded. */
  readonly path: string;
  readonly accept: string;
}

/** How a watch ended: by the server, in order; or what went wrong. Status 410: its position is too old. */
export type WatchEnd = { readonly ok: true } | ApiFailure;

/** Long-lived streams of changes, beside the requests and without a share in their number. */
export interface ClusterWatch {
  /** As `request`: everything but an abort is a value. */
  readonly watch: (
    request: WatchRequest,
    onEvent: (event: WatchEvent) => void,
    signal: AbortSignal,
  ) => Promise<WatchEnd>;
}
