// Keeps watches on collections open, metadata alone: each from a known position, again after it ended, from the start when
// its position is too old or the connection broke, with growing pauses while it fails. Laws: what it tells is that something
// may have changed, never what; nothing that changes while a watch is meant to be open goes untold; no error ends it. Used
// by agent/observe.
import { createBackoff } from '../../daemon/backoff.ts';
import type { Clock } from '../../daemon/clock.ts';
import type { Random } from '../../daemon/random.ts';
import { noAnswer } from './answer.ts';
import type { ApiFailure, ClusterApi, ClusterWatch, WatchEvent } from './api.ts';
import { metadataOnly } from './metadata.ts';

export interface WatcherOptions {
  readonly api: ClusterApi & ClusterWatch;
  readonly clock: Clock;
  readonly random: Random;
  /** `event` null: anything in this collection may have changed. */
  readonly onChange: (path: string, event: WatchEvent | null) => void;
  /** Told of what is no failure of the API server; the watch begins anew after a pause. Must not throw. */
  readonly onError: (error: unknown, retryInMs: number) => void;
}

export interface Watcher extends AsyncDisposable {
  /** From now on exactly these collections (see paths.ts) are watched. */
  readonly follow: (paths: Iterable<string>) => void;
  /** All of them are watched now: whoever hears nothing need not ask. */
  readonly isComplete: () => boolean;
}

/** As many streams as every API server allows on one connection. */
const maxWatches = 80;
/** Somebody has to give us the right first. */
const forbiddenMs = 60_000;
/** A watch that lives shorter than this counts as a failure. */
const shortestLifeMs = 1_000;
const longestLifeSeconds = 600;
const policy = { baseMs: 500, capMs: 30_000, stableMs: 60_000 };

export function createWatcher(options: WatcherOptions): Watcher {
  const open = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>();
  const live = new Set<string>();
  let left = 0;
  return {
    follow: (paths) => {
      const all = [...new Set(paths)];
      const wanted = new Set(all.slice(0, maxWatches));
      left = all.length - wanted.size;
      for (const [path, { stop }] of open)
        if (!wanted.has(path)) {
          stop.abort();
          open.delete(path);
        }
      for (const path of wanted) {
        if (open.has(path)) continue;
        const stop = new AbortController();
        open.set(path, { stop, ended: keepWatching(options, { path, live, signal: stop.signal }) });
      }
    },
    isComplete: () => left === 0 && open.keys().every((path) => live.has(path)),
    [Symbol.asyncDispose]: async () => {
      for (const { stop } of open.values()) stop.abort();
      await Promise.all(open.values().map(({ ended }) => ended));
      open.clear();
    },
  };
}

interface Watched {
  readonly path: string;
  /** The collections whose watch is open; kept here. */
  readonly live: Set<string>;
  readonly signal: AbortSignal;
}

async function keepWatching(options: WatcherOptions, watched: Watched): Promise<void> {
  const { clock, random, onError } = options;
  const { signal } = watched;
  const backoff = createBackoff({ clock, random, policy });
  let position = '';
  while (!signal.aborted) {
    const startedMs = clock.monotonic();
    try {
      const end = await watchOnce(options, watched, position);
      position = end.position;
      const isGood = end.failure === null && clock.monotonic() - startedMs >= shortestLifeMs;
      if (isGood) backoff.succeeded();
      else
        await clock.sleep(
          pauseMs(end.failure, () => backoff.failed()),
          signal,
        );
    } catch (error) {
      if (signal.aborted) return;
      position = '';
      const retryInMs = backoff.failed();
      onError(error, retryInMs);
      await clock.sleep(retryInMs, signal).catch(() => undefined);
    }
  }
}

interface End {
  /** Where to go on from; empty: from anew. */
  readonly position: string;
  readonly failure: ApiFailure | null;
}

async function watchOnce(options: WatcherOptions, watched: Watched, known: string): Promise<End> {
  const { api, random, onChange } = options;
  const { path, live, signal } = watched;
  let position = known;
  if (position === '') {
    const start = await api.request(
      { method: 'GET', path: `${path}?limit=1`, accept: metadataOnly.list },
      signal,
    );
    if (!start.ok) return { position, failure: start };
    position = positionOf(start.body);
    if (position === '') return { position, failure: noAnswer('a list without a position') };
    onChange(path, null);
  }
  const query = new URLSearchParams({
    watch: '1',
    allowWatchBookmarks: 'true',
    resourceVersion: position,
    // Scattered, so that not all of them begin again at once.
    timeoutSeconds: String(Math.round(longestLifeSeconds * (1 - random.next() / 4))),
  });
  const request = { path: `${path}?${query.toString()}`, accept: metadataOnly.object };
  const onEvent = (event: WatchEvent): void => {
    position = event.resourceVersion || position;
    if (!event.isBookmark) onChange(path, event);
  };
  live.add(path);
  try {
    const end = await api.watch(request, onEvent, signal);
    if (end.ok) return { position, failure: null };
    // A position that is too old; or a server that was away, and may be behind it now: restored from a backup.
    const isLost = end.status === 410 || end.status === null;
    return { position: isLost ? '' : position, failure: end };
  } finally {
    live.delete(path);
  }
}

function pauseMs(failure: ApiFailure | null, backoffMs: () => number): number {
  if (failure?.code === 'CLUSTER_FORBIDDEN') return forbiddenMs;
  return Math.max(failure?.retryAfterMs ?? 0, backoffMs());
}

/** Empty when that is no list of the API server. */
function positionOf(body: Uint8Array): string {
  try {
    const list = JSON.parse(new TextDecoder().decode(body)) as List | null;
    return list?.metadata?.resourceVersion ?? '';
  } catch {
    return '';
  }
}

interface List {
  readonly metadata?: { readonly resourceVersion?: string };
}
