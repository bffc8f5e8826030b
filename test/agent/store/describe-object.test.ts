// What the planner learns from an object's bytes: what a Job cannot change, its TTL, what a CRD defines.
import test from 'ava';
import { describeObject } from '../../../agent/store/describe-object.ts';
import type { ReleaseObject } from '../../../proto/document.ts';

const object = (group: string, version: string, kind: string, name: string): ReleaseObject => ({
  group,
  version,
  kind,
  name,
  namespace: 'lab',
  scope: 'Namespaced',
  component: 'c',
  digest: 'sha256:',
  size: 2,
});
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const job = (spec: object) => describeObject(object('batch', 'v1', 'Job', 'j'), 3, bytesOf({ spec }));

test('names an object by group, kind, namespace and name, and digests its bytes', (t) => {
  const wanted = describeObject(object('', 'v1', 'ConfigMap', 'settings'), 7, bytesOf({ data: {} }));
  t.is(wanted.id, '/ConfigMap/lab/settings');
  t.is(wanted.index, 7);
  t.is(wanted.digest, 'sha256:7fb9d166d1a15bce0b9f085f3818946fd9297e4513a4a034a0ceb749292b4c0d');
  t.deepEqual([wanted.immutableDigest, wanted.ttlAfterFinishedMs, wanted.defines], [null, null, []]);
});

const immutability = test.macro({
  exec(t, before: object, after: object, same: boolean) {
    t.is(job(before).immutableDigest === job(after).immutableDigest, same);
  },
  title: (name) => name ?? '',
});
test(
  'a Job whose template changed cannot be changed in place',
  immutability,
  { template: { a: 1 } },
  { template: { a: 2 } },
  false,
);
test(
  'a Job whose completions changed cannot be changed in place',
  immutability,
  { completions: 1 },
  { completions: 2 },
  false,
);
test('key order is no change', immutability, { a: 1, b: 2 }, { b: 2, a: 1 }, true);
for (const field of [
  'parallelism',
  'suspend',
  'activeDeadlineSeconds',
  'ttlSecondsAfterFinished',
  'backoffLimit',
])
  test(
    `a Job whose ${field} changed is changed in place`,
    immutability,
    { template: {}, [field]: 1 },
    { template: {} },
    true,
  );

test('reads the TTL of a Job', (t) => {
  t.is(job({ ttlSecondsAfterFinished: 60 }).ttlAfterFinishedMs, 60_000);
  t.is(job({ ttlSecondsAfterFinished: 0 }).ttlAfterFinishedMs, 0);
  t.is(job({}).ttlAfterFinishedMs, null);
});

test('a CRD defines the versions that it serves', (t) => {
  const versions = [
    { name: 'v1', served: true },
    { name: 'v1beta1', served: false },
    { name: 'v2', served: true },
  ];
  const crd = { spec: { group: 'tre.example', names: { kind: 'Project', plural: 'projects' }, versions } };
  const wanted = describeObject(
    object('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition', 'x'),
    0,
    bytesOf(crd),
  );
  t.deepEqual(wanted.defines, ['tre.example/v1/Project', 'tre.example/v2/Project']);
});
