// Real processes and real signals: the order of the end, its bounds, its exit code and its last words.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { type Exit, systemExec } from '../../daemon/exec.ts';
import { scratch } from '../support/scratch.ts';

const exec = systemExec({ PATH: process.env['PATH'] });
const fixture = fileURLToPath(new URL('_process.ts', import.meta.url));

interface Story {
  readonly exit: Exit;
  readonly lines: readonly Record<string, unknown>[];
  /** Messages with the name or resource they are about. */
  readonly told: readonly string[];
}

async function live(
  story: string,
  options: { argument?: string; after?: string; signals?: readonly NodeJS.Signals[] } = {},
): Promise<Story> {
  const lines: Record<string, unknown>[] = [];
  const output = {
    line: (text: string): void => void lines.push(JSON.parse(text) as Record<string, unknown>),
  };
  await using child = await exec.spawn(process.execPath, [fixture, story, options.argument ?? ''], {
    output,
    graceMs: 20_000,
  });
  if (options.signals !== undefined) {
    while (!lines.some(({ message }) => message === (options.after ?? 'started'))) await delay(5);
    for (const signal of options.signals) child.kill(signal);
  }
  const exit = await child.exited;
  const told = lines.map(({ message, name, resource }) =>
    [name ?? resource, message].filter(Boolean).join(' '),
  );
  return { exit, lines, told };
}

const orderly = test.macro(async (t, ...signals: NodeJS.Signals[]) => {
  const { exit, told, lines } = await live('orderly', { signals });
  t.deepEqual(exit, { code: 0, signal: null });
  t.deepEqual(told, ['started', 'stopping', 'server stopped', 'loop stopped', 'store stopped']);
  t.true(signals.includes(lines[1]?.['reason'] as NodeJS.Signals));
});

test('SIGTERM stops in the reverse order of adding', orderly, 'SIGTERM');
test('SIGINT does the same', orderly, 'SIGINT');
test('SIGHUP does the same', orderly, 'SIGHUP');
test('being asked twice is being asked once', orderly, 'SIGTERM', 'SIGINT', 'SIGHUP');

test('what does not stop is named, does not hold up the rest, and makes the exit code 1', async (t) => {
  const { exit, told, lines } = await live('stuck', { signals: ['SIGTERM'] });
  t.is(exit.code, 1);
  t.deepEqual(told.slice(2), ['failing did not stop', 'hanging did not stop', 'store stopped']);
  t.is(lines[2]?.['error'], 'no');
  t.is(lines[3]?.['error'], '[timeout] not stopped after 100 ms');
});

test('a start that is interrupted is no failure', async (t) => {
  const { exit, told } = await live('waiting', { after: 'waiting', signals: ['SIGINT'] });
  t.is(exit.code, 0);
  t.deepEqual(told, ['waiting', 'stopping', 'store stopped']);
});

test('a start that fails stops what was started and exits with 1', async (t) => {
  const { exit, lines, told } = await live('failing');
  t.is(exit.code, 1);
  t.deepEqual(told, ['could not start', 'store stopped']);
  t.is(lines[0]?.['error'], 'no such folder');
});

test('a process can ask itself to stop', async (t) => {
  const { exit, lines } = await live('itself');
  t.is(exit.code, 0);
  t.is(lines[1]?.['reason'], 'asked on the socket');
});

test('a process ends with its exit code although one of its threads hangs', async (t) => {
  const pipe = join(scratch(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const { exit } = await live('blocked', { argument: pipe });
  t.deepEqual(exit, { code: 7, signal: null });
});

const crash = test.macro(async (t, story: string, error: string) => {
  const { exit, lines } = await live(story);
  t.deepEqual(exit, { code: 1, signal: null });
  t.is(lines.length, 2);
  t.like(lines[1], { level: 'error', message: 'ending after an error that nothing handled', error });
});
test('an unhandled rejection ends the process with one line', crash, 'rejection', 'forgotten');
test('an uncaught exception ends the process with one line', crash, 'exception', 'unforeseen');

test('what nobody handled is told with its place, and without what a parser quotes', async (t) => {
  const { lines } = await live('quoting');
  t.regex(String(lines[1]?.['stack']), /^ {4}at /);
  t.regex(String(lines[1]?.['stack']), /_process\.ts:\d+/);
  t.false(JSON.stringify(lines).includes('no-secret'));
});

test('a port that is taken is named', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const argument = String((server.address() as AddressInfo).port);
  const { exit, lines } = await live('listener', { argument });
  t.is(exit.code, 1);
  t.regex(
    String(lines[0]?.['error']),
    new RegExp(`^\\[port-taken\\] another program listens on 127\\.0\\.0\\.1:${argument}`),
  );
  t.is((await live('listener', { argument: '0' })).exit.code, 0);
});
