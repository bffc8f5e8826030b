// Documents are closed: what is missing, unknown or out of form is refused with its place.
import test from 'ava';
import { objectId, parseDesired, parseRelease } from '../../proto/document.ts';
import { parseJoinFile, parseKeyset } from '../../proto/join-file.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

const desired = {
  type: 'tre.desired/v1',
  capability: 1,
  siteId: '01936a6e-0000-7000-8000-000000000001',
  clusterUid: null,
  epoch: 1,
  generation: 1,
  previous: null,
  release: { name: 'small-tre', version: '1.0.0', digest },
  parameters: { title: 'Our TRE', replicas: 2, open: false },
  issuedAt: '2026-11-23T10:00:00Z',
  notAfter: '2027-05-22T10:00:00.000Z',
};

const object = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  namespace: null,
  name: 'a',
  scope: 'Cluster',
  component: 'base',
  digest,
  size: 70,
};
const release = {
  type: 'tre.release/v1',
  capability: 1,
  name: 'small-tre',
  version: '1.0.0',
  components: ['base'],
  kubernetes: ['1.36'],
  objects: [object],
  parameters: [],
  health: [],
  images: [{ reference: 'a/b:1', digest: null }],
  prune: [{ group: '', kind: 'Namespace', namespace: null, name: 'a' }],
  inputs: { 'base/a.yaml': digest },
  tool: '0.1.0',
};

const key = { name: 'ada', key: `${'A'.repeat(43)}=` };
const keyset = { type: 'tre.keyset/v1', version: 1, threshold: 1, keys: [key] };
const joinFile = {
  type: 'tre.join/v1',
  siteId: desired.siteId,
  siteName: 'north',
  address: 'localhost:7443',
  caDigest: digest,
  token: 'not-a-real-token',
  director: key,
  keyset,
};

test('good documents are read', (t) => {
  t.deepEqual(parseDesired(bytes(desired)) as unknown, desired);
  t.deepEqual(parseRelease(bytes(release)) as unknown, release);
  t.deepEqual(parseJoinFile(bytes(joinFile)) as unknown, joinFile);
});

const refused = test.macro({
  exec: (t, _what: string, parse: (bytes: Uint8Array) => unknown, value: unknown, place: RegExp) => {
    t.throws(() => parse(bytes(value)), { message: place });
  },
  title: (_, what) => `refuses ${what}`,
});

test(
  refused,
  'a desired document of another type',
  parseDesired,
  { ...desired, type: 'tre.desired/v2' },
  /^\/type/,
);
test(refused, 'generation 0', parseDesired, { ...desired, generation: 0 }, /^\/generation/);
test(
  refused,
  'a generation beyond 32 bits',
  parseDesired,
  { ...desired, generation: 2 ** 32 },
  /^\/generation/,
);
test(refused, 'a negative epoch', parseDesired, { ...desired, epoch: -1 }, /^\/epoch/);
test(refused, 'a key that nobody knows', parseDesired, { ...desired, also: true }, /^\/also/);
test(refused, 'a missing key', parseDesired, { ...desired, previous: undefined }, /^\/previous/);
test(
  refused,
  'a site id in another form',
  parseDesired,
  { ...desired, siteId: desired.siteId.toUpperCase() },
  /^\/siteId/,
);
test(
  refused,
  'a local time',
  parseDesired,
  { ...desired, issuedAt: '2026-11-23T10:00:00+01:00' },
  /^\/issuedAt/,
);
test(
  refused,
  'a parameter that is a list',
  parseDesired,
  { ...desired, parameters: { a: [1] } },
  /^\/parameters\/a/,
);
test(
  refused,
  'an object without digest',
  parseRelease,
  { ...release, objects: [{ ...object, digest: '' }] },
  /^\/objects\/0\/digest/,
);
test(
  refused,
  'an object over 1 MiB',
  parseRelease,
  { ...release, objects: [{ ...object, size: 2 ** 20 + 1 }] },
  /^\/objects\/0\/size/,
);
test(refused, 'a release name that is no label', parseRelease, { ...release, name: 'Small' }, /^\/name/);
test(
  refused,
  'a threshold that the keys cannot reach',
  parseKeyset,
  { ...keyset, threshold: 2 },
  /^\/threshold/,
);
test(
  refused,
  'a threshold that one key under two names would reach',
  parseKeyset,
  { ...keyset, threshold: 2, keys: [key, { ...key, name: 'b' }] },
  /^\/threshold/,
);
test(
  refused,
  'an address without a port',
  parseJoinFile,
  { ...joinFile, address: 'localhost' },
  /^\/address/,
);
test(
  refused,
  'a keyset inside a join file that is out of reach',
  parseJoinFile,
  { ...joinFile, keyset: { ...keyset, threshold: 3 } },
  /^\/threshold/,
);

test('the identity of an object leaves its API version out and tells cluster scope from a namespace', (t) => {
  t.is(objectId({ ...object, namespace: null }), '/Namespace//a');
  t.not(
    objectId({ group: 'apps', kind: 'A', namespace: 'x', name: 'y' }),
    objectId({ group: 'apps', kind: 'A', namespace: null, name: 'y' }),
  );
});
