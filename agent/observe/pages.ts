// One list, page by page, of which only what `read` makes of each page is kept. A page token may expire under way: then
// the list begins again, a few times. Called by live.ts and by the looks at health.
import type { JsonObject } from '../../proto/strict-json.ts';
import type { ApiFailure, ClusterApi } from '../cluster/api.ts';

export interface Pages<T> {
  /** Without query, or with one that selects. */
  readonly path: string;
  readonly accept?: string;
  readonly limit: number;
  readonly read: (body: Uint8Array) => Page<T>;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Token of the next page, null for the last one. */
  readonly next: string | null;
}

const maxRestarts = 2;

export async function readPages<T>(
  api: ClusterApi,
  { path, accept, limit, read }: Pages<T>,
  signal: AbortSignal,
): Promise<readonly T[] | ApiFailure> {
  let found: T[] = [];
  let next: string | null = null;
  for (let restarts = 0; ; ) {
    const query = new URLSearchParams({ limit: String(limit), ...(next !== null && { continue: next }) });
    const full = `${path}${path.includes('?') ? '&' : '?'}${query.toString()}`;
    const answer = await api.request(
      { method: 'GET', path: full, ...(accept !== undefined && { accept }) },
      signal,
    );
    if (answer.ok) {
      const page = read(answer.body);
      found = found.concat(page.items);
      next = page.next;
      if (next === null) return found;
    } else {
      if (answer.status !== 410 || restarts === maxRestarts) return answer;
      restarts += 1;
      found = [];
      next = null;
    }
  }
}

/** A list that is none, or holds what is no object. */
export class Garbled extends Error {
  override readonly name = 'Garbled';
}

/** What is kept of a page of objects: `factsOf` of each. The reader throws Garbled. */
export function itemsOf<T, R>(factsOf: (item: T) => R): (body: Uint8Array) => Page<R> {
  return (body) => {
    try {
      const list = JSON.parse(decoder.decode(body)) as {
        readonly metadata?: { readonly continue?: string };
        readonly items?: readonly T[] | null;
      };
      // Null for an empty list of some servers, but never left out.
      if (list.items === undefined) throw new TypeError('no items');
      return { items: (list.items ?? []).map(factsOf), next: list.metadata?.continue || null };
    } catch (cause) {
      throw new Garbled('the answer is not a list of Kubernetes objects', { cause });
    }
  };
}

/** One object; throws Garbled. */
export function objectOf(body: Uint8Array): JsonObject {
  try {
    return JSON.parse(decoder.decode(body)) as JsonObject;
  } catch (cause) {
    throw new Garbled('the answer is not a Kubernetes object', { cause });
  }
}

const decoder = new TextDecoder();
