// Lists of whole objects or of their metadata, page by page. Invariant: a list is whole or it is a failure.
// Called by the other files of this room.
import type { ApiFailure, ClusterApi } from '../cluster/api.ts';

export interface Listing {
  readonly path: string;
  readonly accept?: string;
  readonly fieldSelector?: string;
}

const pageSize = 200;

/** All pages. A page token that expires under way fails the list; the next look begins anew. */
export async function listAll<T>(
  api: ClusterApi,
  { path, accept, fieldSelector }: Listing,
  signal: AbortSignal,
): Promise<readonly T[] | ApiFailure> {
  const items: T[] = [];
  for (let next = ''; ; ) {
    const query = new URLSearchParams({
      limit: String(pageSize),
      ...(fieldSelector !== undefined && { fieldSelector }),
      ...(next !== '' && { continue: next }),
    });
    const request = {
      method: 'GET',
      path: `${path}?${query.toString()}`,
      ...(accept !== undefined && { accept }),
    } as const;
    const answer = await api.request(request, signal);
    if (!answer.ok) return answer;
    const page = parsed<Page<T>>(answer.body);
    items.push(...(page.items ?? []));
    next = page.metadata?.continue ?? '';
    if (next === '') return items;
  }
}

export interface Page<T> {
  readonly metadata?: { readonly continue?: string };
  readonly items?: readonly T[];
}

/** What the API server says is taken at its word: the connection is pinned to its CA. */
export function parsed<T>(body: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(body)) as T;
}
