// One process of ours: that it is ready is never the word of another one that runs from the same data folder.
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../../daemon/clock.ts';
import { environment } from '../../../daemon/config.ts';
import { systemExec } from '../../../daemon/exec.ts';
import { createService } from '../../../dev/start/service.ts';
import { scratch } from '../../support/scratch.ts';

const tools = { exec: systemExec(environment()), clock: systemClock };
const signal = AbortSignal.timeout(30_000);

test('somebody else answers already: refused, and nothing is started', async (t) => {
  const logFile = join(scratch(t), 'log');
  const args = ['-e', 'setTimeout(() => process.exit(3), 500)'];
  const isReady = () => Promise.resolve(true);
  const settings = { name: 'agent', args, env: {}, logFile, isReady, readyTimeoutMs: 5_000 };
  await using service = createService(settings, tools);
  await t.throwsAsync(service.start(signal), { code: 'DATA_LOCKED', message: /agent/ });
  t.is(service.pid(), undefined);
});

test('an earlier one that is about to end is waited for', async (t) => {
  const logFile = join(scratch(t), 'log');
  const startedAt = performance.now();
  const endsMs = 400;
  let isOurs = false;
  const isReady = () => Promise.resolve(isOurs || performance.now() - startedAt < endsMs);
  const settings = { name: 'agent', args: ['-e', 'setInterval(() => 0, 1e6)'], env: {}, logFile };
  await using service = createService({ ...settings, isReady, readyTimeoutMs: 5_000 }, tools);
  const starting = service.start(signal);
  setTimeout(() => (isOurs = true), 2 * endsMs);
  await starting;
  t.true(performance.now() - startedAt >= endsMs);
  t.true((service.pid() ?? 0) > 0);
});
