// The planner's rules one by one: who owns an object, what waits for what, what is taken back and what is kept.
import test from 'ava';
import { plan } from '../../../agent/plan/plan.ts';
import type { Plan, Step } from '../../../agent/plan/step.ts';
import type { LiveObject, Observed, Wanted } from '../../../agent/plan/world.ts';
import { emptyWorld, thing, wanted, withLive, withOwned, withRow } from '../../support/planner-world.ts';

const lab = thing('Namespace lab');
const settings = thing('ConfigMap lab/settings');
const portal = thing('Deployment lab/portal');
const definition = thing('CustomResourceDefinition projects.tre.example');
const project = thing('Project lab/alpha');
const volume = thing('PersistentVolumeClaim lab/data');
const job = thing('Job lab/setup', { ttlAfterFinishedMs: 60_000 });
/** The namespace is there, made by somebody else. */
const home = withLive(emptyWorld(), lab, { uid: 'theirs' });
const ours = withOwned(emptyWorld(), lab);
const intended = (observed: Observed, ...objects: (typeof lab)[]): Observed =>
  objects.reduce(
    (world, one) => withRow(world, one, { uid: null, appliedDigest: null, ownHash: null }),
    observed,
  );

function line(step: Step): string {
  switch (step.kind) {
    case 'intend':
      return `intend ${step.objects.map(({ name }) => name).join(' ')}`;
    case 'apply':
      return `${step.reason}${step.uid === null ? '' : '!'} ${step.object.name}`;
    case 'delete':
      return `${step.reason} ${step.object.name} ${step.uid}`;
    case 'withdraw':
      return `withdraw ${step.object.name}`;
    default:
      return `${step.kind} ${step.id}`;
  }
}
const summary = (result: Plan): string =>
  [
    ...result.steps.map(line),
    ...result.waiting.map(({ id, code }) => `${code} ${id.split('/').at(-1)}`),
  ].join(', ') || 'applied';

type Rule = readonly [name: string, goal: Wanted, observed: Observed, expected: string];

/** `create`: not forced; `update!`: forced. */
function rules(table: readonly Rule[]): void {
  for (const [name, goal, observed, expected] of table)
    test(name, (t) => t.is(summary(plan(goal, observed)), expected));
}

test('nothing wanted is said and nothing done', (t) => {
  const result = plan(null, withOwned(home, settings));
  t.deepEqual(result.conditions, [{ code: 'NothingDesired', count: 0 }]);
  t.deepEqual([result.steps.length, result.applied], [0, false]);
});

test('an unreachable cluster gives its condition and no steps', (t) => {
  const result = plan(wanted([lab]), {
    ...emptyWorld(),
    cluster: { ok: false, code: 'CLUSTER_UNREACHABLE', detail: '', retryAfterMs: null },
  });
  t.deepEqual(result.conditions, [{ code: 'ClusterUnreachable', count: 0 }]);
  t.deepEqual([result.steps.length, result.applied], [0, false]);
});

test('another cluster than the document names gives no steps', (t) => {
  const elsewhere = plan({ ...wanted([lab]), clusterUid: 'cluster-2' }, emptyWorld());
  t.deepEqual([elsewhere.conditions, elsewhere.steps.length], [[{ code: 'ClusterMismatch', count: 0 }], 0]);
  t.is(summary(plan({ ...wanted([lab]), clusterUid: 'cluster-1' }, emptyWorld())), 'intend lab');
});

// biome-ignore format: a table
rules([
  ['an empty release over an empty inventory is applied', wanted([]), emptyWorld(), 'applied'],
  ['rows are written before anything is sent', wanted([lab, settings]), withOwned(emptyWorld(), lab), 'intend settings'],
  ['a row of another release is renewed first', wanted([lab]), withRow(ours, lab, { releaseDigest: 'other' }), 'intend lab'],
  ['a row with another index is renewed first', wanted([settings, lab]), intended(home, settings), 'intend lab'],
  ['a kept row is taken up again', wanted([lab]), withRow(ours, lab, { kept: true }), 'intend lab'],
]);

const unseen = (observed: Observed): Observed => ({ ...observed, forbidden: new Set(['/ConfigMap']) });
// biome-ignore format: a table
rules([
  ['a kind that may not be looked at waits, the others go on', wanted([settings, portal]), unseen(intended(home, settings, { ...portal, index: 1 })), 'create portal, ClusterForbidden settings'],
  ['nothing is forgotten that may not be looked at', wanted([lab]), unseen(withLive(withOwned(ours, settings), settings, null)), 'ClusterForbidden settings'],
]);

// biome-ignore format: a table
rules([
  ['only the lowest rank moves', wanted([portal, lab]), intended(emptyWorld(), { ...portal, index: 0 }, { ...lab, index: 1 }), 'create lab, WaitingForNamespace portal'],
  ['objects wait for a namespace that is being deleted', wanted([settings]), withLive(intended(home, settings), lab, { deleting: true }), 'WaitingForNamespace settings'],
  ['a custom object waits for its kind', wanted([project]), intended(home, project), 'WaitingForKind alpha'],
  ['an absent object that was never made is created', wanted([settings]), intended(home, settings), 'create settings'],
  ['an object of ours that is in place needs nothing', wanted([settings]), withOwned(home, settings), 'applied'],
  ['new bytes are applied with force', wanted([{ ...settings, digest: '2' }]), withOwned(home, settings), 'update! settings'],
  ['another version of the API is the same object', wanted([{ ...settings, version: 'v1', digest: '2' }]), withRow(withOwned(home, settings), settings, { version: 'v1beta1' }), 'update! settings'],
  ['a foreign edit is repaired with force', wanted([settings]), withLive(withOwned(home, settings), settings, { ownHash: 'x' }), 'repair! settings'],
  ['cleared managedFields are repaired with force', wanted([settings]), withLive(withOwned(home, settings), settings, { ownHash: null }), 'repair! settings'],
  ['an object deleted by hand is made again without force', wanted([settings]), withLive(withOwned(home, settings), settings, null), 'repair settings'],
  ['an object that is being deleted is waited for', wanted([settings]), withLive(withOwned(home, settings), settings, { deleting: true }), 'WaitingForDeletion settings'],
]);

const met = (facts: { creating: boolean }, live: Partial<LiveObject> = {}, around = home): Observed =>
  withLive(withRow(around, settings, { uid: null, appliedDigest: null, ownHash: null, ...facts }), settings, {
    uid: 'other',
    ...live,
  });
// biome-ignore format: a table
rules([
  ['a create whose answer was lost is resumed with force', wanted([settings]), met({ creating: true }), 'resume! settings'],
  ['an object that was there before is not ours, also when our manager has an entry', wanted([settings]), met({ creating: false }), 'ObjectNotOurs settings'],
  ['an object met by a create is given back', wanted([settings]), met({ creating: true }, { createdByUs: false }), 'withdraw settings'],
  ['an object given back is left alone', wanted([settings]), met({ creating: true }, { createdByUs: false, ownHash: null }), 'ObjectNotOurs settings'],
  ['an object with another UID than ours is not ours', wanted([settings]), withLive(withOwned(home, settings), settings, { uid: 'other' }), 'ObjectNotOurs settings'],
]);

const jobHome = withOwned(home, job);
const noJob = withLive(jobHome, job, null);
const endedAfter = (ms: number): Observed => ({
  ...noJob,
  jobEndedAfter: new Map([[job.id, noJob.now - ms]]),
});
const leaving = (ms: number): Observed => ({
  ...withLive(jobHome, job, { deleting: true }),
  jobEndedAfter: endedAfter(ms).jobEndedAfter,
});
// biome-ignore format: a table
rules([
  ['a Job whose template changed is deleted first', wanted([{ ...job, digest: '2', immutableDigest: 't2' }]), jobHome, `recreate setup uid-${job.id}`],
  ['and then created', wanted([{ ...job, digest: '2', immutableDigest: 't2' }]), noJob, 'create setup'],
  ['a Job of the same template is updated in place', wanted([{ ...job, digest: '2' }]), jobHome, 'update! setup'],
  ['a Job that its TTL removed is in place', wanted([job]), endedAfter(60_000), 'applied'],
  ['a Job that its TTL is removing is in place', wanted([job]), leaving(60_000), 'applied'],
  ['a Job that is deleted before its time is waited for', wanted([job]), leaving(30_000), 'WaitingForDeletion setup'],
  ['a changed Job waits until its TTL has removed the old one', wanted([{ ...job, digest: '2' }]), leaving(60_000), 'WaitingForDeletion setup'],
  ['a Job that is gone since before we looked is in place', wanted([job]), noJob, 'applied'],
  ['a Job that is gone, and a clock that was set back, is in place', wanted([job]), endedAfter(-1), 'applied'],
  ['a Job that went too early was deleted by hand', wanted([job]), endedAfter(30_000), 'repair setup'],
  ['a Job without TTL that is gone was deleted by hand', wanted([{ ...job, ttlAfterFinishedMs: null }]), noJob, 'repair setup'],
]);

const attempt = (
  code: 'OBJECT_REFUSED' | 'OBJECT_CONFLICT' | 'NOT_FOUND',
  digest: string,
  inMs: number,
): Observed => {
  const world = intended(home, settings);
  return {
    ...world,
    attempts: new Map([[settings.id, { digest, count: 1, code, notBefore: world.now + inMs }]]),
  };
};
// biome-ignore format: a table
rules([
  ['a refused object waits under its own condition', wanted([settings]), attempt('OBJECT_REFUSED', '1', 1), 'ObjectRefused settings'],
  ['an object that others change again and again waits under its own condition', wanted([settings]), attempt('OBJECT_CONFLICT', '1', 1), 'ObjectConflict settings'],
  ['any other failure waits for its next try', wanted([settings]), attempt('NOT_FOUND', '1', 1), 'WaitingToRetry settings'],
  ['a failure is over when its time has come', wanted([settings]), attempt('OBJECT_REFUSED', '1', 0), 'create settings'],
  ['a failure that holds longer than any does was written by a clock that was ahead', wanted([settings]), attempt('OBJECT_REFUSED', '1', 86_400_000), 'create settings'],
  ['a failure of other bytes does not count', wanted([settings]), attempt('OBJECT_REFUSED', '2', 1), 'create settings'],
]);

const crowd = withOwned(emptyWorld(), lab, { ...settings, index: 1 }, portal, volume, definition);
// biome-ignore format: a table
rules([
  ['pruning starts with the highest rank', wanted([lab]), crowd, `keep ${volume.id}, keep ${definition.id}, prune portal uid-${portal.id}`],
  ['nothing is pruned while something is still to be applied', wanted([lab, { ...settings, digest: '2' }]), crowd, 'update! settings'],
  ['nothing is pruned while something waits', wanted([lab, project]), intended(crowd, { ...project, index: 1 }), 'WaitingForKind alpha'],
  ['a lower rank stays until the higher one is gone', wanted([lab]), withLive(withOwned(ours, settings, portal), portal, { deleting: true }), 'WaitingForDeletion portal'],
  ['a row whose object is gone is forgotten', wanted([lab]), withLive(withOwned(ours, settings), settings, null), `forget ${settings.id}`],
  ["a row whose object is somebody else's is forgotten", wanted([lab]), withLive(withOwned(ours, settings), settings, { uid: 'other' }), `forget ${settings.id}`],
  ['a row that was never created is forgotten', wanted([lab]), met({ creating: false }, {}, ours), `forget ${settings.id}`],
  ['a lost create that nobody wants any more is deleted', wanted([lab]), met({ creating: true }, {}, ours), 'prune settings other'],
  ['an object met by a create is given back before its row goes', wanted([lab]), met({ creating: true }, { createdByUs: false }, ours), 'withdraw settings'],
]);

const allowVolume = { group: '', kind: 'PersistentVolumeClaim', namespace: 'lab', name: 'data' };
const allowLab = { group: '', kind: 'Namespace', namespace: null, name: null };
// biome-ignore format: a table
rules([
  ['what may hold data is deleted with an allowance', wanted([lab], [allowVolume]), withOwned(ours, volume), `prune data uid-${volume.id}`],
  ['an allowance for another name allows nothing', wanted([lab], [{ ...allowVolume, name: 'other' }]), withOwned(ours, volume), `keep ${volume.id}`],
  ['an allowed kept object is deleted', wanted([lab], [allowVolume]), withRow(withOwned(ours, volume), volume, { kept: true }), `prune data uid-${volume.id}`],
  ['an allowed namespace is deleted when it is empty of ours', wanted([], [allowLab]), ours, `prune lab uid-${lab.id}`],
  ['a namespace with a kept object is kept, allowance or not', wanted([], [allowLab]), withOwned(ours, volume), `keep ${lab.id}, keep ${volume.id}`],
  ['a namespace with a wanted object is kept, allowance or not', wanted([settings], [allowLab]), withOwned(ours, settings), `keep ${lab.id}`],
]);

test('a row whose kind nobody serves now stays until its object is seen to be gone', (t) => {
  const hidden = withLive(withOwned(ours, project), project, null);
  const result = plan(wanted([lab]), hidden);
  t.deepEqual([result.steps, result.applied], [[], true]);
  t.deepEqual(result.conditions, [{ code: 'WaitingForKind', count: 1 }]);
  const elsewhere = new Map(hidden.served).set('tre.example/v2/Project', 'Namespaced' as const);
  t.is(summary(plan(wanted([lab]), { ...hidden, served: elsewhere })), `forget ${project.id}`);
});

test('a row of a kind that nobody serves is forgotten when nothing was ever sent', (t) => {
  t.is(summary(plan(wanted([lab]), intended(ours, project))), `forget ${project.id}`);
});

test('a kept object is applied and counted', (t) => {
  const result = plan(wanted([lab]), withRow(withOwned(ours, volume), volume, { kept: true }));
  t.true(result.applied);
  t.deepEqual(result.conditions, [{ code: 'ObjectKept', count: 1 }]);
});

test('a repair is drift, an update is not', (t) => {
  const repair = plan(wanted([settings]), withLive(withOwned(home, settings), settings, { ownHash: 'x' }));
  t.deepEqual([repair.drifted, repair.applied], [true, false]);
  t.false(plan(wanted([{ ...settings, digest: '2' }]), withOwned(home, settings)).drifted);
});

test('counts what is in place', (t) => {
  const result = plan(
    wanted([lab, settings, portal]),
    intended(withOwned(ours, { ...settings, index: 1 }), { ...portal, index: 2 }),
  );
  t.is(result.appliedCount, 2);
  t.deepEqual(result.conditions, [{ code: 'Progressing', count: 1 }]);
});
