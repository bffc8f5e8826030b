// When the hardware is read: once per start of the machine and once a day, remembered over restarts of the agent; a
// program that fails is tried again an hour later and leaves what was known; names only when the site allows it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { HardwareSnapshot } from '../../../agent/host/host-facts.ts';
import { HardwareWatch } from '../../../agent/host/watch-hardware.ts';
import { hardwareOver } from '../../../agent/store/hardware.ts';
import { type AgentStore, openStore } from '../../../agent/store/store.ts';
import { systemClock } from '../../../daemon/clock.ts';
import { systemExec } from '../../../daemon/exec.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { scratch } from '../../support/scratch.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const hourMs = 3_600_000;

/** A machine of files, with a program that prints one fact and counts how often it was asked. */
async function stage(t: ExecutionContext) {
  const folder = scratch(t);
  const calls = join(folder, 'calls');
  writeFileSync(calls, '');
  mkdirSync(join(folder, 'proc/sys/kernel/random'), { recursive: true });
  mkdirSync(join(folder, 'etc'));
  writeFileSync(join(folder, 'etc/os-release'), 'NAME="Debian GNU/Linux"\n');
  const boot = (id: string) => writeFileSync(join(folder, 'proc/sys/kernel/random/boot_id'), `${id}\n`);
  const program = (text: string) => writeFileSync(join(folder, 'program'), `echo >> ${calls}\n${text}\n`);
  boot('boot-one');
  program(`echo '{"cpu":{"cores":8}}'`);
  const store: AgentStore = await openStore(join(folder, 'data'), '019aaf00-0000-7000-8000-0000000000b0');
  t.teardown(() => store[Symbol.asyncDispose]());
  const clock = manualClock();
  const start = (mayIdentify = false) => {
    const told: HardwareSnapshot[] = [];
    const errors: unknown[] = [];
    const watch = new HardwareWatch({
      store: store.hardware,
      exec: systemExec({ PATH: '/usr/bin:/bin' }),
      reader: { command: 'sh', args: [join(folder, 'program')] },
      clock,
      random: seededRandom(1),
      proc: join(folder, 'proc'),
      sys: join(folder, 'sys'),
      etc: join(folder, 'etc'),
      mayIdentify,
      onNews: (snapshot) => told.push(snapshot),
      onError: (error) => errors.push(error),
    });
    t.teardown(() => watch[Symbol.asyncDispose]());
    return { watch, told, errors };
  };
  const asked = () => readFileSync(calls, 'utf8').length;
  /** Lets time pass, and whatever was begun in it come to its end. */
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await systemClock.sleep(20);
    while (clock.sleepers === 0) await systemClock.sleep(5);
  };
  return { store, start, boot, program, asked, pass };
}

const coresOf = (snapshot: HardwareSnapshot | undefined) =>
  snapshot?.facts.find(({ name }) => name === 'cpu.cores')?.value;

test('read soon after the start, and then once a day', async (t) => {
  const { start, asked, pass } = await stage(t);
  const { watch, told } = start();
  t.is(watch.snapshot, undefined);
  await pass(5_000);
  t.is(coresOf(watch.snapshot), '8');
  t.is(watch.snapshot?.facts.find(({ name }) => name === 'os.name')?.value, 'Debian GNU/Linux');
  t.is(told.length, 1);
  for (let hour = 0; hour < 23; hour += 1) await pass(hourMs);
  t.is(asked(), 1);
  await pass(hourMs);
  t.is(asked(), 2);
});

test('a start of the agent asks nothing again; a start of the machine does', async (t) => {
  const { start, asked, pass, boot } = await stage(t);
  const first = start();
  await pass(5_000);
  await first.watch[Symbol.asyncDispose]();
  const second = start();
  t.is(coresOf(second.watch.snapshot), '8', 'known at once');
  await pass(5_000);
  t.is(asked(), 1);
  await second.watch[Symbol.asyncDispose]();
  boot('boot-two');
  start();
  await pass(5_000);
  t.is(asked(), 2);
});

test('a program that fails leaves what was known, and is tried again an hour later', async (t) => {
  const { start, asked, pass, program, boot } = await stage(t);
  const { watch, errors } = start();
  await pass(5_000);
  boot('boot-two');
  program('exit 3');
  await pass(hourMs);
  t.is(errors.length, 1);
  t.is(coresOf(watch.snapshot), '8');
  program(`echo '{"cpu":{"cores":16}}'`);
  await pass(hourMs);
  t.is(asked(), 3);
  t.is(coresOf(watch.snapshot), '16');
});

test('a program that never works: what needs no program is told, and is not taken for all there is', async (t) => {
  const { start, store, pass, program } = await stage(t);
  program('echo junk');
  const { watch, told } = start();
  await pass(5_000);
  t.deepEqual(
    watch.snapshot?.facts.map(({ name }) => name),
    ['os.name', 'os.kernel', 'os.architecture'],
  );
  t.is(told.length, 1);
  t.is(store.hardware.read(), undefined);
});

test('names of the machine are there only when the site allows it, and are never stored', async (t) => {
  const { start, store, pass } = await stage(t);
  const open = start(true);
  await pass(5_000);
  t.true(open.watch.snapshot?.mayIdentify);
  t.true(open.watch.snapshot?.facts.some(({ name }) => name === 'host.name'));
  t.false(JSON.stringify(store.hardware.read()).includes('host.name'));
  await open.watch[Symbol.asyncDispose]();
  const closed = start(false);
  t.false(closed.watch.snapshot?.mayIdentify);
  t.false(closed.watch.snapshot?.facts.some(({ name }) => name === 'host.name'));
});

test('what cannot be read back counts as never read', (t) => {
  const rows = [undefined, '', '{}', '[1]', '[{"name":"cpu.cores"}]'];
  for (const facts of rows) {
    const row = facts === undefined ? undefined : { machineBoot: 'b', readAtMs: 1, facts };
    const database = { prepare: () => ({ get: () => row }) } as unknown as Parameters<typeof hardwareOver>[0];
    t.is(hardwareOver(database).read(), undefined, facts);
  }
});
