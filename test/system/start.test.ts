// `npm start` as a newcomer types it, on one data folder: the first start, its site renamed meanwhile, and Ctrl-C, one
// that is killed, the next that resumes the same site, another release, a release that changed under its name, a port
// that somebody else has.
// The tests run in order and each stands on the one before it.

import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import anyTest, { type TestFn } from 'ava';
import { type Exit, type RunResult, runChecked, systemExec } from '../../daemon/exec.ts';
import { isFree } from '../../dev/kubernetes/ports.ts';
import { programs } from '../../dev/start/commands.ts';
import { keptSiteId, layoutOf } from '../../dev/start/layout.ts';
import { eventually, inSeconds } from '../support/eventually.ts';
import { sitesKnownTo } from '../support/report-books.ts';

interface Context {
  readonly folder: string;
  readonly data: string;
}
const test = anyTest as TestFn<Context>;

const repository = fileURLToPath(new URL('../..', import.meta.url));
const newName = 'leeds';
const nextStartBarMs = 30_000;
const startTimeoutMs = 120_000;
const stopTimeoutMs = 30_000;
const exec = systemExec(process.env);

test.before(async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tre-'));
  t.context = { folder, data: join(folder, 'data') };
});

test.after.always(async (t) => {
  for (const pid of processesOf(t.context.folder).keys()) process.kill(pid, 'SIGKILL');
  await rm(t.context.folder, { recursive: true, force: true });
});

test.serial('the first start applies the example and Ctrl-C leaves nothing but the data', async (t) => {
  const { data } = t.context;
  const said: string[] = [];
  await using start = await exec.spawn('npm', ['start', '--', '--data', data], {
    cwd: repository,
    group: true,
    graceMs: 30_000,
    output: { line: (text) => said.push(text) },
  });
  const isUp = (): boolean => said.some((line) => line.startsWith('Three things to try'));
  await eventually(isUp, { what: () => said.join('\n'), timeoutMs: startTimeoutMs });
  t.true(processesOf(data).size >= 7, 'Kubernetes, control plane and agent are processes of their own');
  await trectl(data, 'site', 'rename', 'demo-hospital', newName);
  const isRenamed = (): boolean => said.some((line) => line.includes(`name demo-hospital -> ${newName}`));
  await eventually(isRenamed, { what: () => said.join('\n'), timeoutMs: 15_000 });
  t.false(said.some((line) => line.includes('does not answer')));
  const ports = await portsOf(data);
  let exit: Exit | undefined;
  void start.exited.then((value) => (exit = value));
  start.kill('SIGINT');
  await eventually(() => exit !== undefined, { what: 'it ends', timeoutMs: stopTimeoutMs });
  t.is(exit?.code, 0, said.join('\n'));
  t.deepEqual([...processesOf(data).values()], []);
  t.deepEqual(
    await Promise.all(ports.map(isFree)),
    ports.map(() => true),
  );
  t.deepEqual(
    (await readdir(data, { recursive: true })).filter((name) => name.endsWith('.sock')),
    [],
  );
});

test.serial('a start that is killed takes everything with it', async (t) => {
  const { data } = t.context;
  await using start = await exec.spawn('npm', ['start', '--', '--data', data], {
    cwd: repository,
    group: true,
    output: 'ignore',
  });
  const commands = (): string => [...processesOf(data).values()].join('\n');
  const isUp = (): boolean => commands().includes('agent/main.ts');
  await eventually(isUp, { what: commands, timeoutMs: startTimeoutMs });
  start.kill('SIGKILL');
  await eventually(() => commands() === '', { what: commands, timeoutMs: stopTimeoutMs });
  t.pass();
});

test.serial('the next start resumes the same site', async (t) => {
  const { data } = t.context;
  const before = sitesKnownTo(layoutOf(data));
  t.deepEqual(before, [await keptSiteId(layoutOf(data))]);
  const startedAtMs = performance.now();
  const { code, stdout, stderr } = await npmStart('--once', '--data', data);
  const tookMs = performance.now() - startedAtMs;
  t.is(code, 0, stderr);
  t.true(tookMs <= nextStartBarMs, `${tookMs} ms`);
  t.log(inSeconds(tookMs));
  t.deepEqual(sitesKnownTo(layoutOf(data)), before);
  t.like(lastLine(stdout), { site: newName, release: 'small-tre@1.0.0', generation: 1, applied: true });
});

test.serial('another release is the next generation', async (t) => {
  const v2 = join(repository, 'examples', 'small-tre', 'v2');
  const { code, stdout, stderr } = await npmStart('--once', '--data', t.context.data, '--from', v2);
  t.is(code, 0, stderr);
  t.like(lastLine(stdout), { release: 'small-tre@2.0.0', generation: 2, applied: true });
});

test.serial('a release that changed under its name is refused', async (t) => {
  const { folder, data } = t.context;
  const changed = join(folder, 'small-tre');
  await cp(join(repository, 'examples', 'small-tre'), changed, { recursive: true });
  await cp(join(changed, 'v1', 'projects', 'heart.yaml'), join(changed, 'v2', 'projects', 'heart.yaml'));
  const { code, stdout, stderr } = await npmStart('--once', '--data', data, '--from', join(changed, 'v2'));
  t.is(code, 3, stderr);
  t.regex(stderr, /RELEASE_CONFLICT/);
  t.notRegex(stdout, /^\{/m);
});

test.serial('a port that somebody else has is named', async (t) => {
  const { data } = t.context;
  const { people } = JSON.parse(readFileSync(layoutOf(data).settings, 'utf8')) as { readonly people: number };
  const squatter = createServer().listen(people, '127.0.0.1');
  t.teardown(() => squatter.close());
  await once(squatter, 'listening');
  const { code, stderr } = await npmStart('--once', '--data', data);
  t.not(code, 0);
  t.regex(stderr, /PORT_TAKEN/);
  t.true(stderr.includes(String(people)), stderr);
  t.deepEqual([...processesOf(data).values()], []);
});

function npmStart(...args: readonly string[]): Promise<RunResult> {
  return exec.run('npm', ['start', '--', ...args], {
    cwd: repository,
    group: true,
    timeoutMs: startTimeoutMs,
  });
}

async function trectl(data: string, ...args: readonly string[]): Promise<void> {
  const env = { XDG_CONFIG_HOME: layoutOf(data).operator };
  await runChecked(exec, process.execPath, [programs.trectl, ...args], { env });
}

function lastLine(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

/** Running processes that name a data folder or work in it: id -> command line. */
function processesOf(data: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const facts = [command, readlinkSync(`/proc/${name}/cwd`)];
      if (facts.some((fact) => fact.includes(data))) found.set(Number(name), command);
    } catch {
      // Gone meanwhile, or somebody else's.
    }
  }
  return found;
}

/** Every port that stands in a file of the data folder's own. */
async function portsOf(data: string): Promise<readonly number[]> {
  const layout = layoutOf(data);
  const files = [layout.settings, join(layout.kubernetes, 'ports.json')];
  return files.flatMap((file) =>
    Object.values(JSON.parse(readFileSync(file, 'utf8')) as Record<string, number | string>).filter(
      (value) => typeof value === 'number',
    ),
  );
}
