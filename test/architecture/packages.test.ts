// Which npm packages each program carries: the list beside this file, so that a new one is a decision that
// somebody reads. Read from real bundles, so what packages pull in themselves is counted too.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { systemExec } from '../../daemon/exec.ts';
import { build, packagesIn, programs } from '../../dev/build.ts';
import { readText } from './sources.ts';

const lists: Readonly<Record<string, string>> = {
  'tre-agent': 'agent.deps.txt',
  'tre-control-plane': 'control-plane.deps.txt',
  trectl: 'trectl.deps.txt',
};

for (const program of programs) {
  test(`${program.name} carries the packages of its list and no other`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'tre-build-'));
    t.teardown(() => rm(folder, { recursive: true, force: true }));
    const exec = systemExec(process.env);
    const { packages } = await build(exec, program, folder);
    t.deepEqual(packages, listOf(program.name), `correct test/architecture/${lists[program.name]}`);
    const { code, stderr } = await exec.run('node', [
      join(folder, program.name, `${program.name}.mjs`),
      '--help',
    ]);
    t.is(code, 0, `runs without node_modules: ${stderr}`);
    if (program.name === 'tre-agent')
      t.deepEqual(await loaded(folder, program.name, 'systeminformation'), []);
  });
}

/** The files of a package that the process itself may come to load; programs that it starts load their own. */
async function loaded(folder: string, name: string, packageName: string): Promise<readonly string[]> {
  const { outputs } = JSON.parse(await readFile(join(folder, `meta-${name}.json`), 'utf8')) as Metafile;
  const entry = Object.keys(outputs).find((path) => path.endsWith(`/${name}.mjs`)) ?? '';
  const reached = new Set([entry]);
  for (const path of reached)
    for (const { path: next } of outputs[path]?.imports ?? []) if (next in outputs) reached.add(next);
  const inputs = [...reached].flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
  return inputs.filter((path) => path.includes(`node_modules/${packageName}/`));
}

interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly imports: readonly { readonly path: string }[]; readonly inputs: object }>
  >;
}

test('the agent has no web server and the control plane no cluster client', (t) => {
  t.deepEqual(
    listOf('tre-agent').filter((name) => /fastify|x509|prom-client|node-cron/.test(name)),
    [],
  );
  t.deepEqual(
    listOf('tre-control-plane').filter((name) => /kubernetes|systeminformation/.test(name)),
    [],
  );
});

test('packages are named from the paths of the bundler, nested ones too', (t) => {
  const paths = [
    'agent/main.ts',
    'node_modules/pino/a.js',
    'node_modules/@x/y/lib/b.js',
    'node_modules/pino/node_modules/z/c.js',
  ];
  t.deepEqual(packagesIn(paths), ['@x/y', 'pino', 'z']);
});

function listOf(program: string): string[] {
  return readText(`test/architecture/${lists[program]}`).split('\n').filter(Boolean);
}
