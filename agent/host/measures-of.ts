// One sample of the machine: from what was read to named numbers, each with its source. PURE. Invariant: what could not
// be read has no row. Names and units are those of proto/measures.ts. Called by watch-host.ts.
import type { MeasureName, Source } from '../../proto/measures.ts';
import type { Measured } from './host-facts.ts';
import {
  busyBetween,
  type CpuTimes,
  exact,
  parseCpuTimes,
  parseLoad,
  parseMemory,
  parsePressure,
  parseTemperature,
  parseTraffic,
  parseUptime,
} from './proc-text.ts';

/** A file system: bytes and inodes; one without a fixed number of inodes says 0 for both. */
export interface Space {
  readonly total: number;
  readonly available: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

export interface Sensor {
  readonly source: '/sys/class/thermal' | '/sys/class/hwmon';
  readonly text: string;
}

/** Files as they were read; undefined for what is not there. */
export interface RawHost {
  readonly stat: string | undefined;
  readonly loadavg: string | undefined;
  readonly meminfo: string | undefined;
  readonly pressure: Readonly<Record<'cpu' | 'memory' | 'io', string | undefined>>;
  readonly netDev: string | undefined;
  /** Names of the interfaces that are hardware. */
  readonly cards: ReadonlySet<string>;
  readonly uptime: string | undefined;
  readonly sensors: readonly Sensor[];
  readonly disks: Readonly<Record<'data' | 'kubernetes', Space | undefined>>;
}

/** What others found out about the clock. */
export interface ClockFacts {
  readonly isSynchronised: boolean | undefined;
  /** This clock less that of the control plane, ms. */
  readonly offsetMs: number | undefined;
}

type Row = readonly [name: MeasureName, value: number | undefined, source: Source];

/** `before` is the processor time of the sample before; without it nothing is said about how busy they are. */
export function measuresOf(
  raw: RawHost,
  clock: ClockFacts,
  before: CpuTimes | undefined,
): readonly Measured[] {
  const rows: readonly Row[] = [
    ...processorRows(raw, before),
    ...memoryRows(raw.meminfo ?? ''),
    ...diskRows('data', raw.disks.data),
    ...diskRows('kubernetes', raw.disks.kubernetes),
    ['pressure.cpu', parsePressure(raw.pressure.cpu ?? ''), '/proc/pressure'],
    ['pressure.memory', parsePressure(raw.pressure.memory ?? ''), '/proc/pressure'],
    ['pressure.io', parsePressure(raw.pressure.io ?? ''), '/proc/pressure'],
    ...networkRows(raw),
    ...temperatureRows(raw.sensors),
    ['clock.synchronised', asNumber(clock.isSynchronised), 'adjtimex'],
    ['clock.offset', clock.offsetMs, 'control-plane'],
    ['uptime', parseUptime(raw.uptime ?? ''), '/proc/uptime'],
  ];
  return rows.flatMap(([name, value, source]) =>
    value === undefined || exact(value) === undefined ? [] : [{ name, value, source }],
  );
}

function processorRows({ stat, loadavg }: RawHost, before: CpuTimes | undefined): readonly Row[] {
  const after = parseCpuTimes(stat ?? '');
  const busy = before === undefined || after === undefined ? undefined : busyBetween(before, after);
  return [
    ['cpu.busy', busy, '/proc/stat'],
    ['cpu.load1', parseLoad(loadavg ?? ''), '/proc/loadavg'],
  ];
}

function memoryRows(meminfo: string): readonly Row[] {
  const { total, available, swapTotal, swapFree } = parseMemory(meminfo);
  return [
    ['memory.total', total, '/proc/meminfo'],
    ['memory.available', available, '/proc/meminfo'],
    ['swap.total', swapTotal, '/proc/meminfo'],
    ['swap.free', swapFree, '/proc/meminfo'],
  ];
}

function diskRows(disk: 'data' | 'kubernetes', space: Space | undefined): readonly Row[] {
  if (space === undefined) return [];
  const hasInodes = space.inodes > 0;
  return [
    [`disk.${disk}.total`, space.total, 'statfs'],
    [`disk.${disk}.available`, space.available, 'statfs'],
    [`disk.${disk}.inodes`, hasInodes ? space.inodes : undefined, 'statfs'],
    [`disk.${disk}.inodesFree`, hasInodes ? space.inodesFree : undefined, 'statfs'],
  ];
}

function networkRows({ netDev, cards }: RawHost): readonly Row[] {
  const traffic = parseTraffic(netDev ?? '', (name) => cards.has(name));
  return [
    ['network.received', traffic?.received, '/proc/net/dev'],
    ['network.sent', traffic?.sent, '/proc/net/dev'],
    ['network.errors', traffic?.errors, '/proc/net/dev'],
  ];
}

function temperatureRows(sensors: readonly Sensor[]): readonly Row[] {
  return sensors
    .map(({ text, source }): Row => ['temperature.highest', parseTemperature(text), source])
    .sort(([, one = 0], [, other = 0]) => other - one)
    .slice(0, 1);
}

function asNumber(value: boolean | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}
