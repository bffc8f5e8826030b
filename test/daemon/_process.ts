// Run by a test: a process with a life of the kind that its argument names.

import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { endProcess, type Lifecycle, listening, runProcess } from '../../daemon/lifecycle.ts';
import { createLog } from '../../daemon/log.ts';

const [story = '', argument = ''] = process.argv.slice(2);
const log = createLog({ level: 'info' });

function resource(name: string, stop: () => Promise<void>): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      await stop();
      log.info({ name }, 'stopped');
    },
  };
}

const never = new Promise<void>(() => undefined);

const stories: Record<string, (lifecycle: Lifecycle) => Promise<void>> = {
  async orderly(lifecycle) {
    // Slow enough for a second signal to arrive meanwhile.
    const stop = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));
    for (const name of ['store', 'loop', 'server']) lifecycle.add(name, resource(name, stop));
  },
  async stuck(lifecycle) {
    lifecycle.add(
      'store',
      resource('store', async () => undefined),
    );
    lifecycle.add(
      'hanging',
      resource('hanging', () => never),
      100,
    );
    lifecycle.add(
      'failing',
      resource('failing', () => Promise.reject(new Error('no'))),
    );
  },
  async waiting(lifecycle) {
    lifecycle.add(
      'store',
      resource('store', async () => undefined),
    );
    setImmediate(() => log.info({}, 'waiting'));
    await new Promise((_resolve, reject) => {
      lifecycle.signal.addEventListener('abort', () => reject(lifecycle.signal.reason as Error));
    });
  },
  async failing(lifecycle) {
    lifecycle.add(
      'store',
      resource('store', async () => undefined),
    );
    throw new Error('no such folder');
  },
  async itself(lifecycle) {
    setTimeout(() => lifecycle.stop('asked on the socket'), 10);
  },
  async rejection() {
    setTimeout(() => void Promise.reject(new Error('forgotten')), 10);
  },
  async exception() {
    setTimeout(() => {
      throw new Error('unforeseen');
    }, 10);
  },
  async quoting() {
    setTimeout(() => void JSON.parse('no-secret-at-all'), 10);
  },
  async blocked(lifecycle) {
    // A pipe that nobody writes to: a thread waits in the kernel, as for a dead disk.
    void open(argument);
    setTimeout(() => lifecycle.stop('enough'), 50);
  },
  async listener(lifecycle) {
    const server = createServer();
    await listening(server, () => server.listen(Number(argument), '127.0.0.1'), `127.0.0.1:${argument}`);
    lifecycle.stop('it listened');
    server.close();
  },
};

// As a real process is: something is always open.
const alive = setInterval(() => undefined, 1_000);
const code = await runProcess({
  log,
  start: async (lifecycle) => {
    await (stories[story] as (lifecycle: Lifecycle) => Promise<void>)(lifecycle);
    log.info({}, 'started');
  },
});
clearInterval(alive);
if (story === 'blocked') endProcess(7);
process.exit(code);
