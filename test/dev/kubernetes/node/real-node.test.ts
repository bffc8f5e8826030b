// What is asked of a node that hangs: an answer within bounds, and an end when the start ends.

import test from 'ava';
import { environment } from '../../../../daemon/config.ts';
import { systemExec } from '../../../../daemon/exec.ts';
import { isDone } from '../../../../dev/kubernetes/node/real-node.ts';

const exec = systemExec(environment());
const never = new AbortController().signal;

test('an exit code tells whether it answers', async (t) => {
  t.true(await isDone(exec, ['true'], { signal: never, timeoutMs: 5_000 }));
  t.false(await isDone(exec, ['false'], { signal: never, timeoutMs: 5_000 }));
});

test('one that hangs does not answer', async (t) => {
  t.false(await isDone(exec, ['sleep', '60'], { signal: never, timeoutMs: 100 }));
});

test('the end of the start ends it', async (t) => {
  const bounds = { signal: AbortSignal.timeout(100), timeoutMs: 30_000 };
  await t.throwsAsync(isDone(exec, ['sleep', '60'], bounds), { message: /ended because its caller stopped/ });
});
