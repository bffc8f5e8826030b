// When a figure becomes a condition: each threshold from both sides, that nothing flaps between beginning and end, and
// that a figure which is absent begins nothing and ends nothing.
import test from 'ava';
import fc from 'fast-check';
import type { Measured } from '../../../agent/host/host-facts.ts';
import { type Held, judge, settlingSeconds, thresholds } from '../../../agent/host/thresholds.ts';
import { type MeasureName, measures as measureList } from '../../../proto/measures.ts';

type Values = Partial<Record<MeasureName, number>>;

const nothing: Held = new Set();
const mebibyte = 2 ** 20;
const terabyte = 1e12;

const measured = (values: Values): readonly Measured[] =>
  Object.entries(values).map(([name, value]) => ({ name: name as MeasureName, value, source: 'statfs' }));
const codes = (values: Values, before: Held = nothing) =>
  judge(measured(values), before).conditions.map(({ code }) => code);
const disk = (available: number, total = terabyte): Values => ({
  'disk.data.total': total,
  'disk.data.available': available,
});
const inodes = (free: number): Values => ({ 'disk.data.inodes': 1_000, 'disk.data.inodesFree': free });
const memory = (available: number, total = terabyte): Values => ({
  'memory.total': total,
  'memory.available': available,
});

const says = test.macro({
  exec(t, values: Values, ...expected: readonly string[]) {
    t.deepEqual(codes(values), expected);
  },
  title: (name = '') => name,
});

test('a disk with a tenth free', says, disk(terabyte / 10));
test('a disk with less', says, disk(terabyte / 10 - 1), 'DiskLow');
test('a disk with a fiftieth free', says, disk(terabyte / 50), 'DiskLow');
test('a disk with less than that is full, and not low as well', says, disk(terabyte / 50 - 1), 'DiskFull');
test('half a gibibyte left of ten', says, disk(500 * mebibyte, 10_000 * mebibyte), 'DiskFull');
test('a small disk that is half empty', says, disk(200 * mebibyte, 400 * mebibyte));
test('a disk of no size', says, disk(0, 0));
test('inodes for a tenth', says, inodes(100));
test('fewer inodes', says, inodes(99), 'InodesLow');
test('hardly any inode', says, inodes(19), 'InodesFull');
test('a twentieth of the memory', says, memory(terabyte / 20));
test('less memory', says, memory(terabyte / 20 - 1), 'MemoryLow');
test('a small machine with 99 MiB left', says, memory(99 * mebibyte, 1_024 * mebibyte), 'MemoryLow');
test('processors waited for most of the time', says, { 'pressure.cpu': 801 }, 'UnderPressure');
test('memory waited for most of the time', says, { 'pressure.memory': 601 }, 'UnderPressure');
test('disks waited for, but not most of the time', says, { 'pressure.io': 800 });
test('warm', says, { 'temperature.highest': 90_000 });
test('hot', says, { 'temperature.highest': 90_001 }, 'TemperatureHigh');
test('a clock ahead', says, { 'clock.offset': 60_001 }, 'ClockOff');
test('a clock behind', says, { 'clock.offset': -60_001 }, 'ClockOff');
test('a clock off by a minute', says, { 'clock.offset': 60_000 });
test(
  'a clock that is not synchronised',
  says,
  { 'clock.synchronised': 0, uptime: 9_999 },
  'ClockNotSynchronised',
);
test('a clock that nobody knows of', says, { uptime: 9_999 });
test('a machine that has just started', says, { 'clock.synchronised': 0, uptime: settlingSeconds - 1 });
test('nothing measured', says, {});

test('one disk full and the other low are two things; in the order of the list', (t) => {
  const both = { ...disk(0), 'disk.kubernetes.total': 100, 'disk.kubernetes.available': 9 };
  t.deepEqual(codes({ ...both, 'disk.kubernetes.available': 1 }), ['DiskFull']);
  t.deepEqual(codes({ ...both, 'disk.kubernetes.total': 1e12, 'disk.kubernetes.available': 9e10 }), [
    'DiskLow',
    'DiskFull',
  ]);
});

test('what one disk has does not bind the other', (t) => {
  const { held } = judge(measured(disk(9e10)), nothing);
  const other = { ...disk(5e11), 'disk.kubernetes.total': 1e12, 'disk.kubernetes.available': 11e10 };
  t.deepEqual(codes(other, held), []);
});

/** One figure at a value, by threshold: the simplest machine on which it is the only thing that may be wrong. */
const machines: Readonly<Record<keyof typeof thresholds, (value: number) => Values>> = {
  diskLow: (permille) => disk(permille * 1e9),
  diskFull: (permille) => disk(permille * 1e9),
  diskFullBytes: (bytes) => disk(bytes, 11 * 1024 * mebibyte),
  inodesLow: inodes,
  inodesFull: inodes,
  memoryLow: (permille) => memory(permille * 1e9),
  memoryLowBytes: (bytes) => memory(bytes, 1_024 * mebibyte),
  pressureCpu: (value) => ({ 'pressure.cpu': value }),
  pressureMemory: (value) => ({ 'pressure.memory': value }),
  pressureIo: (value) => ({ 'pressure.io': value }),
  temperature: (value) => ({ 'temperature.highest': value }),
  clockOff: (value) => ({ 'clock.offset': value }),
};

for (const [name, machine] of Object.entries(machines)) {
  const { begins, ends } = thresholds[name as keyof typeof thresholds];
  test(`${name}: between beginning and end, what was stays`, (t) => {
    const middle = Math.round((begins + ends) / 2);
    const worse = begins + (begins - ends);
    const better = ends + (ends - begins);
    const held = (value: number, before: Held) => judge(measured(machine(value)), before).held;
    const bad = held(worse, nothing);
    t.true(bad.size > 0, 'it begins');
    const key = [...bad].filter((one) => !held(middle, nothing).has(one));
    t.true(key.length > 0, 'it had not begun in the middle');
    t.true(
      key.every((one) => held(middle, bad).has(one)),
      'it goes on in the middle',
    );
    t.false(
      key.some((one) => held(better, bad).has(one)),
      'it ends',
    );
  });
}

const anyMeasures = fc.dictionary(
  fc.constantFrom(...(Object.keys(measureList) as MeasureName[])),
  fc.maxSafeInteger(),
);

test('judged again on the same figures, nothing changes', (t) => {
  fc.assert(
    fc.property(anyMeasures, anyMeasures, (first, second) => {
      const before = judge(measured(first), nothing).held;
      const once = judge(measured(second), before);
      t.deepEqual(judge(measured(second), once.held), once);
    }),
    { numRuns: 1_000 },
  );
});

test('what is not measured stays as it was; only how far the clock is off is forgotten', (t) => {
  fc.assert(
    fc.property(anyMeasures, (values) => {
      const { held, conditions } = judge(measured(values), nothing);
      const blind = judge([], held);
      t.deepEqual(blind.held, new Set([...held].filter((one) => !one.startsWith('ClockOff '))));
      t.deepEqual(
        blind.conditions,
        conditions.filter(({ code }) => code !== 'ClockOff'),
      );
    }),
  );
});

test('a full disk that hangs stays full until it says otherwise', (t) => {
  const { held } = judge(measured(disk(0)), nothing);
  const blind = judge(measured({ uptime: 9_999 }), held);
  t.deepEqual(blind.conditions, [{ code: 'DiskFull', count: 0 }]);
  t.deepEqual(judge(measured(disk(terabyte / 2)), blind.held).conditions, []);
});

test('a file system that turns out to have no fixed number of files lacks none', (t) => {
  const { held } = judge(measured(inodes(0)), nothing);
  t.deepEqual(codes({ 'disk.data.inodes': 0, 'disk.data.inodesFree': 0 }, held), []);
});
