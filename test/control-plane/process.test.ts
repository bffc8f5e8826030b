// tre-control-plane as a real process: its commands, its exit codes, and how it starts and stops.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { environment } from '../../daemon/config.ts';
import { type RunResult, systemExec } from '../../daemon/exec.ts';
import { joinSite, openStream } from '../support/agent-client.ts';
import { controlPlaneProcess, initControlPlane } from '../support/control-plane-process.ts';
import { scratch } from '../support/scratch.ts';

const main = join(import.meta.dirname, '../../control-plane/main.ts');
const exec = systemExec(environment());
const run = (...args: string[]): Promise<RunResult> =>
  exec.run(process.execPath, [main, ...args], { timeoutMs: 30_000 });

test.serial(
  'init, run, stop: private files, one line when ready, exit 0 with a site connected',
  async (t) => {
    const data = join(scratch(t), 'data');
    const made = await run('init', '--data', data, '--grpc-port', '0', '--http-port', '0');
    t.is(made.code, 0, made.stderr);
    t.true(made.stdout.includes(`tre-control-plane run --data ${data}`));
    for (const file of ['operator-token', 'control-plane.db', 'trust/ca-key.pem', 'trust/director-key.pem']) {
      t.is(statSync(join(data, file)).mode & 0o777, 0o600, file);
    }
    t.is(statSync(data).mode & 0o777, 0o700);
    const plane = await controlPlaneProcess(data);
    t.teardown(() => plane.child.stop());
    const key = JSON.parse((await run('director-key', '--data', data)).stdout) as object;
    t.deepEqual((await plane.rest<{ director: object }>('GET', '/v1/director')).body.director, key);
    const site = await joinSite(plane, 'leeds');
    const stream = await openStream(site);
    t.teardown(() => stream.close());
    await stream.until('welcome');

    const before = performance.now();
    plane.child.kill('SIGTERM');
    await stream.until('retry');
    stream.close();
    t.deepEqual(await plane.child.exited, { code: 0, signal: null });
    t.true(performance.now() - before < 5_000, `${performance.now() - before} ms`);
    t.false(plane.lines().join('\n').includes(plane.token), 'no token in the log');
  },
);

test.serial('a stopped control plane stands up with everything that it knew', async (t) => {
  const data = join(scratch(t), 'data');
  await initControlPlane(data);
  const first = await controlPlaneProcess(data);
  await first.rest('POST', '/v1/sites', { name: 'leeds' });
  await first.child.stop();
  const second = await controlPlaneProcess(data);
  t.teardown(() => second.child.stop());
  const { sites } = (await second.rest<{ sites: { name: string }[] }>('GET', '/v1/sites')).body;
  t.deepEqual(
    sites.map((site) => site.name),
    ['leeds'],
  );
});

async function fails(t: ExecutionContext, args: string[], code: number, words: RegExp): Promise<void> {
  const result = await run(...args);
  t.is(result.code, code, result.stderr);
  t.regex(result.stderr, words);
}

test.serial('it ends although one of its threads hangs', async (t) => {
  const data = join(scratch(t), 'data');
  await initControlPlane(data);
  const plane = await controlPlaneProcess(data);
  t.teardown(() => plane.child.kill('SIGKILL'));
  const release = await plane.publishSample();
  // As a dead disk does: whoever reads it never comes back.
  const content = join(data, 'content');
  const files = readdirSync(content, { recursive: true, encoding: 'utf8' })
    .map((name) => join(content, name))
    .filter((path) => statSync(path).isFile());
  for (const path of files) {
    rmSync(path);
    execFileSync('mkfifo', [path]);
  }
  const asked = plane.rest('GET', `/v1/releases/${release}`).catch(() => undefined);
  await plane.rest('GET', '/v1/director');
  plane.child.kill('SIGTERM');
  const exit = await Promise.race([plane.child.exited, delay(15_000)]);
  t.deepEqual(exit, { code: 0, signal: null });
  await asked;
});

test.serial('what cannot work ends at once, with a code and what to do', async (t) => {
  const folder = scratch(t);
  const data = join(folder, 'data');
  writeFileSync(join(folder, 'file'), '');
  await fails(
    t,
    ['run', '--data', join(folder, 'empty')],
    3,
    /^NOT_INITIALISED: .*\n {4}Run `tre-control-plane init`/,
  );
  t.false(existsSync(join(folder, 'empty')), 'a mistyped folder is not made');
  await fails(t, ['run', '--data', join(folder, 'file')], 1, /^DATA_UNREADABLE: /);
  await fails(t, ['init', '--data', join(folder, 'file', 'below')], 1, /^DATA_UNREADABLE: /);
  await fails(
    t,
    [
      'token',
      'new',
      '--data',
      join(folder, 'file'),
      '--role',
      'viewer',
      '--name',
      'x',
      '--out',
      join(folder, 't'),
    ],
    1,
    /^DATA_UNREADABLE: /,
  );
  await initControlPlane(data);
  await fails(t, ['init', '--data', data], 3, /^ALREADY_INITIALISED: .* holds a control plane already\./);
  await fails(t, ['run', '--data', data, '--grpc-port', 'many'], 2, /^CONFIG_INVALID: .*--grpc-port/s);
  await fails(t, ['run', '--data', data, '--listen', '203.0.113.9'], 2, /^CONFIG_INVALID: cannot listen on /);
  await fails(t, ['run', '--data', data, '--host', 'a b'], 2, /--host: must be a host name or an address/);
  await fails(
    t,
    ['run', '--data', data, '--alert-url', 'http://alerts.example.org/'],
    3,
    /^ALERT_TARGET_INVALID: .*https:.*\n {4}Give an https address/,
  );
  await fails(t, ['runn'], 2, /^USAGE: unknown command 'runn'/);

  const plane = await controlPlaneProcess(data);
  t.teardown(() => plane.child.stop());
  await fails(t, ['run', '--data', data], 3, /^DATA_LOCKED: .* in use by process \d+/);
});

test.serial('a port that is taken is named', async (t) => {
  const data = join(scratch(t), 'data');
  await initControlPlane(data);
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  t.teardown(() => blocker.close());
  const { port } = blocker.address() as { port: number };
  for (const flag of ['--grpc-port', '--http-port']) {
    await fails(
      t,
      ['run', '--data', data, flag, String(port)],
      1,
      new RegExp(`^PORT_TAKEN: .*127\\.0\\.0\\.1:${port}`),
    );
  }
});

test.serial('a damaged database is said to be one', async (t) => {
  const data = join(scratch(t), 'data');
  await initControlPlane(data);
  writeFileSync(join(data, 'control-plane.db'), 'this is no database'.repeat(1_000));
  await fails(t, ['run', '--data', data], 1, /^DATA_CORRUPT: /);
});

test.serial('settings come from flag, environment, file and default, and explain says which', async (t) => {
  const data = join(scratch(t), 'data');
  await initControlPlane(data);
  const env = { TRE_CONTROL_PLANE_LOG_LEVEL: 'warn' };
  const { stdout } = await exec.run(
    process.execPath,
    [main, 'config', 'explain', '--data', data, '--http-port', '9443'],
    { env },
  );
  t.regex(stdout, /^httpPort: 9443 {2}\(flag --http-port\)$/m);
  t.regex(stdout, /^logLevel: "warn" {2}\(environment TRE_CONTROL_PLANE_LOG_LEVEL\)$/m);
  t.true(stdout.includes(`grpcPort: 0  (file ${join(data, 'config.json')})`));
  t.regex(stdout, /^maxConnections: 10000 {2}\(default\)$/m);
});

test.serial('a token is made once per name', async (t) => {
  const folder = scratch(t);
  const data = join(folder, 'data');
  await initControlPlane(data);
  const args = [
    'token',
    'new',
    '--data',
    data,
    '--role',
    'viewer',
    '--name',
    'sam',
    '--out',
    join(folder, 'sam'),
  ];
  t.is((await run(...args)).code, 0);
  t.is(statSync(join(folder, 'sam')).mode & 0o777, 0o600);
  const before = readFileSync(join(folder, 'sam'), 'utf8');
  await fails(t, args, 3, /^REQUEST_INVALID: There is a token sam already/);
  t.is(readFileSync(join(folder, 'sam'), 'utf8'), before);
});

test.serial('help shows the commands and an example, and makes nothing', async (t) => {
  t.regex((await run('--help')).stdout, /Usage: tre-control-plane .*\n[^]*recover/);
  t.regex((await run('init', '--help')).stdout, /Example:\n {2}\$ tre-control-plane init/);
  for (const command of [['director-key'], ['recover'], ['token', 'new'], ['config', 'explain']])
    t.true(
      (await run(...command, '--help')).stdout.includes(
        `\nExample:\n  $ tre-control-plane ${command.join(' ')}`,
      ),
    );
  t.regex((await run('--version')).stdout, /^\d+\.\d+\.\d+\n$/);
  t.false(existsSync('/var/lib/tre-control-plane'));
});

test.serial(
  'after a restore from an old backup, sites that are ahead are followed once the epoch is raised',
  async (t) => {
    const data = join(scratch(t), 'data');
    await initControlPlane(data);
    const plane = await controlPlaneProcess(data);
    t.teardown(() => plane.child.stop());
    const site = await joinSite(plane, 'leeds');
    const held = { epoch: 4, generation: 9, documentDigest: `sha256:${'9'.repeat(64)}` };
    const release = await plane.publishSample();
    const assign = <T>() => plane.rest<T>('PUT', '/v1/sites/leeds/desired', { release });
    const ahead = await openStream(site, held);
    await ahead.until('welcome');
    t.is((await assign<{ code: string }>()).body.code, 'EPOCH_LOWER');
    ahead.close();

    t.is(
      (await run('recover', '--data', data, '--why', 'a test')).stdout.split('.')[0],
      'The epoch is 5 now',
    );
    const { body } = await assign<{ epoch: number; generation: number }>();
    t.like(body, { epoch: 5, generation: 10 });
    t.like((await assign()).body as object, { epoch: 5, generation: 11 });
    const stream = await openStream(site, held);
    t.teardown(() => stream.close());
    t.is((await stream.until('welcome')).value.epoch, 5);
    t.is((await stream.until('offer')).value.documents.length, 2);
  },
);
