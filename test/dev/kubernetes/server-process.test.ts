// One part as a process, played by a shell: how it starts, and what is said when it does not.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../../daemon/clock.ts';
import { systemExec } from '../../../daemon/exec.ts';
import { type ServerProcess, serverProcess } from '../../../dev/kubernetes/server-process.ts';
import { scratch } from '../../support/scratch.ts';

const signal = new AbortController().signal;

function server(
  t: ExecutionContext,
  script: string,
): { part: ServerProcess; folder: string; ends: string[] } {
  const folder = scratch(t);
  const ends: string[] = [];
  const part = serverProcess({
    name: 'part',
    program: 'sh',
    args: ['-c', script],
    cwd: folder,
    logFile: join(folder, 'part.log'),
    exec: systemExec({ PATH: '/usr/bin:/bin' }),
    clock: systemClock,
    onUnexpectedEnd: (text) => ends.push(text),
  });
  t.teardown(() => part.kill());
  return { part, folder, ends };
}

test('it is awaited, stopped without a word, and started again', async (t) => {
  const { part, folder, ends } = server(t, 'touch ready; cat');
  const isReady = (): Promise<boolean> => Promise.resolve(existsSync(join(folder, 'ready')));
  await part.start();
  await part.waitFor(isReady, signal);
  const first = part.pid();
  t.not(first, undefined);
  await part.stop();
  t.is(part.pid(), undefined);
  await part.start();
  await part.kill();
  t.is(part.pid(), undefined);
  t.deepEqual(ends, []);
});

test('one that ends before it is ready is an error with the end of its log', async (t) => {
  const { part, ends } = server(t, 'echo the port is taken; exit 7');
  await part.start();
  const error = await t.throwsAsync(part.waitFor(() => Promise.resolve(false), signal));
  t.like(error, { code: 'KUBERNETES_UNAVAILABLE' });
  t.regex(error?.message ?? '', /part ended with code 7[^]*the port is taken$/);
  t.is(ends.length, 1);
  t.is(part.pid(), undefined);
});

test('waiting ends with its signal', async (t) => {
  const { part } = server(t, 'cat');
  await part.start();
  const stopped = new AbortController();
  const waiting = part.waitFor(() => Promise.resolve(false), stopped.signal);
  stopped.abort(new Error('enough'));
  await t.throwsAsync(waiting, { message: 'enough' });
});
