// Real programs: how they end, what is kept of what they say, and that nothing of them is left.

import { getEventListeners } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { errorChain, isDaemonError } from '../../daemon/errors.ts';
import { type RunOptions, runChecked, systemExec } from '../../daemon/exec.ts';
import { scratch } from '../support/scratch.ts';

const exec = systemExec({ PATH: '/usr/bin:/bin', GIVEN: 'yes' });

function sh(script: string, options?: RunOptions): ReturnType<typeof exec.run> {
  return exec.run('sh', ['-c', script], options);
}

/** A process that has ended but whose parent has not looked yet does not run any more. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < 3_000 && runs(pid); waitedMs += 20) await delay(20);
  return !runs(pid);
}

test('code, stdout and stderr are the result, also of a failure', async (t) => {
  t.deepEqual(await sh('printf out; printf err >&2; exit 3'), {
    code: 3,
    signal: null,
    stdout: 'out',
    stderr: 'err',
  });
  t.like(await sh('kill -USR1 $$'), { code: null, signal: 'SIGUSR1' });
});

test('arguments reach the program as they are: there is no shell', async (t) => {
  const odd = ['$HOME', '`id`', 'a b', "'", '*', '', '--', 'ü\n'];
  t.is((await exec.run('printf', ['%s|', ...odd])).stdout, odd.map((text) => `${text}|`).join(''));
});

test('a child sees the given environment and its own, nothing else', async (t) => {
  const { stdout } = await exec.run('env', [], { env: { OWN: '1', GIVEN: 'other' } });
  t.deepEqual(stdout.trim().split('\n').sort(), ['GIVEN=other', 'OWN=1', 'PATH=/usr/bin:/bin']);
});

test('input is given, and a child that does not read it is no error', async (t) => {
  t.is((await exec.run('cat', [], { input: 'text' })).stdout, 'text');
  t.is((await exec.run('cat', [])).stdout, '');
  t.is((await exec.run('true', [], { input: 'x'.repeat(5_000_000) })).code, 0);
});

test('the folder is the one asked for', async (t) => {
  const cwd = scratch(t);
  t.is((await sh('pwd -P', { cwd })).stdout.trim(), cwd);
});

test('a missing program is named, and so is the folder it was to run in', async (t) => {
  const error = await t.throwsAsync(exec.run('no-such-program', [], { cwd: '/' }));
  t.true(isDaemonError(error, 'command-missing'));
  t.is(error?.message, 'there is no program no-such-program in /');
  t.true(isDaemonError(await t.throwsAsync(exec.run('/etc/passwd', [])), 'command-failed'));
});

test('a command that takes too long is ended, with what it started when it leads a group', async (t) => {
  const folder = scratch(t);
  const script = `sleep 60 & echo $! > ${folder}/pid; wait`;
  const error = await t.throwsAsync(sh(script, { timeoutMs: 300, group: true }));
  t.true(isDaemonError(error, 'timeout'));
  t.true(await gone(Number(readFileSync(join(folder, 'pid'), 'utf8'))));
});

test('a command that ignores SIGTERM is killed after the grace', async (t) => {
  const began = performance.now();
  const error = await t.throwsAsync(
    sh("trap '' TERM; while :; do sleep 0.05; done", { timeoutMs: 100, graceMs: 200, group: true }),
  );
  t.true(isDaemonError(error, 'timeout'));
  t.true(performance.now() - began < 5_000);
});

test('an aborted signal ends the command, or keeps it from starting, and is let go of', async (t) => {
  const abort = new AbortController();
  const running = sh('sleep 60', { signal: abort.signal, group: true });
  await delay(50);
  abort.abort(new Error('stopping'));
  const error = await t.throwsAsync(running);
  t.true(isDaemonError(error, 'aborted'));
  t.regex(errorChain(error), /stopping/);
  t.true(isDaemonError(await t.throwsAsync(sh('true', { signal: abort.signal })), 'aborted'));

  const long = new AbortController();
  for (let count = 0; count < 30; count += 1) await exec.run('true', [], { signal: long.signal });
  t.is(getEventListeners(long.signal, 'abort').length, 0);
});

test('too much output ends the command; of stderr the end is kept', async (t) => {
  const error = await t.throwsAsync(exec.run('yes', [], { maxOutputBytes: 100_000 }));
  t.true(isDaemonError(error, 'command-failed'));
  t.is(error?.message, 'yes wrote more than 100000 bytes');
  const { stderr } = await sh('i=0; while [ $i -lt 20000 ]; do echo "line $i" >&2; i=$((i+1)); done');
  t.is(stderr.length, 64 * 1024);
  t.true(stderr.endsWith('line 19999\n'));
  t.is((await sh('printf 12345', { maxOutputBytes: 5 })).stdout, '12345');
});

test('a grandchild that holds the pipe open does not hold up the result', async (t) => {
  const began = performance.now();
  const { stdout } = await sh('sleep 20 & echo $!');
  t.true(performance.now() - began < 5_000);
  process.kill(Number(stdout), 'SIGKILL');
});

test('runChecked makes a failure an error that quotes what the program said', async (t) => {
  const error = await t.throwsAsync(runChecked(exec, 'sh', ['-c', 'echo "no such disk" >&2; exit 4']));
  t.true(isDaemonError(error, 'command-failed') && error.details['code'] === 4);
  t.is(error?.message, 'sh ended with code 4: no such disk');
  t.is((await runChecked(exec, 'echo', ['fine'])).stdout, 'fine\n');
  const killed = await t.throwsAsync(runChecked(exec, 'sh', ['-c', 'kill -9 $$']));
  t.is(killed?.message, 'sh was ended by SIGKILL');
});

test('a spawned program hands over each line, the last one too, however the pieces fall', async (t) => {
  const lines: string[] = [];
  const script =
    "printf 'a\\nb'; sleep 0.1; printf 'c\\n\\303'; sleep 0.1; printf '\\274\\nend'; echo oops >&2";
  await using child = await exec.spawn('sh', ['-c', script], {
    output: { line: (text, stream) => lines.push(`${stream} ${text}`) },
  });
  t.deepEqual(await child.exited, { code: 0, signal: null });
  t.deepEqual(
    lines.filter((line) => line.startsWith('stdout')),
    ['stdout a', 'stdout bc', 'stdout ü', 'stdout end'],
  );
  t.true(lines.includes('stderr oops'));
});

test('an endless line is handed over in pieces', async (t) => {
  const lengths: number[] = [];
  const output = { line: (text: string): void => void lengths.push(text.length) };
  await using child = await exec.spawn('sh', ['-c', "head -c 1000000 /dev/zero | tr '\\0' x"], { output });
  await child.exited;
  t.is(
    lengths.reduce((sum, length) => sum + length),
    1_000_000,
  );
  t.true(lengths.length > 5 && Math.max(...lengths) < 200_000);
});

test('output can be appended to a private file', async (t) => {
  const file = join(scratch(t), 'log');
  for (const word of ['one', 'two']) {
    await using child = await exec.spawn('sh', ['-c', `echo ${word}; echo ${word}! >&2`], {
      output: { file },
    });
    await child.exited;
  }
  t.is(readFileSync(file, 'utf8'), 'one\none!\ntwo\ntwo!\n');
  const error = await t.throwsAsync(exec.spawn('true', [], { output: { file: join(file, 'x') } }));
  t.true(isDaemonError(error, 'path-unwritable'));
});

test('disposing a child ends it and its group; killing what is gone does nothing', async (t) => {
  const folder = scratch(t);
  let pid = 0;
  {
    await using child = await exec.spawn('sh', ['-c', `sleep 60 & echo $! > ${folder}/pid; wait`], {
      output: 'ignore',
      group: true,
    });
    pid = child.pid;
    while (!existsSync(join(folder, 'pid')) || readFileSync(join(folder, 'pid'), 'utf8') === '')
      await delay(10);
    t.true(runs(pid));
  }
  t.false(runs(pid));
  t.true(await gone(Number(readFileSync(join(folder, 'pid'), 'utf8'))));

  await using done = await exec.spawn('true', [], { output: 'ignore' });
  await done.exited;
  t.notThrows(() => done.kill('SIGKILL'));
  t.deepEqual(await done.stop(), { code: 0, signal: null });
});

test('a group ends with its leader, however that one ends', async (t) => {
  const { stdout } = await sh('sleep 60 >/dev/null 2>&1 & echo $!', { group: true });
  t.true(await gone(Number(stdout)));
});

test('a spawned program that is missing rejects', async (t) => {
  t.true(
    isDaemonError(
      await t.throwsAsync(exec.spawn('no-such-program', [], { output: 'ignore' })),
      'command-missing',
    ),
  );
});
