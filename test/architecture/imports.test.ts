// The import table is law: every import of every file is allowed by it, rooms of the table exist, nothing is
// cyclic. Each check is tried on a sample that breaks it.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { placeOf, rooms } from '../../dev/architecture/import-table.ts';
import { cyclesOf, forbiddenImports, importsOf } from './imports.ts';
import { isProduct, parseSource, readText, root, sources } from './sources.ts';

const product = sources().filter(({ path }) => isProduct(path));

test('every file imports only what the table allows its room', (t) => {
  t.deepEqual(product.flatMap(forbiddenImports), []);
});

test('no file imports itself through others', (t) => {
  t.deepEqual(cyclesOf(sources()), []);
});

test('every row of the table is a room that exists', (t) => {
  const missing = rooms.map((room) => room.path).filter((path) => !existsSync(join(root, path)));
  t.deepEqual(missing, []);
});

test('every door of the table leads to a file or folder', (t) => {
  const places = rooms.flatMap((room) => room.ours.map(placeOf));
  t.deepEqual(
    places.filter((place) => !existsSync(join(root, place))),
    [],
  );
});

test('every package of the table is a pinned dependency', (t) => {
  const { dependencies } = JSON.parse(readText('package.json')) as { dependencies: Record<string, string> };
  const named = rooms.flatMap((room) => [...(room.npm ?? []), ...Object.values(room.more ?? {}).flat()]);
  t.deepEqual(
    named.filter((name) => !name.startsWith('node:') && !(name in dependencies)),
    [],
  );
});

const refused = test.macro({
  exec(t, path: string, text: string, expected: string) {
    t.deepEqual(forbiddenImports(parseSource(path, text)), [`${path}:${expected}`]);
  },
  title: (_, path, text) => `refused in ${path}: ${text}`,
});

test(
  refused,
  'agent/plan/plan.ts',
  `import { x } from '../store/store.ts';`,
  '1: agent/plan may not import agent/store/store.ts',
);
test(
  refused,
  'agent/act/act.ts',
  `import { x } from '../plan/plan.ts';`,
  '1: agent/act may import only types of agent/plan/plan.ts',
);
test(
  refused,
  'agent/act/act.ts',
  `\nexport * from '../intake/offer.ts';`,
  '2: agent/act may not import agent/intake/offer.ts',
);
test(
  refused,
  'agent/store/a.ts',
  `import type { X } from '../intake/x.ts';`,
  '1: agent/store may not import agent/intake/x.ts',
);
test(
  refused,
  'agent/store/a.ts',
  `type X = import('../intake/x.ts').X;`,
  '1: agent/store may not import agent/intake/x.ts',
);
test(
  refused,
  'agent/act/a.ts',
  `await import('../intake/x.ts');`,
  '1: agent/act may not import agent/intake/x.ts',
);
test(
  refused,
  'agent/main.ts',
  `import type { X } from '../control-plane/api/x.ts';`,
  '1: agent and control-plane never import each other (control-plane/api/x.ts)',
);
test(
  refused,
  'control-plane/fleet/x.ts',
  `import { plan } from '../../agent/plan/plan.ts';`,
  '1: control-plane and agent never import each other (agent/plan/plan.ts)',
);
test(
  refused,
  'agent/act/a.ts',
  `import { a } from '../main.ts';`,
  '1: agent/main.ts is an entry: nobody imports it',
);
test(refused, 'proto/a.ts', `import { b } from '../daemon/b.ts';`, '1: proto may not import daemon/b.ts');
test(refused, 'daemon/a.ts', `import { b } from '../proto/b.ts';`, '1: daemon may not import proto/b.ts');
test(refused, 'proto/a.ts', `import grpc from '@grpc/grpc-js';`, '1: proto may not use @grpc/grpc-js');
test(refused, 'proto/a.ts', `import fs from 'node:fs';`, '1: proto may not use node:fs');
test(refused, 'daemon/a.ts', `import { join } from 'path';`, '1: write node:path');
test(
  refused,
  'dev/start/start.ts',
  `import { spawn } from 'node:child_process';`,
  '1: only daemon/exec.ts, bin/pinned-node.mjs, dev/run.mjs may start programs (node:child_process)',
);

test('allowed: own files, named doors, types, packages of the file, harmless modules', (t) => {
  const allowed: [string, string][] = [
    ['agent/act/a.ts', `import { b } from './b.ts';`],
    ['agent/act/a.ts', `import type { Step } from '../plan/step.ts';`],
    ['agent/main.ts', `import { plan } from './plan/plan.ts';`],
    ['proto/grpc.ts', `import grpc from '@grpc/grpc-js';`],
    ['proto/a.ts', `import { create } from '@bufbuild/protobuf/wire';`],
    ['agent/plan/a.ts', `import { join } from 'node:path/posix';`],
    ['release/a.ts', `import { readFile } from 'node:fs/promises';`],
  ];
  t.deepEqual(
    allowed.flatMap(([path, text]) => forbiddenImports(parseSource(path, text))),
    [],
  );
});

test('a file in no room is refused', (t) => {
  t.deepEqual(forbiddenImports(parseSource('shared/a.ts', '')), [
    'shared/a.ts: lies in no room of the import table',
  ]);
});

test('imports are read from code, not from text and comments', (t) => {
  const text = `// import a from 'a';\nconst s = \`\nimport b from 'b';\n\`;\nexport type { C } from 'c';\nimport d, { type E } from 'd';\n`;
  t.deepEqual(
    importsOf(parseSource('x.ts', text)).map(({ specifier, types, line }) => `${line} ${specifier} ${types}`),
    ['5 c true', '6 d false'],
  );
});

test('a cycle is found, also through types', (t) => {
  const a = parseSource('x/a.ts', `import type { B } from './b.ts';`);
  const b = parseSource('x/b.ts', `import { c } from '../y/c.ts';`);
  const c = parseSource('y/c.ts', `import { a } from '../x/a.ts';`);
  t.deepEqual(cyclesOf([a, b, c]), ['x/a.ts -> x/b.ts -> y/c.ts -> x/a.ts']);
  t.deepEqual(cyclesOf([a, b]), []);
});
