// What a step does to the world, for the laws of the planner: plan, simulate, plan again ends in the wanted state.
// PURE. A model of the API server and of the inventory together, no finer than the planner's own view of them.
// `cut` leaves out what is recorded after the server has answered, as a kill at that moment does. Called by tests.
import { objectId } from '../../proto/document.ts';
import type { ErrorCode } from '../../proto/errors.ts';
import type { Step } from './step.ts';
import type { LiveObject, ObjectId, ObjectName, Observed, OwnedObject, WantedObject } from './world.ts';

export interface SimulateOptions {
  /** True: the process ends after the server has acted and before the answer is recorded. */
  readonly cut?: boolean;
}

/** The world after one step. */
export function simulate(observed: Observed, step: Step, { cut = false }: SimulateOptions = {}): Observed {
  switch (step.kind) {
    case 'intend':
      return {
        ...observed,
        inventory: edited(
          observed.inventory,
          step.objects.map((object) => [object.id, intended(object, observed)]),
        ),
      };
    case 'apply':
      return applied(observed, step, cut);
    case 'withdraw':
      return withLive(observed, step.object.id, (live) => ({ ...live, ownHash: null }));
    case 'delete':
      return deleted(observed, step.object, step.uid);
    case 'keep':
      return withRow(observed, step.id, (row) => ({ ...row, kept: true }));
    case 'forget':
      return { ...observed, inventory: edited(observed.inventory, [[step.id, undefined]]) };
  }
}

/** The release that a simulated row belongs to: one release of one wanted state is simulated at a time. */
export const simulatedRelease = 'sha256:simulated';

function intended(object: WantedObject, { inventory }: Observed): OwnedObject {
  const { id, index, group, version, kind, namespace, name } = object;
  const fresh = {
    uid: null,
    creating: false,
    appliedDigest: null,
    appliedImmutableDigest: null,
    ownHash: null,
  };
  const place = {
    id,
    group,
    version,
    kind,
    namespace,
    name,
    releaseDigest: simulatedRelease,
    index,
    kept: false,
  };
  return { ...fresh, ...inventory.get(id), ...place };
}

function applied(observed: Observed, step: Step & { readonly kind: 'apply' }, cut: boolean): Observed {
  const { object, uid } = step;
  const { id, digest } = object;
  const live = observed.live.get(id);
  if (uid !== null) {
    if (live?.uid !== uid) return failed(observed, object, 'OBJECT_NOT_OURS');
    const forced = withLive(observed, id, (before) => ({ ...before, ownHash: digest }));
    return cut ? forced : recorded(forced, object, uid);
  }
  const marked = withRow(observed, id, (row) => ({ ...row, creating: true, uid: null }));
  if (live !== undefined) {
    const met = withLive(marked, id, (before) => ({ ...before, ownHash: digest, createdByUs: false }));
    return failed(met, object, 'OBJECT_NOT_OURS');
  }
  if (!hasHome(observed, object)) return failed(marked, object, 'NOT_FOUND');
  const created = { uid: `${id}@${observed.now}`, deleting: false, ownHash: digest, createdByUs: true };
  const there = { ...marked, live: edited(marked.live, [[id, created]]), served: servedWith(marked, object) };
  return cut ? there : recorded(there, object, created.uid);
}

function recorded(observed: Observed, object: WantedObject, uid: string): Observed {
  const { id, digest, immutableDigest, index } = object;
  const facts = {
    uid,
    creating: false,
    appliedDigest: digest,
    appliedImmutableDigest: immutableDigest,
    ownHash: digest,
    index,
  };
  const attempts = edited(observed.attempts, [[id, undefined]]);
  return { ...withRow(observed, id, (row) => ({ ...row, ...facts })), attempts };
}

function failed(observed: Observed, { id, digest }: WantedObject, code: ErrorCode): Observed {
  const count = (observed.attempts.get(id)?.count ?? 0) + 1;
  const attempt = { digest, count, code, notBefore: observed.now + 1000 };
  return { ...observed, attempts: edited(observed.attempts, [[id, attempt]]) };
}

function deleted(observed: Observed, object: ObjectName, uid: string): Observed {
  if (observed.live.get(object.id)?.uid !== uid) return observed;
  const goes = (id: ObjectId): boolean =>
    id === object.id ||
    (object.group === '' && object.kind === 'Namespace' && id.split('/')[2] === object.name);
  const live = new Map([...observed.live].filter(([id]) => !goes(id)));
  return { ...observed, live };
}

function hasHome({ live, served }: Observed, { group, version, kind, namespace }: WantedObject): boolean {
  if (!served.has(`${group}/${version}/${kind}`)) return false;
  return (
    namespace === null ||
    live.has(objectId({ group: '', kind: 'Namespace', namespace: null, name: namespace }))
  );
}

function servedWith({ served }: Observed, { defines }: WantedObject): Observed['served'] {
  return edited(
    served,
    defines.map((kind) => [kind, 'Namespaced'] as const),
  );
}

function withRow(observed: Observed, id: ObjectId, change: (row: OwnedObject) => OwnedObject): Observed {
  const row = observed.inventory.get(id);
  return row === undefined
    ? observed
    : { ...observed, inventory: edited(observed.inventory, [[id, change(row)]]) };
}

function withLive(observed: Observed, id: ObjectId, change: (live: LiveObject) => LiveObject): Observed {
  const live = observed.live.get(id);
  return live === undefined ? observed : { ...observed, live: edited(observed.live, [[id, change(live)]]) };
}

/** A copy of the map with some entries set, or removed where the value is undefined. */
function edited<K, V>(
  map: ReadonlyMap<K, V>,
  changes: readonly (readonly [K, V | undefined])[],
): ReadonlyMap<K, V> {
  const copy = new Map(map);
  for (const [key, value] of changes) {
    if (value === undefined) copy.delete(key);
    else copy.set(key, value);
  }
  return copy;
}
