// The live figures over time: news after the start, when a condition began or ended, and every quarter of an hour; what
// the control plane said of the clock counts until the clock is set, and not for long; the time service is asked seldom.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { HostSnapshot } from '../../../agent/host/host-facts.ts';
import type { RawHost } from '../../../agent/host/measures-of.ts';
import { HostWatch } from '../../../agent/host/watch-host.ts';
import { systemClock } from '../../../daemon/clock.ts';
import { systemExec } from '../../../daemon/exec.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { scratch } from '../../support/scratch.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const gibibyte = 2 ** 30;
const nothing: RawHost = {
  stat: undefined,
  loadavg: undefined,
  meminfo: undefined,
  pressure: { cpu: undefined, memory: undefined, io: undefined },
  netDev: undefined,
  cards: new Set(),
  uptime: '99999.00 1.00\n',
  sensors: [],
  disks: { data: undefined, kubernetes: undefined },
};

/** A watch of a machine whose disk the test fills; `program` stands for timedatectl. */
function stage(t: ExecutionContext, program = 'exit 1') {
  const folder = scratch(t);
  const calls = join(folder, 'calls');
  writeFileSync(calls, '');
  writeFileSync(join(folder, 'timedatectl'), `#!/bin/sh\necho "$*" >> ${calls}\n${program}\n`, {
    mode: 0o755,
  });
  const clock = manualClock();
  const machine = { free: 50 * gibibyte, canTell: true, stat: 'cpu 0 0 0 0\n' };
  const told: HostSnapshot[] = [];
  const errors: unknown[] = [];
  let reads = 0;
  const watch = new HostWatch({
    read: () => {
      reads += 1;
      const data = { total: 100 * gibibyte, available: machine.free, inodes: 0, inodesFree: 0 };
      return Promise.resolve({ ...nothing, stat: machine.stat, disks: { data, kubernetes: undefined } });
    },
    exec: systemExec({ PATH: folder }),
    clock,
    random: seededRandom(1),
    onNews: (snapshot) => {
      if (!machine.canTell) throw new Error('the disk is full');
      told.push(snapshot);
    },
    onError: (error) => errors.push(error),
  });
  t.teardown(() => watch[Symbol.asyncDispose]());
  /** Lets that much time pass, and the sample that falls due in it be taken. */
  const pass = async (ms: number): Promise<void> => {
    const before = reads;
    await clock.advance(ms);
    while (reads === before || clock.sleepers === 0) await systemClock.sleep(2);
  };
  const value = (name: string) => watch.snapshot?.measures.find((one) => one.name === name)?.value;
  /** The time service was asked, and has had time to answer. */
  const answered = async (): Promise<void> => {
    while (readFileSync(calls, 'utf8') === '') await systemClock.sleep(2);
    await systemClock.sleep(300);
  };
  return { watch, clock, machine, told, errors, calls, pass, value, answered };
}

const codes = (snapshots: readonly HostSnapshot[]) =>
  snapshots.map(({ conditions }) => conditions.map(({ code }) => code).join(' '));

test('news: at the start, when a condition begins and ends, and after a quarter of an hour of quiet', async (t) => {
  const { told, machine, pass } = stage(t);
  await pass(0);
  t.deepEqual(codes(told), ['']);
  for (let sample = 0; sample < 5; sample += 1) await pass(30_000);
  t.is(told.length, 1, 'quiet');
  machine.free = gibibyte;
  await pass(30_000);
  machine.free = 11 * gibibyte;
  await pass(30_000);
  machine.free = 50 * gibibyte;
  await pass(30_000);
  t.deepEqual(codes(told), ['', 'DiskFull', 'DiskLow', '']);
  for (let sample = 0; sample < 30; sample += 1) await pass(30_000);
  t.is(told.length, 5);
});

test('news that could not be told is told with a later sample', async (t) => {
  const { told, errors, machine, pass, watch } = stage(t);
  await pass(0);
  machine.canTell = false;
  machine.free = gibibyte;
  await pass(30_000);
  t.is(errors.length, 1);
  t.deepEqual(watch.snapshot?.conditions, [{ code: 'DiskFull', count: 0 }], 'it is known here');
  machine.canTell = true;
  await pass(30_000);
  t.deepEqual(codes(told), ['', 'DiskFull']);
});

test('how busy the processors are is said from the second sample on', async (t) => {
  const { machine, pass, value } = stage(t);
  await pass(0);
  t.is(value('cpu.busy'), undefined);
  machine.stat = 'cpu 25 0 0 75\n';
  await pass(30_000);
  t.is(value('cpu.busy'), 250);
});

test('the offset of the clock counts until the clock is set', async (t) => {
  const { watch, clock, pass, value } = stage(t);
  await pass(0);
  t.is(value('clock.offset'), undefined);
  watch.setClockOffset(-90_000.4);
  await pass(30_000);
  t.is(value('clock.offset'), -90_000);
  t.deepEqual(watch.snapshot?.conditions, [{ code: 'ClockOff', count: 0 }]);
  clock.jump(90_000);
  await pass(30_000);
  t.is(value('clock.offset'), undefined);
  t.deepEqual(watch.snapshot?.conditions, []);
});

test('the offset of the clock is measured anew with every stream; without one nothing is known after a while', async (t) => {
  const { watch, pass, value } = stage(t);
  await pass(0);
  watch.setClockOffset(90_000);
  for (let sample = 0; sample < 30; sample += 1) await pass(30_000);
  t.deepEqual(watch.snapshot?.conditions, [{ code: 'ClockOff', count: 0 }], 'a quarter of an hour');
  watch.setClockOffset(50);
  await pass(30_000);
  t.is(value('clock.offset'), 50);
  t.deepEqual(watch.snapshot?.conditions, [], 'a time service slewed both clocks meanwhile');
  watch.setClockOffset(90_000);
  for (let sample = 0; sample < 41; sample += 1) await pass(30_000);
  t.is(value('clock.offset'), undefined, 'twenty minutes without a word of the control plane');
  t.deepEqual(watch.snapshot?.conditions, []);
});

test('the time service is asked every ten minutes; its answers', async (t) => {
  const { calls, pass, value, watch, answered } = stage(t, 'echo no');
  await pass(0);
  t.is(value('clock.synchronised'), undefined, 'no sample waits for it');
  await answered();
  await pass(30_000);
  t.is(value('clock.synchronised'), 0);
  t.deepEqual(watch.snapshot?.conditions, [{ code: 'ClockNotSynchronised', count: 0 }]);
  for (let sample = 0; sample < 24; sample += 1) await pass(30_000);
  await answered();
  t.deepEqual(readFileSync(calls, 'utf8').trim().split('\n'), [
    'show --property=NTPSynchronized --value',
    'show --property=NTPSynchronized --value',
  ]);
});

for (const [program, expected] of [
  ['echo yes', 1],
  ['echo maybe', undefined],
  ['echo no; exit 1', undefined],
  ['kill -9 $$', undefined],
] as const) {
  test(`a time service that does "${program}"`, async (t) => {
    const { pass, value, answered } = stage(t, program);
    await pass(0);
    await answered();
    await pass(30_000);
    t.is(value('clock.synchronised'), expected);
  });
}

test('without a time service nothing is said of it', async (t) => {
  const { watch } = stage(t);
  while (watch.snapshot === undefined) await systemClock.sleep(5);
  t.false(watch.snapshot.measures.some(({ name }) => name === 'clock.synchronised'));
});
