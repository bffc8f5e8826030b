// One sample as rows: every row of the closed list with its source, and no row for what was not read, whatever was.
import test from 'ava';
import fc from 'fast-check';
import { measuresOf, type RawHost } from '../../../agent/host/measures-of.ts';
import { isMeasureName, isSource, measures as measureList } from '../../../proto/measures.ts';

const nothing: RawHost = {
  stat: undefined,
  loadavg: undefined,
  meminfo: undefined,
  pressure: { cpu: undefined, memory: undefined, io: undefined },
  netDev: undefined,
  cards: new Set(),
  uptime: undefined,
  sensors: [],
  disks: { data: undefined, kubernetes: undefined },
};
const unknown = { isSynchronised: undefined, offsetMs: undefined };
const psi = 'some avg10=0.00 avg60=1.50 avg300=0.00 total=0\n';
const disk = { total: 1_000, available: 100, inodes: 50, inodesFree: 40 };
const everything: RawHost = {
  stat: 'cpu 50 0 0 150\n',
  loadavg: '0.50 0 0 1/2 3\n',
  meminfo: 'MemTotal: 8 kB\nMemAvailable: 4 kB\nSwapTotal: 2 kB\nSwapFree: 1 kB\n',
  pressure: { cpu: psi, memory: psi, io: psi },
  netDev: 'eth0: 10 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n',
  cards: new Set(['eth0']),
  uptime: '100.00 1.00\n',
  sensors: [
    { source: '/sys/class/thermal', text: '41000\n' },
    { source: '/sys/class/hwmon', text: '52000\n' },
    { source: '/sys/class/thermal', text: '' },
  ],
  disks: { data: disk, kubernetes: disk },
};

test('nothing read, nothing said', (t) => {
  t.deepEqual(measuresOf(nothing, unknown, undefined), []);
  t.deepEqual(measuresOf(nothing, unknown, { busy: 0, total: 0 }), []);
});

test('everything read, every name of the list said once', (t) => {
  const rows = measuresOf(everything, { isSynchronised: false, offsetMs: -5 }, { busy: 0, total: 0 });
  t.deepEqual(rows.map(({ name }) => name).sort(), Object.keys(measureList).sort());
  const value = Object.fromEntries(rows.map((row) => [row.name, row.value]));
  t.like(value, { 'cpu.busy': 250, 'swap.free': 1_024, 'pressure.io': 15, 'network.sent': 20 });
  t.like(value, { 'clock.synchronised': 0, 'clock.offset': -5, 'disk.kubernetes.inodesFree': 40 });
  t.like(
    rows.find(({ name }) => name === 'temperature.highest'),
    { value: 52_000, source: '/sys/class/hwmon' },
  );
});

test('a file system without a fixed number of inodes says nothing of them', (t) => {
  const data = { ...disk, inodes: 0, inodesFree: 0 };
  const rows = measuresOf({ ...nothing, disks: { data, kubernetes: undefined } }, unknown, undefined);
  t.deepEqual(
    rows.map(({ name }) => name),
    ['disk.data.total', 'disk.data.available'],
  );
});

test('whatever is read: whole numbers under names and sources of the list, each name once', (t) => {
  const text = fc.option(fc.oneof(fc.string(), fc.constantFrom(...strings(everything))), { nil: undefined });
  const number = fc.oneof(fc.double(), fc.maxSafeNat(), fc.constant(2 ** 60));
  const space = fc.option(
    fc.record({ total: number, available: number, inodes: number, inodesFree: number }),
    { nil: undefined },
  );
  const source = fc.constantFrom('/sys/class/thermal' as const, '/sys/class/hwmon' as const);
  const raw = fc.record({
    stat: text,
    loadavg: text,
    meminfo: text,
    pressure: fc.record({ cpu: text, memory: text, io: text }),
    netDev: text,
    cards: fc.constant(new Set(['eth0'])),
    uptime: text,
    sensors: fc.array(fc.record({ source, text: fc.oneof(fc.string(), fc.nat().map(String)) })),
    disks: fc.record({ data: space, kubernetes: space }),
  });
  fc.assert(
    fc.property(raw, fc.option(number, { nil: undefined }), (given, offsetMs) => {
      const rows = measuresOf(given, { isSynchronised: undefined, offsetMs }, { busy: 0, total: 0 });
      const isRight = rows.every(
        ({ name, value, source: from }) =>
          isMeasureName(name) && isSource(from) && Number.isSafeInteger(value),
      );
      return isRight && new Set(rows.map(({ name }) => name)).size === rows.length;
    }),
    { numRuns: 1_000 },
  );
  t.pass();
});

function strings({ stat, loadavg, meminfo, netDev, uptime }: RawHost): string[] {
  return [stat, loadavg, meminfo, netDev, uptime, psi].filter((text) => text !== undefined);
}
