// dev/run.mjs on a small repository of its own: a lockfile, and an npm that only counts how often it was called.

import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { arch } from 'node:process';
import test, { type ExecutionContext } from 'ava';
import { type Child, type Exec, type RunResult, systemExec } from '../../daemon/exec.ts';
import { scratch } from '../support/scratch.ts';

const root = join(import.meta.dirname, '..', '..');
const nodeFolder = `node_modules/node-linux-${arch}`;

interface Clone {
  readonly folder: string;
  readonly exec: Exec;
  readonly run: (...args: string[]) => Promise<RunResult>;
  /** Times that npm ci was called. */
  readonly installs: () => Promise<number>;
}

async function clone(t: ExecutionContext, npm = installing): Promise<Clone> {
  const folder = scratch(t);
  for (const name of ['dev/run.mjs', 'bin/pinned-node.mjs']) await cp(join(root, name), join(folder, name));
  await mkdir(join(folder, 'path'));
  await writeFile(join(folder, 'path/npm'), `#!/bin/sh\necho "$@" >> "$PWD/calls"\n${npm}`, { mode: 0o755 });
  await writeLock(folder, 'sha512-a');
  await writeFile(join(folder, 'program.ts'), program);
  const exec = systemExec({ ...process.env, PATH: `${join(folder, 'path')}:${process.env['PATH']}` });
  return {
    folder,
    exec,
    run: (...args) => exec.run('node', ['dev/run.mjs', ...args], { cwd: folder }),
    installs: async () =>
      (await readFile(join(folder, 'calls'), 'utf8').catch(() => '')).split('\n').length - 1,
  };
}

// What npm ci does, as far as run.mjs can see it.
const installing = `sleep 0.2
rm -rf node_modules
mkdir -p ${nodeFolder}/bin
ln -s ${process.execPath} ${nodeFolder}/bin/node
echo added 1 package
echo "npm error a real error" >&2
`;

const program = `const args: string[] = process.argv.slice(2);
let interrupts = 0;
if (args[0] === 'wait') {
  process.on('SIGINT', () => (interrupts += 1));
  setTimeout(() => process.exit(interrupts), 1_000);
}
console.log(JSON.stringify({ args, path: process.env['PATH']?.split(':')[0] }));
if (args[0] === 'exit') process.exit(Number(args[1]));
if (args[0] === 'die') process.kill(process.pid, 'SIGTERM');
`;

async function writeLock(folder: string, integrity: string): Promise<void> {
  const packages = { '': {}, [nodeFolder]: { integrity }, 'node_modules/other': { optional: true } };
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ packages }));
}

test('installs at first, then stays silent; stdout belongs to the program', async (t) => {
  const { run, installs, folder } = await clone(t);
  const first = await run('program.ts', 'a', 'b c');
  const said = { args: ['a', 'b c'], path: join(folder, 'node_modules/.bin') };
  t.deepEqual(JSON.parse(first.stdout), said);
  t.regex(first.stderr, /^Installing .*npm ci, about \d+ s.*\nnpm error a real error\n$/);
  const second = await run('program.ts', 'a', 'b c');
  t.deepEqual([JSON.parse(second.stdout), second.stderr], [said, '']);
  t.is(await installs(), 1);
});

test('two first runs at once install once', async (t) => {
  const { run, installs } = await clone(t);
  const results = await Promise.all([run('program.ts', '1'), run('program.ts', '2')]);
  t.deepEqual(
    results.map(({ code }) => code),
    [0, 0],
  );
  t.is(await installs(), 1);
});

test('installs again when the lockfile has changed', async (t) => {
  const { run, installs, folder } = await clone(t);
  await run('program.ts');
  await writeLock(folder, 'sha512-b');
  await run('program.ts');
  t.is(await installs(), 2);
});

test('installs nothing when npm was run by hand and agrees with the lockfile', async (t) => {
  const record = `echo '{"packages":{"${nodeFolder}":{"integrity":"sha512-a"}}}' > node_modules/.package-lock.json\n`;
  const { run, installs, exec, folder } = await clone(t, installing + record);
  await exec.run('npm', ['by', 'hand'], { cwd: folder });
  t.is((await run('program.ts')).stderr, '');
  t.is(await installs(), 1);
});

test('a failed installation is said and tried again', async (t) => {
  const { run, installs } = await clone(t, 'echo "npm error no network" >&2\nexit 1\n');
  const { code, stdout, stderr } = await run('program.ts');
  t.deepEqual([code, stdout], [1, '']);
  t.regex(stderr, /npm error no network\nnpm ci failed: .*again/);
  await run('program.ts');
  t.is(await installs(), 2);
});

test('ends as its program ends', async (t) => {
  const { run } = await clone(t);
  t.is((await run('program.ts', 'exit', '7')).code, 7);
  t.is((await run('program.ts', 'die')).signal, 'SIGTERM');
  t.is((await run()).code, 1);
});

test('an interrupt that arrives twice reaches the program once', async (t) => {
  const { run, exec, folder } = await clone(t);
  await run('program.ts');
  const child = await started(exec, folder);
  // Not the group: that is what a terminal does, and this child leads a session without one.
  process.kill(child.pid, 'SIGINT');
  setTimeout(() => process.kill(child.pid, 'SIGINT'), 50);
  t.deepEqual(await child.exited, { code: 1, signal: null });
});

/** The program, waiting for signals. */
async function started(exec: Exec, cwd: string): Promise<Child> {
  const ready = Promise.withResolvers<void>();
  const output = { line: () => ready.resolve() };
  const child = await exec.spawn('node', ['dev/run.mjs', 'program.ts', 'wait'], { cwd, output, group: true });
  await ready.promise;
  return child;
}
