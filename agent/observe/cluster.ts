// One look at the cluster: is it there and the same as before, what does it serve, and what became of the objects that
// are wanted or ours. Reads only, and never a whole object but a CustomResourceDefinition that is not yet known to
// serve. Invariant: either everything asked for was answered, or the look has failed with one code: a plan made from
// half a look would delete or create wrongly. A kind that nobody answers for counts as not served, which the planner does
// not take for absent: the server behind it may be one that we have to repair. Called by agent/reconcile.ts.
import type { Clock } from '../../daemon/clock.ts';
import type { ErrorCode } from '../../proto/errors.ts';
import type { InventoryStore } from '../act/ports.ts';
import type { ApiFailure, ClusterApi } from '../cluster/api.ts';
import type { Discovery } from '../cluster/discovery.ts';
import { metadataOnly, readFacts } from '../cluster/metadata.ts';
import { objectPath } from '../cluster/paths.ts';
import type { ClusterState, Observed, Wanted } from '../plan/world.ts';
import { confirmDefinitions } from './definitions.ts';
import { jobMemory } from './job-memory.ts';
import { readLive } from './live.ts';
import { kindsOutside, namesByKind, servedKindsOf } from './names.ts';

export interface ObserverOptions {
  readonly api: ClusterApi;
  readonly discovery: Discovery;
  readonly store: Pick<InventoryStore, 'inventory' | 'attempts'>;
  readonly clock: Clock;
}

export interface Observer {
  /** Throws the signal's reason when it is aborted; everything else is in the result. */
  readonly observe: (wanted: Wanted | null, signal: AbortSignal) => Promise<Observed>;
}

export function createObserver({ api, discovery, store, clock }: ObserverOptions): Observer {
  const jobs = jobMemory();
  const confirmed = new Set<string>();
  return {
    observe: async (wanted, signal) => {
      const inventory = store.inventory();
      const books = { inventory, attempts: store.attempts() };
      const failed = ({ code, detail, retryAfterMs }: ApiFailure): Observed => ({
        ...books,
        now: clock.now(),
        cluster: { ok: false, code: codeOfLook(code), detail, retryAfterMs },
        served: new Map(),
        forbidden: new Set(),
        live: new Map(),
        jobEndedAfter: jobs.endedAfter,
      });
      const cluster = await readCluster(api, discovery, signal);
      if (!cluster.ok) return failed(cluster);

      const names = namesByKind(wanted, inventory);
      if (discovery.uncertainGroups.has('')) return failed(failing('nobody answers for the core group'));
      const kinds = kindsOutside(discovery.uncertainGroups, discovery.kinds);
      const found = await readLive(api, { names, kinds }, signal);
      if (!found.ok) return failed(found);
      const subject = { api, wanted, live: found.live, kinds, confirmed };
      const unconfirmed = await confirmDefinitions(subject, signal);
      if (!unconfirmed.ok) return failed(unconfirmed);

      const now = clock.now();
      jobs.remember(found.live, now);
      const served = servedKindsOf(names, kinds, found.vanished.union(unconfirmed.kinds));
      return {
        ...books,
        now,
        cluster: cluster.state,
        served,
        forbidden: found.forbidden,
        live: found.live,
        jobEndedAfter: jobs.endedAfter,
      };
    },
  };
}

type ClusterRead = { readonly ok: true; readonly state: ClusterState } | ApiFailure;

/** First one small question: a refused identity or a dead server is noticed with one request, not with forty. */
async function readCluster(api: ClusterApi, discovery: Discovery, signal: AbortSignal): Promise<ClusterRead> {
  const path = objectPath(
    { group: '', version: 'v1', plural: 'namespaces' },
    { namespace: null, name: 'kube-system' },
  );
  const home = await api.request({ method: 'GET', path, accept: metadataOnly.object }, signal);
  if (!home.ok) return home;
  const [version, failure] = await Promise.all([
    api.request({ method: 'GET', path: '/version' }, signal),
    discovery.read(signal),
  ]);
  if (!version.ok) return version;
  if (failure !== null) return failure;
  const { gitVersion } = JSON.parse(new TextDecoder().decode(version.body)) as {
    readonly gitVersion: string;
  };
  return { ok: true, state: { ok: true, uid: readFacts(home.body).uid, version: gitVersion } };
}

/** A look asks for what every API server has; whatever else it answers, it does not work. */
function codeOfLook(code: ErrorCode): ErrorCode {
  return code.startsWith('CLUSTER_') ? code : 'CLUSTER_FAILING';
}

function failing(detail: string): ApiFailure {
  return { ok: false, status: null, code: 'CLUSTER_FAILING', detail, retryAfterMs: null };
}
