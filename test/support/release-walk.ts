// Walks one site from release to release and checks after every step, on the real API server: every asked field is
// live, what was removed is gone or kept, and the agent sent requests about exactly the objects that differ between
// the two releases. Invariant: expectations come from the releases alone, never from the agent's own books.
// Called by the system tests that tell a site's whole story.
import type { ExecutionContext } from 'ava';
import { type Difference, differences, isDroppedEmpty } from './asked-is-live.ts';
import { inSeconds } from './eventually.ts';
import { nameOf } from './live-objects.ts';
import type { AskedObject, PublishedRelease, RunningFleet, SiteDetail } from './running-fleet.ts';

export interface StepExpectations {
  /** Objects that must be deleted and made anew, as `Job portal/setup`. */
  readonly recreated?: readonly string[];
  /** Empty maps and lists that the API server does not keep, as `Role portal/reader /rules/0/resourceNames`. */
  readonly dropped?: readonly string[];
}

export interface ReleaseWalk {
  /** Assigns the release, waits until it is applied and checks everything. Answers what the operator sees then. */
  to(release: PublishedRelease, expected?: StepExpectations): Promise<SiteDetail>;
  /** Objects that no release names any more and that are kept, as `PersistentVolumeClaim ad/data`. */
  readonly kept: () => readonly string[];
}

/** Kinds that may hold data. */
const keptKinds: ReadonlySet<string> = new Set([
  'CustomResourceDefinition',
  'Namespace',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'StorageClass',
]);

export function releaseWalk(t: ExecutionContext, fleet: RunningFleet): ReleaseWalk {
  let before: readonly AskedObject[] = [];
  let kept: readonly AskedObject[] = [];
  return {
    kept: () => kept.map(nameOf),
    to: async ({ release, objects }, { recreated = [], dropped = [] } = {}) => {
      const applied = changed(objects, [...before, ...kept]);
      const removed = missing(before, objects);
      kept = [...missing(kept, objects), ...removed.filter(({ kind }) => keptKinds.has(kind))];
      const deleted = [
        ...missing(removed, kept),
        ...objects.filter((one) => recreated.includes(nameOf(one))),
      ];
      before = objects;
      await fleet.changes.mark();
      const startedAtMs = performance.now();
      const facts = await fleet.applied(await fleet.assign(release));
      const took = inSeconds(performance.now() - startedAtMs);
      t.log(`${release}: ${applied.length} to apply, ${deleted.length} to delete, ${took}`);
      const step = { fleet, release };
      await checkChanges(t, step, { patch: applied, delete: deleted });
      await checkLive(t, step, objects, dropped);
      await checkPresence(t, step, { gone: missing(removed, kept), kept });
      return facts;
    },
  };
}

interface Step {
  readonly fleet: RunningFleet;
  readonly release: string;
}

/** Those of `after` that `before` does not have with the same bytes. */
function changed(after: readonly AskedObject[], before: readonly AskedObject[]): readonly AskedObject[] {
  const digests = new Map(before.map((object) => [nameOf(object), object.digest]));
  return after.filter((object) => digests.get(nameOf(object)) !== object.digest);
}

/** Those of `before` that `after` does not name. */
function missing(before: readonly AskedObject[], after: readonly AskedObject[]): readonly AskedObject[] {
  const names = new Set(after.map(nameOf));
  return before.filter((object) => !names.has(nameOf(object)));
}

async function checkChanges(
  t: ExecutionContext,
  { fleet, release }: Step,
  expected: Readonly<Record<'patch' | 'delete', readonly AskedObject[]>>,
): Promise<void> {
  const seen = await fleet.changes.mutations();
  for (const verb of ['patch', 'delete'] as const) {
    const paths = await Promise.all(expected[verb].map((object) => fleet.live.pathOf(object)));
    t.deepEqual(pathsOf(seen, verb), sorted(paths), `${release}: every ${verb}`);
  }
  const others = seen.filter(({ verb }) => verb !== 'patch' && verb !== 'delete');
  t.deepEqual(others, [], `${release}: no other kind of change`);
}

function pathsOf(
  mutations: readonly { readonly verb: string; readonly path: string }[],
  wanted: string,
): readonly string[] {
  return sorted(new Set(mutations.filter(({ verb }) => verb === wanted).map(({ path }) => path)));
}

function sorted(texts: Iterable<string>): readonly string[] {
  return [...texts].map(decodeURIComponent).sort();
}

async function checkLive(
  t: ExecutionContext,
  { fleet, release }: Step,
  objects: readonly AskedObject[],
  dropped: readonly string[],
): Promise<void> {
  const found: (Difference & { readonly name: string })[] = [];
  for (const object of objects) {
    const live = await fleet.live.get(object);
    found.push(
      ...differences(object.asked, live).map((one) => ({ ...one, name: `${nameOf(object)} ${one.pointer}` })),
    );
  }
  t.deepEqual(
    found.filter((one) => !isDroppedEmpty(one)),
    [],
    `${release}: every asked field is live`,
  );
  t.deepEqual(
    found
      .filter(isDroppedEmpty)
      .map(({ name }) => name)
      .sort(),
    [...dropped].sort(),
    `${release}: dropped`,
  );
}

async function checkPresence(
  t: ExecutionContext,
  { fleet, release }: Step,
  { gone, kept }: Readonly<Record<'gone' | 'kept', readonly AskedObject[]>>,
): Promise<void> {
  const isLive = async (object: AskedObject): Promise<boolean> =>
    (await fleet.live.get(object)) !== undefined;
  for (const object of gone) t.false(await isLive(object), `${release}: ${nameOf(object)} is gone`);
  for (const object of kept) t.true(await isLive(object), `${release}: ${nameOf(object)} is kept`);
  const { objects } = await fleet.site();
  const reported = objects.flatMap(({ code, object }) =>
    code === 'ObjectKept' && object !== null ? nameOf(object) : [],
  );
  t.deepEqual(reported.sort(), kept.map(nameOf).sort(), `${release}: what the operator sees of kept objects`);
}
