// `npm start` as a newcomer types it, on one data folder: the first start, its site renamed meanwhile, and Ctrl-C, one
// that is killed, the next that resumes the same site. The trials go on from there.
// The tests run in order and each stands on the one before it.

import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import anyTest, { type TestFn } from 'ava';
import { type Exit, runChecked, systemExec } from '../../daemon/exec.ts';
import { isFree } from '../../dev/kubernetes/ports.ts';
import { programs } from '../../dev/start/commands.ts';
import { keptSiteId, layoutOf } from '../../dev/start/layout.ts';
import { eventually, inSeconds } from '../support/eventually.ts';
import {
  lastLine,
  npmStart,
  processesOf,
  startedOn,
  startTimeoutMs,
  stopTimeoutMs,
} from '../support/npm-start.ts';
import { sitesKnownTo } from '../support/report-books.ts';

interface Context {
  readonly folder: string;
  readonly data: string;
}
const test = anyTest as TestFn<Context>;

const newName = 'leeds';
const nextStartBarMs = 30_000;
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
  await using start = await startedOn(data, said);
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
  await using start = await startedOn(data, []);
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

async function trectl(data: string, ...args: readonly string[]): Promise<void> {
  const env = { XDG_CONFIG_HOME: layoutOf(data).operator };
  await runChecked(exec, process.execPath, [programs.trectl, ...args], { env });
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
