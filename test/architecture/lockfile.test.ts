// What is installed is decided here: exact versions, a complete lockfile, nothing that runs at installation.

import test from 'ava';
import { type Lockfile, missingEntries } from '../../dev/lock.ts';
import { readText } from './sources.ts';

const lockfile = JSON.parse(readText('package-lock.json')) as Lockfile;
const packages = JSON.parse(readText('package.json')) as Record<string, Record<string, string>>;

test('every dependency is pinned to one version, which the lockfile holds', (t) => {
  const groups = ['dependencies', 'devDependencies', 'optionalDependencies'].map(
    (name) => packages[name] ?? {},
  );
  for (const [name, version] of groups.flatMap((group) => Object.entries(group))) {
    t.regex(version, /^\d+\.\d+\.\d+$/, name);
    t.is(lockfile.packages[`node_modules/${name}`]?.version, version, name);
  }
});

test('every optional package is in the lockfile, or npm ci refuses it', (t) => {
  t.deepEqual(Object.keys(missingEntries(lockfile)), [], 'run: npm run lock');
});

test('what can be installed here has its hash, and no entry names a host', (t) => {
  const entries = Object.entries(lockfile.packages).filter(([path]) => path !== '');
  const installable = ({ os, libc }: (typeof entries)[number][1]): boolean =>
    (os === undefined || os.includes('linux')) && libc?.includes('musl') !== true;
  const unhashed = entries.filter(([, entry]) => installable(entry) && !('integrity' in entry));
  t.deepEqual(
    unhashed.filter(([, { cpu }]) => cpu === undefined || cpu.includes('x64')).map(([path]) => path),
    [],
  );
  t.deepEqual(
    entries.filter(([, entry]) => 'resolved' in entry).map(([path]) => path),
    [],
  );
});

test('nothing runs at installation', (t) => {
  t.true(readText('.npmrc').split('\n').includes('ignore-scripts=true'));
  const hooks = ['preinstall', 'install', 'postinstall', 'prepare'];
  t.deepEqual(
    hooks.filter((hook) => hook in (packages['scripts'] ?? {})),
    [],
  );
});

test('an optional package that is missing is completed with its platform', (t) => {
  const optionalDependencies = {
    '@x/tool-linux-x64-musl': '1.2.3',
    '@x/tool-darwin-arm64': '1.2.3',
    present: '1.0.0',
  };
  const sample = {
    packages: { 'node_modules/@x/tool': { dev: true, optionalDependencies }, 'node_modules/present': {} },
  };
  t.deepEqual(missingEntries(sample), {
    'node_modules/@x/tool-linux-x64-musl': {
      version: '1.2.3',
      cpu: ['x64'],
      dev: true,
      libc: ['musl'],
      optional: true,
      os: ['linux'],
    },
    'node_modules/@x/tool-darwin-arm64': {
      version: '1.2.3',
      cpu: ['arm64'],
      dev: true,
      optional: true,
      os: ['darwin'],
    },
  });
});
