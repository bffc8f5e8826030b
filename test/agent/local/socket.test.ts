// The local socket over real files: questions and answers, leftovers of a killed agent, two agents, strangers' input.
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type Answer, askAgent, openLocalSocket } from '../../../agent/local/socket.ts';
import { DaemonError } from '../../../daemon/errors.ts';
import { systemFiles } from '../../../daemon/files.ts';
import { silentLog } from '../../../daemon/log.ts';
import { TreError } from '../../../proto/errors.ts';
import { scratch } from '../../support/scratch.ts';

const echo: Answer = (question) => {
  if (question['command'] !== 'echo') throw new TreError('USAGE');
  return [question['text'], { again: question['text'] }];
};

async function open(t: ExecutionContext, path: string, answer: Answer = echo): Promise<AsyncDisposable> {
  const socket = await openLocalSocket({ path, answer, files: systemFiles, log: silentLog });
  t.teardown(() => socket[Symbol.asyncDispose]());
  return socket;
}

/** What comes back for bytes as they are. */
function raw(path: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(path, () => socket.write(text));
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.once('error', reject).once('close', () => resolve(answer));
  });
}

test('a question is answered line by line', async (t) => {
  const path = join(scratch(t), 'run', 'agent.sock');
  await open(t, path);
  t.deepEqual(await askAgent(path, { command: 'echo', text: 'a\nb' }), ['a\nb', { again: 'a\nb' }]);
});

test('only this user may ask', async (t) => {
  const path = join(scratch(t), 'run', 'agent.sock');
  await open(t, path);
  t.is(statSync(path).mode & 0o777, 0o600);
  t.is(statSync(join(path, '..')).mode & 0o777, 0o700);
});

test('without an agent the answer is AGENT_NOT_RUNNING, also when its socket is still there', async (t) => {
  const folder = scratch(t);
  await t.throwsAsync(askAgent(join(folder, 'agent.sock'), {}), { message: /AGENT_NOT_RUNNING/ });
  writeFileSync(join(folder, 'left.sock'), '');
  await t.throwsAsync(askAgent(join(folder, 'left.sock'), {}), { message: /AGENT_NOT_RUNNING/ });
});

test('what a killed agent left behind is replaced, an agent that answers is not', async (t) => {
  const path = join(scratch(t), 'agent.sock');
  writeFileSync(path, '');
  await open(t, path);
  await t.throwsAsync(open(t, path), { message: /DATA_LOCKED/ });
  t.deepEqual(await askAgent(path, { command: 'echo', text: 1 }), [1, { again: 1 }]);
});

test('an agent that says nothing is there: its socket stays its own', async (t) => {
  const path = join(scratch(t), 'agent.sock');
  let asked = 0;
  const hung = createServer(() => (asked += 1)).listen(path);
  t.teardown(() => hung.close());
  await once(hung, 'listening');
  await t.throwsAsync(open(t, path), { message: /DATA_LOCKED/ });
  await t.throwsAsync(askAgent(path, {}, 50), { message: /AGENT_SILENT/ });
  t.is(asked, 2);
});

test('an agent that stopped leaves nothing behind', async (t) => {
  const path = join(scratch(t), 'agent.sock');
  const socket = await open(t, path);
  await socket[Symbol.asyncDispose]();
  t.throws(() => statSync(path), { code: 'ENOENT' });
});

test('what is no question, or none that is known, is refused with USAGE', async (t) => {
  const path = join(scratch(t), 'agent.sock');
  await open(t, path);
  await t.throwsAsync(askAgent(path, { command: 'rm' }), { message: /USAGE/ });
  for (const text of ['hello\n', '17\n', 'null\n', '\n', `${'x'.repeat(10_000)}`])
    t.is(await raw(path, text), '{"error":"USAGE"}\n');
});

test('what a full disk keeps from being done is said to the person as that', async (t) => {
  const path = join(scratch(t), 'agent.sock');
  await open(t, path, () => {
    throw new DaemonError('disk-full', 'no space left for state.db');
  });
  await t.throwsAsync(askAgent(path, { command: 'hold' }), { message: /^DISK_FULL/ });
});

test('a failure inside is INTERNAL to the person, and the agent goes on', async (t) => {
  const path = join(scratch(t), 'agent.sock');
  let isBroken = true;
  await open(t, path, () => {
    if (isBroken) throw new Error('something about an object');
    return ['fine'];
  });
  t.is(await raw(path, '{}\n'), '{"error":"INTERNAL"}\n');
  isBroken = false;
  t.deepEqual(await askAgent(path, {}), ['fine']);
});
