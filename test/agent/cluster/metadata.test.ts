// What is read of an object's metadata: our own entry, the age of it, the end of a Job.
import test from 'ava';
import { readFacts, readFactsPage } from '../../../agent/cluster/metadata.ts';
import { applyPath, collectionPath, groupVersionPath, objectPath } from '../../../agent/cluster/paths.ts';

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const born = '2026-01-01T00:00:10Z';
const later = '2026-01-01T00:00:11Z';
const entry = (facts: object = {}): object => ({
  manager: 'tre-agent',
  operation: 'Apply',
  time: born,
  fieldsV1: { 'f:data': { 'f:a': {} } },
  ...facts,
});
const facts = (managedFields: readonly object[], more: object = {}) =>
  readFacts(bytes({ metadata: { name: 'x', uid: 'u', creationTimestamp: born, managedFields, ...more } }));

test('our entry gives the hash, other entries do not change it', (t) => {
  const alone = facts([entry()]).ownHash;
  t.is(typeof alone, 'string');
  t.is(facts([entry({ manager: 'other' }), entry(), entry({ operation: 'Update' })]).ownHash, alone);
  t.is(facts([entry({ time: later })]).ownHash, alone);
  t.not(facts([entry({ fieldsV1: { 'f:data': { 'f:b': {} } } })]).ownHash, alone);
});

test('no entry of ours, no hash: not of another manager, operation or subresource', (t) => {
  t.is(facts([]).ownHash, null);
  for (const other of [{ manager: 'other' }, { operation: 'Update' }, { subresource: 'status' }])
    t.is(facts([entry(other)]).ownHash, null);
});

test('an entry not younger than the object says that we created it', (t) => {
  t.true(facts([entry()]).createdByUs);
  t.true(facts([entry({ time: '2026-01-01T00:00:09Z' })]).createdByUs);
  t.false(facts([entry({ time: later })]).createdByUs);
  t.false(facts([entry({ manager: 'other' })]).createdByUs);
  t.true(facts([]).createdByUs, 'nobody has an entry: an apply without fields leaves none');
});

test('the end of a Job is the time of the entry that has its last condition', (t) => {
  const status = (condition: string): object =>
    entry({
      manager: 'kube-controller-manager',
      subresource: 'status',
      time: later,
      fieldsV1: { 'f:status': { 'f:conditions': { [`k:{"type":"${condition}"}`]: {} } } },
    });
  t.is(facts([entry(), status('Complete')]).finishedAtMs, Date.parse(later));
  t.is(facts([status('Failed')]).finishedAtMs, Date.parse(later));
  t.is(facts([status('Suspended')]).finishedAtMs, null);
});

test('deletion is seen', (t) => {
  t.true(facts([], { deletionTimestamp: later }).deleting);
  t.false(facts([]).deleting);
});

test('of a page only what is asked for is read, and the next page is named', (t) => {
  const item = (name: string, namespace?: string): object => ({
    metadata: { name, uid: name, creationTimestamp: born, ...(namespace && { namespace }) },
  });
  const page = readFactsPage(
    bytes({ metadata: { continue: 'more' }, items: [item('a', 'lab'), item('b', 'lab'), item('a')] }),
    (name, namespace) => name === 'a' && namespace === 'lab',
  );
  t.deepEqual(
    page.items.map(({ name, namespace }) => [name, namespace]),
    [['a', 'lab']],
  );
  t.is(page.next, 'more');
  t.is(readFactsPage(bytes({ metadata: { continue: '' }, items: [] }), () => true).next, null);
  t.deepEqual(readFactsPage(bytes({ metadata: {}, items: null }), () => true).items, []);
});

test('addresses are case-exact and encoded', (t) => {
  const roles = { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'roles' };
  t.is(
    objectPath(roles, { namespace: 'lab', name: 'MyTeam:Admin/x' }),
    '/apis/rbac.authorization.k8s.io/v1/namespaces/lab/roles/MyTeam%3AAdmin%2Fx',
  );
  t.is(collectionPath({ group: '', version: 'v1', plural: 'pods' }), '/api/v1/pods');
  t.is(groupVersionPath('apps', 'v1'), '/apis/apps/v1');
  t.is(
    applyPath({ ...roles, plural: 'clusterroles' }, { namespace: null, name: 'a' }, true),
    '/apis/rbac.authorization.k8s.io/v1/clusterroles/a?fieldManager=tre-agent&force=true',
  );
});
