// What the Kubernetes of dev/ is built from: the module file, the flags, and the name of a build.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  buildFlags,
  buildKey,
  goMod,
  goVersion,
  type SourceFile,
  versions,
} from '../../../dev/kubernetes/go-module.ts';

const folder = join(import.meta.dirname, '../../../dev/kubernetes/go');

const upstream = `module k8s.io/kubernetes

require (
	github.com/spf13/cobra v1.10.2
	k8s.io/api v0.0.0
	k8s.io/klog/v2 v2.140.0
	k8s.io/kube-aggregator v0.0.0
	k8s.io/utils v0.0.0-20260210185600-b8788abfbbc2
)
`;

test('every staging module is replaced by its published twin, and nothing else is', (t) => {
  t.is(
    goMod(upstream, { 'k8s.io/kubernetes': 'v1.37.2', 'sigs.k8s.io/kwok': 'v0.8.0' }),
    `// Written by \`npm run kubernetes -- pin\` from the versions in dev/kubernetes/go-module.ts.

module tre-fleet.local/kubernetes

go ${goVersion}

require (
	k8s.io/kubernetes v1.37.2
	sigs.k8s.io/kwok v0.8.0
)

replace (
	k8s.io/api => k8s.io/api v0.37.2
	k8s.io/kube-aggregator => k8s.io/kube-aggregator v0.37.2
)
`,
  );
});

test('a go.mod without staging modules is refused', (t) => {
  t.throws(() => goMod('module k8s.io/kubernetes\n'), { message: /its form has changed/ });
});

test('the committed go.mod is of these versions', (t) => {
  const committed = readFileSync(join(folder, 'go.mod'), 'utf8');
  const required = [...committed.matchAll(/^\t(\S+) (v\S+)$/gm)].map(([, name = '', version = '']) => [
    name,
    version,
  ]);
  for (const [name, version] of Object.entries(versions))
    t.deepEqual(
      required.find(([path]) => path === name),
      [name, version],
    );
  const twins = [...committed.matchAll(/^\t(\S+) => (\S+) (v\S+)$/gm)];
  t.true(twins.length >= 30);
  t.deepEqual(
    twins.filter(
      ([, from, to, version]) =>
        from !== to || version !== versions['k8s.io/kubernetes'].replace('v1.', 'v0.'),
    ),
    [],
  );
});

test('the server will answer the version that it is built from', (t) => {
  const flags = buildFlags('v1.35.4').join(' ');
  for (const fact of ['gitVersion=v1.35.4', 'gitMajor=1', 'gitMinor=35'])
    t.true(flags.includes(`version.${fact}`), fact);
});

const files = [
  { name: 'go.mod', text: 'module m' },
  { name: 'main.go', text: 'package main' },
];

test('the name of a build does not depend on the order of its files', (t) => {
  t.is(buildKey(files, 'linux-x64'), buildKey(files.toReversed(), 'linux-x64'));
  t.regex(buildKey(files, 'linux-x64'), /^[0-9a-f]{16}$/);
});

const otherName = test.macro({
  exec(t, changed: SourceFile[], platform?: string) {
    t.not(buildKey(changed, platform ?? 'linux-x64'), buildKey(files, 'linux-x64'));
  },
  title: (name = '') => `another build has another name: ${name}`,
});
test('a changed text', otherName, [
  { name: 'go.mod', text: 'module n' },
  { name: 'main.go', text: 'package main' },
]);
test('a changed name', otherName, [
  { name: 'go.mod', text: 'module m' },
  { name: 'kine.go', text: 'package main' },
]);
test('text moved over a border', otherName, [
  { name: 'go.mod', text: 'module mmain.go' },
  { name: '', text: 'package main' },
]);
test('one file more', otherName, [...files, { name: 'go.sum', text: '' }]);
test('another platform', otherName, files, 'linux-arm64');
