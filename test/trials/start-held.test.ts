// `npm start` on a site that has refused what is wanted: it says so and stays, because only while the site runs can its
// hold be released. The tests run in order and share one data folder.
import { realpathSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import anyTest, { type TestFn } from 'ava';
import { type Child, runChecked, systemExec } from '../../daemon/exec.ts';
import { programs } from '../../dev/start/commands.ts';
import { layoutOf } from '../../dev/start/layout.ts';
import type { SiteFacts } from '../../dev/start/site.ts';
import { eventually } from '../support/eventually.ts';
import { npmStart, startedOn, startTimeoutMs } from '../support/npm-start.ts';

interface Context {
  readonly data: string;
}
const test = anyTest as TestFn<Context>;

const exec = systemExec(process.env);

test.before(async (t) => {
  t.context = { data: join(realpathSync(await mkdtemp(join(tmpdir(), 'tre-held-'))), 'data') };
});

test.after.always((t) => rm(join(t.context.data, '..'), { recursive: true, force: true }));

test.serial('a held site refuses what is assigned', async (t) => {
  const { data } = t.context;
  const { start, says } = await started(data);
  await using _ = start;
  await says(/^Three things to try/m);
  await agent(data, 'hold', '--for', '8h', '--why', 'a visit');
  await operator(data, 'site', 'assign', 'demo-hospital', 'small-tre@1.0.0', '--set', 'portalReplicas=2');
  await eventually(async () => /SITE_HELD/.test(await operator(data, 'site', 'show', 'demo-hospital')), {
    what: 'the refusal',
    timeoutMs: 15_000,
  });
  start.kill('SIGINT');
  t.like(await start.exited, { code: 0 });
});

test.serial('with --once the next start says why and fails', async (t) => {
  const { code, stdout, stderr } = await npmStart('--once', '--data', t.context.data);
  t.is(code, 1, stderr);
  t.regex(stderr, /The site did not take it\. SITE_HELD: /);
  t.notRegex(stdout, /^\{/m);
});

test.serial('without, it stays, so that the hold can be released and the site goes on', async (t) => {
  const { data } = t.context;
  const { start, says } = await started(data);
  await using _ = start;
  await says(/The site did not take it\. SITE_HELD: /);
  await says(/^Three things to try/m);
  await agent(data, 'release-hold');
  await operator(data, 'site', 'wait', 'demo-hospital', '--timeout', '60s');
  const { state } = JSON.parse(
    await operator(data, 'site', 'show', 'demo-hospital', '-o', 'json'),
  ) as SiteFacts;
  t.like(state, { generation: 2, applied: true, healthy: true });
  start.kill('SIGINT');
  t.like(await start.exited, { code: 0 });
});

interface Started {
  readonly start: Child;
  readonly says: (pattern: RegExp) => Promise<unknown>;
}

async function started(data: string): Promise<Started> {
  const said: string[] = [];
  const start = await startedOn(data, said);
  const says = (pattern: RegExp): Promise<unknown> =>
    eventually(() => pattern.test(said.join('\n')), {
      what: () => said.join('\n'),
      timeoutMs: startTimeoutMs,
    });
  return { start, says };
}

async function operator(data: string, ...args: readonly string[]): Promise<string> {
  const env = { XDG_CONFIG_HOME: layoutOf(data).operator };
  return (await runChecked(exec, process.execPath, [programs.trectl, ...args], { env, timeoutMs: 70_000 }))
    .stdout;
}

async function agent(data: string, ...args: readonly string[]): Promise<string> {
  const place = ['--socket', layoutOf(data).agentSocket];
  return (await runChecked(exec, process.execPath, [programs.agent, ...args, ...place])).stdout;
}
