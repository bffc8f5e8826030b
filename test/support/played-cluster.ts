// An API server of a few lines for tests of a trial's patience: it stores what is applied, plays a status for each pod by
// its age, and refuses what a test wants refused. What a trial really shows, the system tests try on a real node.
import type { ApiAnswer, ApiFailure, ApiRequest, ClusterApi } from '../../agent/cluster/api.ts';
import type { ManualClock } from './manual-clock.ts';

export interface PlayedCluster extends ClusterApi {
  /** `METHOD path` of every request, without query. */
  readonly requests: readonly string[];
  /** Paths of what is there now. */
  readonly objects: () => readonly string[];
  /** Puts something there that the agent did not make. */
  readonly put: (path: string, object: object) => void;
}

export interface Play {
  readonly clock: ManualClock;
  /** The status of a pod. */
  readonly status: (name: string, ageMs: number) => object;
  /** The refusal of a request, if it is to be refused. */
  readonly refuse?: (request: ApiRequest & { readonly place: string }) => ApiAnswer | undefined;
  /** Never answers what this says yes to; `deaf`: not even when it is told to give up. */
  readonly hangs?: (path: string) => boolean;
  readonly deaf?: (path: string) => boolean;
}

const podPath = /^\/api\/v1\/namespaces\/[^/]+\/pods\/([^/]+)$/;

export function playedCluster({
  clock,
  status,
  refuse = () => undefined,
  hangs = () => false,
  deaf = () => false,
}: Play): PlayedCluster {
  const objects = new Map<string, { readonly object: object; readonly sinceMs: number }>();
  const requests: string[] = [];
  const shown = (path: string) => {
    const { object, sinceMs } = objects.get(path) ?? { object: {}, sinceMs: 0 };
    const name = podPath.exec(path)?.[1];
    return name === undefined ? object : { ...object, status: status(name, clock.monotonic() - sinceMs) };
  };
  const answer = (request: ApiRequest): ApiAnswer => {
    const [place = '', query = ''] = request.path.split('?');
    const refusal = refuse({ ...request, place });
    if (refusal !== undefined) return refusal;
    if (request.method === 'PATCH') {
      const object = JSON.parse(Buffer.from(request.body?.bytes ?? []).toString('utf8')) as object;
      if (!query.includes('dryRun')) objects.set(place, { object, sinceMs: clock.monotonic() });
      return success(object, 201);
    }
    if (place.endsWith('/pods'))
      return success({ items: [...objects.keys()].filter((path) => podPath.test(path)).map(shown) });
    if (!objects.has(place)) return failure(404);
    if (request.method === 'GET') return success(shown(place));
    objects.delete(place);
    return success({});
  };
  return {
    requests,
    objects: () => [...objects.keys()],
    put: (path, object) => void objects.set(path, { object, sinceMs: clock.monotonic() }),
    request: async (request, signal) => {
      signal.throwIfAborted();
      requests.push(`${request.method} ${request.path.split('?')[0]}`);
      if (hangs(request.path)) await clock.sleep(10 ** 9, signal);
      if (deaf(request.path)) await new Promise(() => undefined);
      return answer(request);
    },
  };
}

export function success(body: object, status = 200): ApiAnswer {
  const bytes = Buffer.from(JSON.stringify(body), 'utf8');
  return { ok: true, status, contentType: 'application/json', etag: null, body: bytes };
}

export function failure(status: number, detail = `${status} refused`): ApiAnswer {
  const code = status === 404 ? 'NOT_FOUND' : status === 403 ? 'CLUSTER_FORBIDDEN' : 'OBJECT_REFUSED';
  return { ok: false, status, code, detail, retryAfterMs: null };
}

/** The connection came to nothing. */
export const noAnswer: ApiFailure = {
  ok: false,
  status: null,
  code: 'CLUSTER_UNREACHABLE',
  detail: 'no answer',
  retryAfterMs: null,
};
