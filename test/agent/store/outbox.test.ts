// The outbox keeps what was queued until it is acknowledged, in order, also over kill -9 of its process.
import test, { type ExecutionContext } from 'ava';
import { type AgentStore, openStore } from '../../../agent/store/store.ts';
import { systemExec } from '../../../daemon/exec.ts';
import { scratch } from '../../support/scratch.ts';

const bytes = (text: string) => Buffer.from(text, 'utf8');

async function open(t: ExecutionContext, folder = scratch(t), boot = 'boot-1'): Promise<AgentStore> {
  const store = await openStore(folder, boot, 0);
  t.teardown(() => store[Symbol.asyncDispose]());
  return store;
}

test('rows come in the order of their queueing and leave by acknowledgement of their boot', async (t) => {
  const folder = scratch(t);
  const first = await openStore(folder, 'boot-1', 0);
  first.outbox.queue('result', bytes('a'));
  first.outbox.queue('audit', bytes('b'));
  await first[Symbol.asyncDispose]();
  const { outbox } = await open(t, folder, 'boot-2');
  outbox.queue('result', bytes('c'));
  const rows = outbox
    .after(0, 1000)
    .map(({ bootId, sequence, body }) => [bootId, sequence, Buffer.from(body).toString()]);
  t.deepEqual(rows, [
    ['boot-1', 1, 'a'],
    ['boot-1', 2, 'b'],
    ['boot-2', 3, 'c'],
  ]);
  outbox.acknowledge('boot-2', 3);
  t.is(outbox.waiting(), 2);
  outbox.acknowledge('boot-1', 1);
  t.deepEqual(
    outbox.after(0, 1000).map((row) => row.sequence),
    [2],
  );
});

test('a sequence number is never used twice, also when the outbox was empty at the restart', async (t) => {
  const folder = scratch(t);
  const first = await openStore(folder, 'boot-1', 0);
  t.is(first.outbox.lastSequence(), 0);
  first.outbox.queue('result', bytes('a'));
  first.outbox.acknowledge('boot-1', 1);
  await first[Symbol.asyncDispose]();
  const { outbox } = await open(t, folder, 'boot-2');
  t.is(outbox.lastSequence(), 1);
  t.is(outbox.queue('result', bytes('b')), 2);
});

test('a batch is bounded in bytes and holds at least one row', async (t) => {
  const { outbox } = await open(t);
  for (const size of [10, 90, 100, 5]) outbox.queue('result', Buffer.alloc(size));
  const sizes = (after: number, maxBytes: number) =>
    outbox.after(after, maxBytes).map((row) => row.body.byteLength);
  t.deepEqual(sizes(0, 100), [10, 90]);
  t.deepEqual(sizes(2, 50), [100]);
  t.deepEqual(sizes(3, 50), [5]);
  t.deepEqual(sizes(4, 50), []);
});

test('the latest state wins per key, under a new number, and the same state is not queued again', async (t) => {
  const folder = scratch(t);
  const first = await openStore(folder, 'boot-1', 0);
  const state = (digest: string, body: string) => ({ key: 'site', digest, body: bytes(body) });
  t.true(first.outbox.queueState(state('d1', 'one')));
  first.outbox.queue('result', bytes('between'));
  t.true(first.outbox.queueState(state('d2', 'two')));
  t.deepEqual(
    first.outbox.after(0, 1000).map((row) => [row.sequence, String(row.body)]),
    [
      [2, 'between'],
      [3, 'two'],
    ],
  );
  first.outbox.acknowledge('boot-1', 3);
  await first[Symbol.asyncDispose]();
  const { outbox } = await open(t, folder, 'boot-2');
  t.false(outbox.queueState(state('d2', 'two, an hour later')), 'known to be there, also by the next start');
  t.true(outbox.queueState(state('d1', 'one')));
});

test('a full disk sheds states, which are queued again later; results and audit rows stay', async (t) => {
  const { outbox } = await open(t);
  const state = { key: 'site', digest: 'd1', body: bytes('state') };
  outbox.queueState(state);
  outbox.queue('result', bytes('result'));
  outbox.queue('audit', bytes('audit'));
  outbox.shed();
  t.deepEqual(
    outbox.after(0, 1000).map((row) => String(row.body)),
    ['result', 'audit'],
  );
  t.true(outbox.queueState(state));
});

test('kill -9 at any moment: nothing that was queued is lost, nothing is doubled', async (t) => {
  const folder = scratch(t);
  const script = new URL('./outbox-writer.ts', import.meta.url).pathname;
  const promised = new Map<number, string>();
  const acknowledged = new Set<number>();
  const exec = systemExec(process.env);
  for (let round = 0; round < 6; round += 1) {
    const line = (text: string) => {
      const [word, one = '', two = ''] = text.split(' ');
      if (word === 'queued') promised.set(Number(one), two);
      else for (const sequence of promised.keys()) if (sequence <= Number(two)) acknowledged.add(sequence);
    };
    const before = promised.size;
    await using child = await exec.spawn(
      process.execPath,
      [script, folder, `boot-${round}`, String(round * 100_000)],
      { output: { line } },
    );
    while (promised.size < before + 20 + round * 7) await new Promise((resolve) => setTimeout(resolve, 1));
    child.kill('SIGKILL');
    await child.exited;
  }
  const { outbox } = await open(t, folder, 'boot-last');
  const rows = outbox.after(0, 1_000_000);
  const kept = new Map(rows.map((row) => [row.sequence, String(row.body)]));
  t.is(kept.size, rows.length);
  t.is(new Set(kept.values()).size, rows.length, 'no body twice');
  for (const [sequence, body] of promised) if (!acknowledged.has(sequence)) t.is(kept.get(sequence), body);
  for (const [sequence, body] of kept) t.is(promised.get(sequence) ?? body, body);
  t.true(promised.size > 100);
});
