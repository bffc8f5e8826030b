// release.yaml: its form, its patches and its parameters, each refusal with the line to correct.

import { basename } from 'node:path';
import test from 'ava';
import { parseReleaseFile, releaseFileJsonSchema } from '../../release/release-file.ts';
import { buildSource, built, configMap, releaseYaml } from '../support/release-source.ts';

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  paused: false
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      containers:
        - {name: c, image: i}
`;
const files = { 'app/web.yaml': deployment, 'app/settings.yaml': configMap('settings', 'title: T') };

/** Builds with these lines below the components (the first is line 6) and gives `line CODE` of the problems. */
async function problemsOf(t: Parameters<typeof buildSource>[0], ...lines: string[]): Promise<string[]> {
  const result = await buildSource(t, { 'release.yaml': releaseYaml(lines.join('\n')), ...files });
  return result.ok ? [] : result.problems.map(({ file, line, code }) => `${basename(file)}:${line} ${code}`);
}

const refuses = test.macro({
  async exec(t, lines: string[], ...expected: string[]) {
    t.deepEqual(await problemsOf(t, ...lines), expected);
  },
  title: (name = '') => `refuses ${name}`,
});

const invalid = (line: number): string => `release.yaml:${line} RELEASE_FILE_INVALID`;
const parameter = (
  fields: string,
  place = 'kind: Deployment, name: web, pointer: /spec/replicas',
): string[] => ['parameters:', `  - {name: p, ${fields}, places: [{${place}}]}`];

test('an unknown key', refuses, ['colour: red'], invalid(6));
test(
  'an unknown key of a component',
  refuses,
  ['  - name: x', '    path: app', '    namespaces: y'],
  invalid(8),
);
test('a parameter of unknown type', refuses, parameter('type: float'), invalid(7));
test(
  'a parameter without places',
  refuses,
  ['parameters:', '  - name: p', '    type: string', '    places: []'],
  invalid(9),
);
test('a bound of another type', refuses, parameter('type: string, minimum: 1, default: x'), invalid(7));
test(
  'a patch without reason',
  refuses,
  ['patches:', '  - {name: p, target: {kind: Job}, operations: [{op: remove, path: /a}]}'],
  invalid(7),
);
test(
  'an operation without pointer',
  refuses,
  ['patches:', '  - {name: p, why: w, target: {kind: Job}, operations: [{op: remove, path: a}]}'],
  invalid(7),
);

test(
  'a health rule that compares with nothing',
  refuses,
  [
    'health:',
    '  - group: g',
    '    kind: K',
    '    means: failed',
    '    pointer: /status',
    '    operator: equals',
  ],
  invalid(7),
);

test(
  'a parameter with neither default nor required',
  refuses,
  parameter('type: integer'),
  'release.yaml:7 PARAMETER_WITHOUT_VALUE',
);
test(
  'a parameter with both',
  refuses,
  parameter('type: integer, default: 1, required: true'),
  'release.yaml:7 PARAMETER_INVALID',
);
test(
  'a default out of range',
  refuses,
  parameter('type: integer, default: 9, maximum: 5'),
  'release.yaml:7 PARAMETER_INVALID',
);
test(
  'an empty range',
  refuses,
  parameter('type: integer, required: true, minimum: 6, maximum: 5'),
  'release.yaml:7 PARAMETER_INVALID',
);
test(
  'a pattern that is none',
  refuses,
  parameter(
    'type: string, default: x, pattern: "["',
    'kind: ConfigMap, name: settings, pointer: /data/title',
  ),
  'release.yaml:7 PARAMETER_INVALID',
);
test(
  'a default that does not match',
  refuses,
  parameter(
    'type: string, default: x, pattern: "[A-Z]"',
    'kind: ConfigMap, name: settings, pointer: /data/title',
  ),
  'release.yaml:7 PARAMETER_INVALID',
);
test(
  'a place in no object',
  refuses,
  parameter('type: integer, default: 1', 'kind: Deployment, name: other, pointer: /spec/replicas'),
  'release.yaml:7 PARAMETER_PLACE_MISSING',
);
test(
  'a place in another component',
  refuses,
  parameter(
    'type: integer, default: 1',
    'kind: Deployment, name: web, component: x, pointer: /spec/replicas',
  ),
  'release.yaml:7 PARAMETER_PLACE_MISSING',
);
test(
  'a pointer to nothing',
  refuses,
  parameter('type: integer, default: 1', 'kind: Deployment, name: web, pointer: /spec/minReadySeconds'),
  'release.yaml:7 PARAMETER_PLACE_MISSING',
);
test(
  'a place of another type',
  refuses,
  parameter('type: string, default: x'),
  'release.yaml:7 PARAMETER_INVALID',
);
test(
  'a place that is a whole object',
  refuses,
  parameter('type: string, default: x', 'kind: Deployment, name: web, pointer: /spec'),
  'release.yaml:7 PARAMETER_INVALID',
);
test(
  'a place that names the object',
  refuses,
  parameter('type: string, default: x', 'kind: Deployment, name: web, pointer: /metadata/namespace'),
  'release.yaml:7 PARAMETER_INVALID',
);
test(
  'two parameters for one place',
  refuses,
  [
    'parameters:',
    ...['p', 'q'].map(
      (name) =>
        `  - {name: ${name}, type: integer, default: 1, places: [{kind: Deployment, name: web, pointer: /spec/replicas}]}`,
    ),
  ],
  'release.yaml:8 PARAMETER_INVALID',
);
test(
  'two parameters of one name',
  refuses,
  [
    'parameters:',
    '  - {name: p, type: integer, default: 1, places: [{kind: Deployment, name: web, pointer: /spec/replicas}]}',
    '  - {name: p, type: boolean, default: true, places: [{kind: Deployment, name: web, pointer: /spec/paused}]}',
  ],
  'release.yaml:8 PARAMETER_INVALID',
);

test(
  'a patch that selects nothing',
  refuses,
  [
    'patches:',
    '  - name: p',
    '    why: w',
    '    target: {kind: Job, name: web}',
    '    operations: [{op: remove, path: /spec}]',
  ],
  'release.yaml:9 PATCH_WITHOUT_TARGET',
);
test(
  'a patch that cannot be carried out',
  refuses,
  [
    'patches:',
    '  - name: p',
    '    why: w',
    '    target: {kind: Deployment}',
    '    operations:',
    '      - {op: test, path: /kind, value: Deployment}',
    '      - {op: remove, path: /nothing}',
  ],
  'release.yaml:12 PATCH_FAILED',
);
test(
  'what a patch makes wrong, at the line of the object',
  refuses,
  [
    'patches:',
    '  - name: p',
    '    why: w',
    '    target: {kind: Deployment}',
    '    operations: [{op: add, path: /spec/template/spec/restart, value: Always}]',
  ],
  'web.yaml:11 FIELD_UNKNOWN',
);

test('a patch may make right what is wrong, and lines stay true after it', async (t) => {
  const result = await buildSource(t, {
    ...files,
    'app/job.yaml':
      'apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  restartPolicy: Never\n  template:\n    spec:\n      containers:\n        - name: a\n        - name: b\n          imag: x\n',
    'release.yaml': releaseYaml(`patches:
  - name: job
    why: it is no field of a Job
    target: {kind: Job, group: batch, namespace: default, name: j}
    operations:
      - {op: remove, path: /spec/restartPolicy}
      - {op: remove, path: /spec/template/spec/containers/0}`),
  });
  t.deepEqual(
    result.ok ? [] : result.problems.map(({ file, line, code }) => `${basename(file)}:${line} ${code}`),
    ['job.yaml:11 FIELD_UNKNOWN'],
  );
});

test('parameters are resolved to indices of objects in their final order', async (t) => {
  const yaml = releaseYaml(`parameters:
  - name: replicas
    type: integer
    default: 2
    minimum: 1
    maximum: 3
    places:
      - {kind: Deployment, name: web, pointer: /spec/replicas}
  - name: colour
    type: string
    required: true
    places: [{kind: ConfigMap, pointer: /data/title, name: settings}]`);
  const { release } = built(await buildSource(t, { 'release.yaml': yaml, ...files }));
  t.deepEqual(
    release.objects.map((object) => object.kind),
    ['ConfigMap', 'Deployment'],
  );
  const none = { pattern: null, maxLength: null, minimum: null, maximum: null, values: [] };
  t.deepEqual(release.parameters, [
    {
      ...none,
      name: 'colour',
      type: 'string',
      default: null,
      places: [{ object: 0, pointer: '/data/title' }],
    },
    {
      ...none,
      name: 'replicas',
      type: 'integer',
      default: 2,
      minimum: 1,
      maximum: 3,
      places: [{ object: 1, pointer: '/spec/replicas' }],
    },
  ]);
});

const fileSays = test.macro({
  exec(t, text: string, line: number, words: RegExp) {
    const result = parseReleaseFile(text, 'release.yaml');
    if (result.ok) {
      t.fail('it was accepted');
      return;
    }
    t.is(result.problems[0]?.line, line);
    t.regex(result.problems[0]?.detail ?? '', words);
  },
  title: (name = '') => `release.yaml: ${name}`,
});

test('empty', fileSays, '', 1, /empty/);
test('two documents', fileSays, 'a: 1\n---\nb: 2', 3, /one document/);
test(
  'a parameter of unknown type',
  fileSays,
  'name: a\nversion: "1"\nkubernetes: ["1.36"]\ncomponents: [{name: a, path: b}]\nparameters: [{name: p, type: text}]',
  5,
  /^parameters\.0\.type: expected 'string' \| 'integer'/,
);
test('a list', fileSays, '- 1', 1, /expected object/);
test(
  'a version that YAML takes for a number',
  fileSays,
  'name: a\nversion: 1.0\nkubernetes: ["1.36"]\ncomponents: [{name: a, path: b}]',
  2,
  /^version: expected string, received number: put it in quotes$/,
);
test(
  'a minor that YAML takes for a number',
  fileSays,
  'name: a\nversion: "1.0"\nkubernetes: [1.30]\ncomponents: [{name: a, path: b}]',
  3,
  /kubernetes.0: expected string/,
);
test('a key that stands twice', fileSays, 'name: a\nname: b', 2, /stands twice/);

test('a folder without release.yaml', async (t) => {
  const result = await buildSource(t, { 'other.yaml': '' });
  t.deepEqual(result.ok ? [] : result.problems.map((problem) => problem.code), ['RELEASE_FILE_MISSING']);
});

test('the JSON Schema names every field, and says which must be there', (t) => {
  const schema = releaseFileJsonSchema() as {
    properties: object;
    required: string[];
    additionalProperties: boolean;
  };
  t.deepEqual(Object.keys(schema.properties), [
    'name',
    'version',
    'kubernetes',
    'components',
    'parameters',
    'patches',
    'prune',
    'health',
  ]);
  t.deepEqual(schema.required, ['name', 'version', 'kubernetes', 'components']);
  t.false(schema.additionalProperties);
});

test('what cannot be read is said alone: who looks for an object of that file is not to blame', async (t) => {
  const lines = [
    ...parameter('type: integer, default: 9, maximum: 5', 'kind: ConfigMap, name: b, pointer: /data/k'),
    'patches:',
    '  - {name: q, why: w, target: {kind: ConfigMap, name: b}, operations: [{op: remove, path: /data/k}]}',
  ];
  const broken = { 'release.yaml': releaseYaml(lines.join('\n')), ...files, 'app/b.yaml': 'a: [' };
  const result = await buildSource(t, broken);
  t.deepEqual(result.ok ? [] : result.problems.map(({ file, code }) => `${basename(file)} ${code}`), [
    'b.yaml YAML_INVALID',
    'release.yaml PARAMETER_INVALID',
  ]);
});
