// Where the bearer token of a request comes from. Invariants: tokens are never logged or thrown; many callers that
// meet a 401 at once cause one renewal. Used by http2-api.ts; made by kubeconfig.ts.
import type { Clock } from '../../daemon/clock.ts';
import type { Files } from '../../daemon/files.ts';
import { TreError } from '../../proto/errors.ts';

export interface Credential {
  /** Throws TreError CLUSTER_UNAUTHENTICATED when there is none to be had now. */
  readonly token: (signal: AbortSignal) => Promise<string>;
  /** After a 401 on `stale`: another token if there is one by now, else the same. Throws alike. */
  readonly renewed: (stale: string | undefined, signal: AbortSignal) => Promise<string>;
}

export function fixedToken(token: string): Credential {
  return { token: async () => token, renewed: async () => token };
}

/** A token that somebody else keeps fresh in a file, as the kubelet does: read again every minute and after a 401. */
export function tokenFile(
  path: string,
  { files, clock }: { readonly files: Files; readonly clock: Clock },
): Credential {
  return cachedToken(clock, fileLifeMs, async () => {
    const bytes = await files.read(path, maxTokenBytes);
    const token = bytes === undefined ? '' : new TextDecoder().decode(bytes).trim();
    if (token === '') throw new TreError('CLUSTER_UNAUTHENTICATED', `no token in ${path}`);
    return token;
  });
}

/**
 * Calls `fetch` when there is no token, when it is older than `lifeMs`, and once for all who call `renewed`. One that does
 * not end is not begun again, and nobody waits for it longer than a request may take.
 */
export function cachedToken(clock: Clock, lifeMs: number, fetch: () => Promise<string>): Credential {
  let known: { readonly token: string; readonly atMs: number } | undefined;
  let pending: Promise<string> | undefined;
  const fetchOnce = (): Promise<string> => {
    pending ??= fetch()
      .then((token) => {
        known = { token, atMs: clock.monotonic() };
        return token;
      })
      .finally(() => {
        pending = undefined;
      });
    return pending;
  };
  const fetchInTime = async (signal: AbortSignal): Promise<string> => {
    const arrived = new AbortController();
    const late = clock.sleep(fetchTimeoutMs, AbortSignal.any([signal, arrived.signal])).then(() => {
      throw new TreError('CLUSTER_UNAUTHENTICATED', `no token came within ${fetchTimeoutMs} ms`);
    });
    try {
      return await Promise.race([fetchOnce(), late]);
    } finally {
      arrived.abort();
    }
  };
  const isFresh = (): boolean => known !== undefined && clock.monotonic() - known.atMs < lifeMs;
  return {
    token: async (signal) => (isFresh() && known !== undefined ? known.token : fetchInTime(signal)),
    renewed: async (stale, signal) =>
      known !== undefined && known.token !== stale ? known.token : fetchInTime(signal),
  };
}

const fetchTimeoutMs = 15_000;
const fileLifeMs = 60_000;
const maxTokenBytes = 64 * 1024;
