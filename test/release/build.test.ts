// Building: what comes out, that it depends on nothing but the content, and every refusal with its code and place.

import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'ava';
import { parseRelease } from '../../proto/document.ts';
import { digestOf } from '../../proto/envelope.ts';
import type { BuildResult } from '../../release/build.ts';
import {
  buildFolder,
  buildSource,
  built,
  configMap,
  releaseYaml,
  writeSource,
} from '../support/release-source.ts';
import { scratch } from '../support/scratch.ts';

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

/** `file:line CODE` of every problem, in order. */
function places(result: BuildResult): string[] {
  if (result.ok) return [];
  return result.problems.map(({ file, line, code }) => `${basename(file)}:${line} ${code}`);
}

test('an object becomes canonical bytes with its namespace, and the manifest says so', async (t) => {
  const result = await buildSource(t, {
    'release.yaml': releaseYaml(),
    'app/a.yaml': `${configMap('a', 'z: "${X}"\n  b: "1"')}---\n# nothing\n---\n${configMap('b')}`,
  });
  const { release, manifest, blobs, digest } = built(result);
  t.deepEqual(parseRelease(manifest), release);
  t.is(digestOf(manifest), digest);
  const [a] = release.objects;
  t.like(a, {
    group: '',
    version: 'v1',
    kind: 'ConfigMap',
    namespace: 'default',
    name: 'a',
    scope: 'Namespaced',
    component: 'app',
  });
  const expected =
    '{"apiVersion":"v1","data":{"b":"1","z":"${X}"},"kind":"ConfigMap","metadata":{"name":"a","namespace":"default"}}';
  t.is(text(blobs.get(a?.digest ?? '')), expected);
  t.is(a?.size, expected.length);
  t.deepEqual(release.kubernetes, ['1.36']);
  t.deepEqual(Object.keys(release.inputs), ['app/a.yaml']);
});

test('lists are expanded, JSON is read, folders are searched, other files are not', async (t) => {
  const result = await buildSource(t, {
    'release.yaml': releaseYaml(),
    'app/list.json': JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } },
        {
          apiVersion: 'v1',
          kind: 'List',
          items: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } }],
        },
      ],
    }),
    'app/deeper/c.yml': configMap('c'),
    'app/.hidden/d.yaml': configMap('d'),
    'app/README.md': 'not a manifest',
  });
  t.deepEqual(
    built(result).release.objects.map((object) => object.name),
    ['a', 'b', 'c'],
  );
});

test('neither the folder, nor the order of files and components, nor the order of keys changes the output', async (t) => {
  const component = (name: string): string => `  - {name: ${name}, path: ${name}.yaml, namespace: default}`;
  const yaml = (...names: string[]): string =>
    ['name: sample', 'version: "1"', 'kubernetes: ["1.36"]', 'components:', ...names.map(component)].join(
      '\n',
    );
  const files = { 'one.yaml': configMap('z'), 'two.yaml': `${configMap('a')}---\n${configMap('m')}` };
  const first = await buildSource(t, { 'release.yaml': yaml('one', 'two'), ...files });
  const second = await buildSource(t, { 'release.yaml': yaml('two', 'one'), ...files });
  t.deepEqual(built(second).manifest, built(first).manifest);
  t.deepEqual(built(second).blobs, built(first).blobs);
  t.deepEqual(
    built(first).release.objects.map((object) => object.name),
    ['a', 'm', 'z'],
  );
});

test('a component may lie above the release, and its input is named as it was written', async (t) => {
  const folder = writeSource(t, {
    'shared/a.yaml': configMap('a'),
    'v1/release.yaml': releaseYaml().replace('path: app', 'path: ../shared'),
  });
  const copy = scratch(t);
  cpSync(folder, copy, { recursive: true });
  const [one, two] = [await buildFolder(join(folder, 'v1')), await buildFolder(join(copy, 'v1'))];
  t.deepEqual(Object.keys(built(one).release.inputs), ['../shared/a.yaml']);
  t.is(built(one).digest, built(two).digest);
});

test('objects stand in the order in which they can be applied', async (t) => {
  const named = (apiVersion: string, kind: string, rest = ''): string =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: x}\n${rest}`;
  const rules = '{rules: []}';
  const documents = [
    named('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'),
    named('example.org/v1', 'ThingClass'),
    named('policy/v1', 'PodDisruptionBudget'),
    named('batch/v1', 'Job', 'spec: {template: {spec: {containers: []}}}'),
    named('apps/v1', 'Deployment', 'spec: {selector: {}, template: {spec: {containers: []}}}'),
    named('v1', 'Service'),
    named('v1', 'Secret'),
    named('networking.k8s.io/v1', 'NetworkPolicy'),
    named('rbac.authorization.k8s.io/v1', 'RoleBinding', 'roleRef: {apiGroup: a, kind: Role, name: x}'),
    named('rbac.authorization.k8s.io/v1', 'ClusterRole', `aggregationRule: {}\n# ${rules}`),
    named('v1', 'ServiceAccount'),
    named('apiextensions.k8s.io/v1', 'CustomResourceDefinition', crdSpec),
    named('storage.k8s.io/v1', 'StorageClass', 'provisioner: p'),
    named('v1', 'LimitRange'),
    named('v1', 'Namespace'),
  ];
  const result = await buildSource(t, {
    'release.yaml': releaseYaml(),
    'app/a.yaml': documents.join('\n---\n'),
  });
  t.deepEqual(
    built(result).release.objects.map((object) => object.kind),
    [
      'Namespace',
      'LimitRange',
      'StorageClass',
      'CustomResourceDefinition',
      'ServiceAccount',
      'ClusterRole',
      'RoleBinding',
      'NetworkPolicy',
      'Secret',
      'Service',
      'Deployment',
      'Job',
      'ThingClass',
      'PodDisruptionBudget',
      'ValidatingWebhookConfiguration',
    ],
  );
});

const crdSpec = `spec:
  group: example.org
  scope: Cluster
  names: {kind: ThingClass, plural: thingclasses}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`;

test('no field is dropped, renamed or re-typed', async (t) => {
  const policy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'p', namespace: 'default' },
    spec: { ingress: [{ from: [{ podSelector: {} }], ports: [] }], podSelector: {}, policyTypes: [] },
  };
  const limits = {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'l', namespace: 'default' },
    spec: { limits: [{ default: { cpu: 0.5 }, type: 'Container' }] },
  };
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { annotations: { a: '${X}' }, name: 'System:Reader:$(X)' },
    rules: [],
  };
  const schema = {
    properties: { n: { default: 1, enum: [1, 2], format: 'int64', type: 'integer' } },
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
  };
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'ks.g.example' },
    spec: {
      group: 'g.example',
      names: { kind: 'K', plural: 'ks' },
      scope: 'Cluster',
      versions: [{ name: 'v1', schema: { openAPIV3Schema: schema }, served: true, storage: true }],
    },
  };
  const spec = '{"e":[],"f":0.1,"m":9223372036854775807,"n":2,"o":{},"p":null}';
  const object = `{"apiVersion":"g.example/v1","kind":"K","metadata":{"name":"k"},"spec":${spec}}`;
  const documents = [...[policy, limits, role, definition].map((one) => JSON.stringify(one)), object];
  const files = { 'release.yaml': releaseYaml(), 'app/a.yaml': documents.join('\n---\n') };
  const { blobs } = built(await buildSource(t, files));
  t.deepEqual([...blobs.values()].map(text).sort(), documents.sort());
});

test('images are listed once, with the digest that the reference names', async (t) => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const pod = `spec: {initContainers: [{name: i, image: r.example/b@${digest}}], containers: [{name: c, image: r.example/a}, {name: d, image: r.example/a}]}`;
  const result = await buildSource(t, {
    'release.yaml': releaseYaml(),
    'app/a.yaml': `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n${pod}`,
  });
  t.deepEqual(built(result).release.images, [
    { reference: 'r.example/a', digest: null },
    { reference: `r.example/b@${digest}`, digest },
  ]);
});

const refuses = test.macro({
  async exec(t, files: Record<string, string | Uint8Array>, ...expected: string[]) {
    const result = await buildSource(t, {
      'release.yaml': releaseYaml(),
      'app/ok.yaml': configMap('ok'),
      ...files,
    });
    t.deepEqual(places(result), expected);
  },
  title: (name = '') => `refuses ${name}`,
});

test('text that is no YAML', refuses, { 'app/a.yaml': 'a: [' }, 'a.yaml:1 YAML_INVALID');
test(
  'bytes that are no text',
  refuses,
  { 'app/a.yaml': Buffer.from([0x61, 0x3a, 0x20, 0xff]) },
  'a.yaml:1 YAML_INVALID',
);
test(
  'YAML that is not Kubernetes',
  refuses,
  { 'app/a.yaml': 'hello: world\n---\n- 1\n---\njust words' },
  'a.yaml:1 NOT_KUBERNETES',
  'a.yaml:3 NOT_KUBERNETES',
  'a.yaml:5 NOT_KUBERNETES',
);
test(
  'an object without a name',
  refuses,
  { 'app/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels: {}\n' },
  'a.yaml:3 NOT_KUBERNETES',
);
test(
  'a generated name',
  refuses,
  { 'app/a.yaml': 'apiVersion: v1\nkind: Pod\nmetadata:\n  generateName: x-\n' },
  'a.yaml:4 NOT_KUBERNETES',
);
test(
  'a name that would leave its path',
  refuses,
  { 'app/a.yaml': configMap('../x') },
  'a.yaml:4 NOT_KUBERNETES',
);
test('a name that is no text', refuses, { 'app/a.yaml': configMap('1') }, 'a.yaml:4 NOT_KUBERNETES');
test('a namespace that YAML reads as false is told from one that is missing', async (t) => {
  const manifest = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: no}\n';
  const result = await buildSource(t, { 'release.yaml': releaseYaml(), 'app/a.yaml': manifest });
  const said = result.ok ? [] : result.problems.map(({ detail }) => detail);
  t.deepEqual(said, ['the namespace of ConfigMap a must be a text, not false: put it in quotes']);
});
test(
  'an unknown kind',
  refuses,
  { 'app/a.yaml': 'apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: x}\n' },
  'a.yaml:2 KIND_UNKNOWN',
);
test(
  'a removed API',
  refuses,
  { 'app/a.yaml': '# c\napiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: x}\n' },
  'a.yaml:2 API_REMOVED',
);
test(
  'an unknown field, deep inside',
  refuses,
  {
    'app/a.yaml': `${configMap('a')}---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: c\n      imag: x\n`,
  },
  'a.yaml:14 FIELD_UNKNOWN',
);
test(
  'what only the server sets',
  refuses,
  {
    'app/a.yaml':
      'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n  creationTimestamp: null\n  uid: u\nstatus: {}\n',
  },
  'a.yaml:5 FIELD_FORBIDDEN',
  'a.yaml:6 FIELD_FORBIDDEN',
  'a.yaml:7 FIELD_FORBIDDEN',
);
for (const field of [
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
]) {
  const manifest = `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n  ${field}: null\n`;
  test(`metadata.${field}`, refuses, { 'app/a.yaml': manifest }, 'a.yaml:5 FIELD_FORBIDDEN');
}
test(
  'a namespace on what belongs to the cluster',
  refuses,
  { 'app/a.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n  namespace: other\n' },
  'a.yaml:5 OBJECT_NAMESPACE_FORBIDDEN',
);
test(
  'an object that stands twice, also by the default namespace',
  refuses,
  {
    'app/a.yaml': `${configMap('ok')}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ok, namespace: default}\n`,
  },
  'a.yaml:8 OBJECT_DUPLICATE',
  'ok.yaml:1 OBJECT_DUPLICATE',
);
test(
  'an integer beyond 64 bits',
  refuses,
  {
    'app/a.yaml':
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\nspec:\n  group: g.example\n  scope: Cluster\n  names: {kind: K, plural: ks}\n  versions:\n    - name: v1\n      served: true\n      storage: true\n      schema:\n        openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}\n---\napiVersion: g.example/v1\nkind: K\nmetadata: {name: x}\nspec:\n  n: 9223372036854775808\n',
  },
  'a.yaml:19 NUMBER_OUT_OF_RANGE',
);
test(
  'half a surrogate pair',
  refuses,
  {
    'app/a.json':
      '{"apiVersion": "v1",\n"kind": "ConfigMap", "metadata": {"name": "x"},\n"data": {"a": "\\ud800"}}',
  },
  'a.json:3 TEXT_NOT_UNICODE',
);
test(
  'an object over its size',
  refuses,
  { 'app/a.yaml': configMap('big', `k: ${'x'.repeat(2 ** 20)}`) },
  'a.yaml:1 RELEASE_TOO_LARGE',
);

test(
  'all problems are shown, not only the first',
  refuses,
  {
    'app/a.yaml': 'nonsense: 1\n',
    'app/b.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {nodeNam: x}\n',
  },
  'a.yaml:1 NOT_KUBERNETES',
  'b.yaml:4 FIELD_REQUIRED',
  'b.yaml:4 FIELD_UNKNOWN',
);

test(
  'a namespaced object without any namespace',
  refuses,
  { 'release.yaml': releaseYaml().replace(', namespace: default', '') },
  'ok.yaml:3 OBJECT_NAMESPACE_MISSING',
);
test(
  'a component that is not there',
  refuses,
  { 'release.yaml': releaseYaml('  - {name: more, path: nowhere}') },
  'release.yaml:6 COMPONENT_PATH_MISSING',
);
test(
  'a component without manifests',
  refuses,
  { 'release.yaml': releaseYaml('  - {name: more, path: empty}'), 'empty/README.md': '' },
  'release.yaml:6 COMPONENT_PATH_MISSING',
);
test(
  'a component with an absolute path',
  refuses,
  { 'release.yaml': releaseYaml('  - {name: more, path: /etc}') },
  'release.yaml:6 COMPONENT_PATH_MISSING',
);
test(
  'two components of one name',
  refuses,
  {
    'release.yaml': releaseYaml('  - {name: app, path: more, namespace: default}'),
    'more/a.yaml': configMap('more'),
  },
  'release.yaml:6 RELEASE_FILE_INVALID',
);
test(
  'a release without objects',
  refuses,
  { 'release.yaml': releaseYaml().replace('path: app', 'path: none'), 'none/a.yaml': '# nothing' },
  'release.yaml:4 COMPONENT_EMPTY',
);
test(
  'a Kubernetes that nobody knows',
  refuses,
  { 'release.yaml': releaseYaml().replace('"1.36"', '"1.36", "1.99"') },
  'release.yaml:3 RELEASE_FILE_INVALID',
);

test('an integer beyond 64 bits is caught where the schema takes any number', async (t) => {
  const result = await buildSource(t, {
    'release.yaml': releaseYaml(),
    'app/a.yaml':
      'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers: []\n  terminationGracePeriodSeconds: 18446744073709551616\n',
  });
  t.deepEqual(places(result), ['a.yaml:6 NUMBER_OUT_OF_RANGE']);
});
