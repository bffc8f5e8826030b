// The program that asks the library: it answers for this machine as nobody, also from the bundle; a program that hangs,
// fails, prints junk or far too much costs nothing but its answer; planted names of the machine do not come out.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  askHardware,
  describeMachine,
  hardwareReader,
  identify,
  type Program,
  programEnvironment,
} from '../../../agent/host/inspect-hardware.ts';
import { systemClock } from '../../../daemon/clock.ts';
import { systemExec } from '../../../daemon/exec.ts';
import { build, programs } from '../../../dev/build.ts';
import { hardwareFacts, isSource } from '../../../proto/measures.ts';
import { scratch } from '../../support/scratch.ts';

const exec = systemExec(programEnvironment);
const isRoot = process.getuid?.() === 0;
const { signal } = new AbortController();

function script(t: ExecutionContext, text: string): Program {
  const path = join(scratch(t), 'program.mjs');
  writeFileSync(path, text);
  return { command: process.execPath, args: [path] };
}

test('this machine answers: facts of the closed list that name nobody', async (t) => {
  const facts = describeMachine(await askHardware(exec, hardwareReader, signal), '/etc');
  const value = Object.fromEntries(facts.map((fact) => [fact.name, fact.value]));
  const kilobytes = /MemTotal: +(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  t.is(value['memory.total'], String(Number(kilobytes) * 1024));
  t.true(Number(value['cpu.cores']) > 0 && (value['os.kernel'] ?? '') !== '');
  t.true(facts.every(({ name, source }) => !hardwareFacts[name].identifying && isSource(source)));
});

test('the bundle has the program beside the agent, and it runs without node_modules', async (t) => {
  const folder = scratch(t);
  const program = programs.find(({ name }) => name === 'tre-agent');
  if (program === undefined) throw new Error('there is no program tre-agent');
  await build(systemExec(process.env), program, folder);
  const bundled = { command: process.execPath, args: [join(folder, 'tre-agent', 'read-hardware.mjs')] };
  const names = describeMachine(await askHardware(exec, bundled, signal), '/etc').map(({ name }) => name);
  t.true(names.includes('memory.total') && names.includes('cpu.cores'));
});

const lost: readonly (readonly [string, string, RegExp])[] = [
  ['ends with a failure', 'process.exit(3)', /ended with code 3/],
  ['is killed', `process.kill(process.pid, 'SIGKILL')`, /SIGKILL/],
  ['prints junk', `console.log('not json {')`, /JSON/],
  ['prints nothing', '', /JSON/],
  ['prints far too much', `process.stdout.write('x'.repeat(300 * 1024))`, /more than 262144 bytes/],
];

for (const [what, text, message] of lost) {
  test(`a program that ${what} is an error, and no more`, async (t) => {
    await t.throwsAsync(askHardware(exec, script(t, text), signal), { message });
  });
}

test('a program that hangs, with a child of its own, is ended with it when the agent stops', async (t) => {
  const pidFile = join(scratch(t), 'pid');
  const text = `
    import { spawn } from 'node:child_process';
    import { writeFileSync } from 'node:fs';
    process.on('SIGTERM', () => undefined);
    writeFileSync(${JSON.stringify(pidFile)}, String(spawn('sleep', ['1000']).pid));
    setInterval(() => undefined, 1000);`;
  const stopping = new AbortController();
  const asking = askHardware(exec, script(t, text), stopping.signal);
  while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '') await systemClock.sleep(20);
  stopping.abort(new Error('stopping'));
  await t.throwsAsync(asking, { message: /because its caller stopped/ });
  const pid = readFileSync(pidFile, 'utf8');
  const isGone = () =>
    !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  for (let round = 0; round < 50 && !isGone(); round += 1) await systemClock.sleep(20);
  t.true(isGone());
});

test('planted names and serial numbers of the machine stay inside the program', async (t) => {
  if (!isRoot) {
    t.pass('only root can plant them');
    return;
  }
  const folder = scratch(t);
  const mark = 'planted-7f3a';
  const firmware = join(folder, 'virtual', 'dmi', 'id');
  mkdirSync(firmware, { recursive: true });
  for (const name of [
    'product_serial',
    'product_uuid',
    'board_serial',
    'chassis_serial',
    'chassis_asset_tag',
  ])
    writeFileSync(join(firmware, name), `${mark}-${name}\n`);
  writeFileSync(join(firmware, 'sys_vendor'), 'Dell Inc.\n');
  const setUp = `hostname ${mark}-host && mount --bind "$1" /sys/devices/virtual && shift && exec "$@"`;
  const args = ['--uts', '--mount', 'sh', '-c', setUp, 'sh', join(folder, 'virtual')];
  const { command, args: own } = hardwareReader;
  const { code, stdout, stderr } = await exec.run('unshare', [...args, command, ...own], { group: true });
  t.is(code, 0, stderr);
  t.true(stdout.includes('Dell Inc.'), 'the planted folder was read');
  t.false(stdout.includes(mark), stdout);
});

test('serial number and host name are read from their places when they may be', (t) => {
  const sys = scratch(t);
  mkdirSync(join(sys, 'class/dmi/id'), { recursive: true });
  writeFileSync(join(sys, 'class/dmi/id/product_serial'), 'SN-12345\n');
  const names = identify(sys).map(({ name }) => name);
  t.deepEqual(names, ['machine.serial', 'host.name']);
  t.deepEqual(
    identify(join(sys, 'none')).map(({ name }) => name),
    ['host.name'],
  );
});

test('the program is nobody while it asks', async (t) => {
  if (!isRoot) {
    t.pass('only root has something to give up');
    return;
  }
  const folder = scratch(t);
  // The library starts lscpu: one of ours, found first, says who it is.
  const seen = join(folder, 'seen');
  writeFileSync(seen, '', { mode: 0o666 });
  writeFileSync(join(folder, 'lscpu'), `#!/bin/sh\nid -u >> ${seen}; id -G >> ${seen}\n`, { mode: 0o755 });
  await exec.run('chmod', ['755', folder]);
  await exec.run('chmod', ['666', seen]);
  const path = `${folder}:${programEnvironment.PATH}`;
  await askHardware(systemExec({ ...programEnvironment, PATH: path }), hardwareReader, signal);
  t.deepEqual([...new Set(readFileSync(seen, 'utf8').trim().split('\n'))], ['65534']);
});
