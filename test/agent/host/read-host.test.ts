// Reading a machine: files of a folder, a real small disk that fills up, this very machine, and a sensor that never
// answers. A mount namespace of its own keeps the disks of the test away from everybody else.
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { measuresOf } from '../../../agent/host/measures-of.ts';
import { parseCpuTimes } from '../../../agent/host/proc-text.ts';
import { hostReader, placesOf } from '../../../agent/host/read-host.ts';
import { systemClock } from '../../../daemon/clock.ts';
import { runChecked, systemExec } from '../../../daemon/exec.ts';
import { isMeasureName, isSource } from '../../../proto/measures.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { scratch } from '../../support/scratch.ts';

const exec = systemExec(process.env);
const noClock = { isSynchronised: undefined, offsetMs: undefined };

/** A machine as files: contents by path below the folder. */
function machine(folder: string, files: Readonly<Record<string, string>>) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return { proc: join(folder, 'proc'), sys: join(folder, 'sys'), data: folder, kubernetes: undefined };
}

const netDev = '  eth0: 10 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n cni0: 7 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n';

test('only interfaces with a device count, and only sensors that are known', async (t) => {
  const folder = scratch(t);
  const places = machine(folder, {
    'proc/net/dev': netDev,
    'sys/devices/card': '',
    'sys/class/net/eth0/address': '',
    'sys/class/net/cni0/address': '',
    'sys/class/thermal/thermal_zone0/temp': '41000\n',
    'sys/class/thermal/cooling_device0/temp': '99000\n',
    'sys/class/hwmon/hwmon0/name': 'nct6775\n',
    'sys/class/hwmon/hwmon0/temp1_input': '109000\n',
    'sys/class/hwmon/hwmon1/name': 'coretemp\n',
    'sys/class/hwmon/hwmon1/temp1_input': '52000\n',
  });
  symlinkSync('../../../devices/card', join(folder, 'sys/class/net/eth0/device'));
  const measures = measuresOf(await hostReader(places, systemClock)(), noClock, undefined);
  const found = Object.fromEntries(measures.map(({ name, value, source }) => [name, [value, source]]));
  t.deepEqual(found['network.received'], [10, '/proc/net/dev']);
  t.deepEqual(found['temperature.highest'], [52_000, '/sys/class/hwmon']);
});

test('what is not there is absent: on a machine without /proc and /sys, the disk is all there is', async (t) => {
  const folder = scratch(t);
  const raw = await hostReader(machine(folder, {}), systemClock)();
  const names = measuresOf(raw, noClock, undefined).map(({ name }) => name);
  t.deepEqual(
    names.filter((name) => !name.startsWith('disk.data.')),
    [],
  );
  const gone = { proc: folder, sys: folder, data: join(folder, 'gone'), kubernetes: join(folder, 'gone') };
  t.deepEqual(measuresOf(await hostReader(gone, systemClock)(), noClock, undefined), []);
});

test('a sensor that never answers is waited for a moment, and not asked again', async (t) => {
  const folder = scratch(t);
  const places = machine(folder, { 'sys/class/thermal/thermal_zone0/type': '' });
  const pipe = join(folder, 'sys/class/thermal/thermal_zone0/temp');
  await runChecked(exec, 'mkfifo', [pipe]);
  const clock = manualClock();
  const read = hostReader(places, clock);
  const first = read();
  while (clock.sleepers !== 1) await systemClock.sleep(5);
  await clock.advance(2_000);
  t.deepEqual((await first).sensors, []);
  t.true(((await first).disks.data?.total ?? 0) > 0, 'the rest is there');
  t.deepEqual((await read()).sensors, [], 'at once');
  writeFileSync(pipe, '33000\n');
  for (;;) {
    rmSync(pipe, { force: true });
    writeFileSync(pipe, '34000\n');
    const { sensors } = await read();
    if (sensors.length > 0) {
      t.is(sensors[0]?.text, '34000\n', 'asked again once it has answered');
      break;
    }
    await systemClock.sleep(5);
  }
});

test('a disk that fills up, with bytes or with files: each condition begins and ends, and none flaps', async (t) => {
  const folder = scratch(t);
  const script = 'mount -t tmpfs -o size=16m,nr_inodes=1000 none "$1" && exec "$2" "$3" "$1"';
  const program = fileURLToPath(new URL('_sample-small-disk.ts', import.meta.url));
  const args = ['-rm', 'sh', '-c', script, 'sh', folder, process.execPath, program];
  const { code, stdout, stderr } = await exec.run('unshare', args, { timeoutMs: 50_000, group: true });
  if (code !== 0) {
    t.log(`skipped: this user cannot mount a small disk of its own (${stderr.slice(0, 200)})`);
    t.pass();
    return;
  }
  t.deepEqual(JSON.parse(stdout), {
    empty: [],
    'bytes 10': ['DiskFull'],
    'bytes 25': ['DiskFull'],
    'bytes 90': ['DiskFull'],
    'bytes 110': ['DiskFull'],
    'bytes 130': [],
    'inodes 10': ['InodesFull'],
    'inodes 25': ['InodesFull'],
    'inodes 90': ['InodesLow'],
    'inodes 110': ['InodesLow'],
    'inodes 130': [],
  });
});

test('this machine is measured: every name and source of the closed lists, figures as the kernel has them', async (t) => {
  const places = placesOf('/', '');
  const read = hostReader(places, systemClock);
  const before = parseCpuTimes((await read()).stat ?? '');
  await systemClock.sleep(300);
  const measures = measuresOf(await read(), noClock, before);
  const value = Object.fromEntries(measures.map((one) => [one.name, one.value]));
  t.true(measures.every(({ name, source }) => isMeasureName(name) && isSource(source)));
  const kilobytes = /MemTotal: +(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  t.is(value['memory.total'], Number(kilobytes) * 1024);
  t.true((value['memory.available'] ?? 0) > 0 && (value['cpu.busy'] ?? -1) >= 0);
  const [line = ''] = (await exec.run('df', ['--block-size=1', '--output=size', '/'])).stdout
    .split('\n')
    .slice(1);
  t.is(value['disk.data.total'], Number(line));
});

test('a sample costs next to nothing', async (t) => {
  const read = hostReader(placesOf('/', ''), systemClock);
  for (let round = 0; round < 50; round += 1) await read();
  const samples = 300;
  const before = process.cpuUsage();
  for (let round = 0; round < samples; round += 1) measuresOf(await read(), noClock, undefined);
  const { user, system } = process.cpuUsage(before);
  const milliseconds = (user + system) / 1000 / samples;
  t.log(`${milliseconds.toFixed(2)} ms of processor time a sample`);
  // Twenty samples in ten minutes: even ten times the usual cost is a thousandth of a processor.
  t.true(milliseconds < 5);
});
