// What becomes of objects that are ours and no longer wanted: deleted in the reverse order of applying, kept when
// their kind may hold data and the signed release does not allow its deletion, forgotten when they are gone: seen to be
// gone, that is, and not merely out of sight while an API server starts or a definition is missing.
// Only what is ours by UID is ever deleted. Called by plan.ts, once nothing wanted is left to do.
import type { PruneAllowance } from '../../proto/document.ts';
import { heldByAttempt } from './bring-forward.ts';
import { rankOf } from './rank.ts';
import type { Step, Waiting } from './step.ts';
import type { LiveObject, Observed, OwnedObject, Wanted } from './world.ts';

export interface Removal {
  readonly steps: readonly Step[];
  readonly waiting: readonly Waiting[];
  /** Objects that are or will be kept. */
  readonly keptCount: number;
  /** Objects of kinds that nobody serves now: whether they are gone is not known, so their rows stay. */
  readonly unseenCount: number;
}

/** All rows of the inventory that `wanted` does not name. */
export function takeBack(wanted: Wanted, observed: Observed): Removal {
  const names = new Set(wanted.objects.map(({ id }) => id));
  const rows = [...observed.inventory.values()].filter(({ id }) => !names.has(id)).sort(byId);
  const inUse = new Set(wanted.objects.map(({ namespace }) => namespace));
  for (const row of rows)
    if (isLiveOurs(row, observed) && holdsData(row, wanted.prune)) inUse.add(row.namespace);

  const local: Step[] = [];
  const remote: { readonly rank: number; readonly step?: Step; readonly waiting?: Waiting }[] = [];
  let keptCount = 0;
  let unseenCount = 0;
  for (const row of rows) {
    const mayHoldData = holdsData(row, wanted.prune) || (isNamespace(row) && inUse.has(row.name));
    const fate = fateOf(row, mayHoldData, observed);
    if (fate.kind === 'kept') keptCount += 1;
    if (fate.kind === 'unseen') unseenCount += 1;
    if (fate.kind === 'local') local.push(fate.step);
    if (fate.kind === 'local' && fate.step.kind === 'keep') keptCount += 1;
    if (fate.kind === 'step') remote.push({ rank: rankOf(row), step: fate.step });
    if (fate.kind === 'waiting') remote.push({ rank: rankOf(row), waiting: fate.waiting });
  }
  // Lower ranks stay until the higher ones are gone: a policy outlives the pods that it fences in.
  const highest = Math.max(...remote.map(({ rank }) => rank));
  const now = remote.filter(({ rank }) => rank === highest);
  const steps = [...local, ...now.flatMap(({ step }) => step ?? [])];
  return { steps, waiting: now.flatMap(({ waiting }) => waiting ?? []), keptCount, unseenCount };
}

type Fate =
  | { readonly kind: 'kept' }
  | { readonly kind: 'unseen' }
  | { readonly kind: 'local'; readonly step: Step }
  | { readonly kind: 'step'; readonly step: Step }
  | { readonly kind: 'waiting'; readonly waiting: Waiting };

function fateOf(row: OwnedObject, mayHoldData: boolean, observed: Observed): Fate {
  const { id } = row;
  if (observed.forbidden.has(`${row.group}/${row.kind}`))
    return { kind: 'waiting', waiting: { id, code: 'ClusterForbidden', until: null } };
  const live = observed.live.get(id);
  if (live === undefined && mayExist(row) && !isServed(row, observed)) return { kind: 'unseen' };
  const digest = row.appliedDigest ?? '';
  const held = heldByAttempt(id, digest, observed);
  if (live === undefined || !isOurs(row, live)) {
    const withdraws = live !== undefined && row.creating && live.ownHash !== null && !live.deleting;
    if (!withdraws) return { kind: 'local', step: { kind: 'forget', id } };
    return held?.kind === 'waiting'
      ? held
      : { kind: 'step', step: { kind: 'withdraw', object: row, uid: live.uid, digest } };
  }
  if (mayHoldData) return row.kept ? { kind: 'kept' } : { kind: 'local', step: { kind: 'keep', id } };
  if (live.deleting) return { kind: 'waiting', waiting: { id, code: 'WaitingForDeletion', until: null } };
  if (held?.kind === 'waiting') return held;
  return { kind: 'step', step: { kind: 'delete', object: row, uid: live.uid, reason: 'prune', digest } };
}

function mayExist({ uid, creating }: OwnedObject): boolean {
  return uid !== null || creating;
}

/** At whatever version: one list shows the objects of all of them. */
function isServed({ group, kind }: OwnedObject, { served }: Observed): boolean {
  return served.keys().some((key) => key.startsWith(`${group}/`) && key.endsWith(`/${kind}`));
}

function isLiveOurs(row: OwnedObject, observed: Observed): boolean {
  const live = observed.live.get(row.id);
  return live !== undefined && isOurs(row, live);
}

function isOurs(row: OwnedObject, live: LiveObject): boolean {
  return row.uid === live.uid || (row.creating && live.createdByUs);
}

const keptKinds: ReadonlySet<string> = new Set([
  '/Namespace',
  '/PersistentVolume',
  '/PersistentVolumeClaim',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'storage.k8s.io/StorageClass',
]);

function holdsData(row: OwnedObject, allowances: readonly PruneAllowance[]): boolean {
  if (!keptKinds.has(`${row.group}/${row.kind}`)) return false;
  return !allowances.some(
    ({ group, kind, namespace, name }) =>
      group === row.group &&
      kind === row.kind &&
      (namespace === null || namespace === row.namespace) &&
      (name === null || name === row.name),
  );
}

function isNamespace({ group, kind }: OwnedObject): boolean {
  return group === '' && kind === 'Namespace';
}

function byId(a: OwnedObject, b: OwnedObject): number {
  return a.id < b.id ? -1 : 1;
}
