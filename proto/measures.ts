// The closed lists of what a site measures of its machine and of what the machine is made of, with unit and source.
// A value that cannot be had is absent, never 0. A name is never used again for something else. Written by agent/host,
// read by the control plane and by screens. Facts marked `identifying` leave the site only when the site allows it.

/** Where a value comes from; a person can look there. */
export const sources = [
  '/proc/stat',
  '/proc/loadavg',
  '/proc/meminfo',
  '/proc/pressure',
  '/proc/net/dev',
  '/proc/uptime',
  '/sys/class/thermal',
  '/sys/class/hwmon',
  '/sys/class/dmi',
  '/etc/os-release',
  'uname',
  'statfs',
  'adjtimex',
  'control-plane',
  'systeminformation',
] as const;

export type Source = (typeof sources)[number];

interface MeasureEntry {
  readonly unit: 'bytes' | 'count' | 'permille' | 'millidegrees' | 'milliseconds' | 'seconds' | 'boolean';
  readonly text: string;
}

// biome-ignore format: one line per entry reads as the table it is
const measureEntries = {
  'cpu.busy': { unit: 'permille', text: 'How busy the processors were since the last sample.' },
  'cpu.load1': { unit: 'permille', text: 'Load average of one minute, in thousandths.' },
  'memory.total': { unit: 'bytes', text: 'Memory of the machine.' },
  'memory.available': { unit: 'bytes', text: 'Memory that new work can have.' },
  'swap.total': { unit: 'bytes', text: 'Swap space.' },
  'swap.free': { unit: 'bytes', text: 'Free swap space.' },
  'disk.data.total': { unit: 'bytes', text: 'Size of the disk of the agent\'s data folder.' },
  'disk.data.available': { unit: 'bytes', text: 'Free space there.' },
  'disk.data.inodes': { unit: 'count', text: 'Inodes there.' },
  'disk.data.inodesFree': { unit: 'count', text: 'Free inodes there.' },
  'disk.kubernetes.total': { unit: 'bytes', text: 'Size of the disk of Kubernetes.' },
  'disk.kubernetes.available': { unit: 'bytes', text: 'Free space there.' },
  'disk.kubernetes.inodes': { unit: 'count', text: 'Inodes there.' },
  'disk.kubernetes.inodesFree': { unit: 'count', text: 'Free inodes there.' },
  'pressure.cpu': { unit: 'permille', text: 'Share of the last minute in which work waited for a processor.' },
  'pressure.memory': { unit: 'permille', text: 'Share of the last minute in which work waited for memory.' },
  'pressure.io': { unit: 'permille', text: 'Share of the last minute in which work waited for a disk.' },
  'network.received': { unit: 'bytes', text: 'Received by the network cards since the start of the machine.' },
  'network.sent': { unit: 'bytes', text: 'Sent by the network cards since the start of the machine.' },
  'network.errors': { unit: 'count', text: 'Packets with errors on them since the start of the machine.' },
  'temperature.highest': { unit: 'millidegrees', text: 'The hottest sensor, in thousandths of a degree Celsius.' },
  'clock.synchronised': { unit: 'boolean', text: '1 when the kernel says that its clock is synchronised.' },
  'clock.offset': { unit: 'milliseconds', text: 'This clock less that of the control plane, at the last contact.' },
  'uptime': { unit: 'seconds', text: 'Since the start of the machine.' },
} as const satisfies Record<string, MeasureEntry>;

interface HardwareEntry {
  readonly text: string;
  /** Names one machine: a serial number or a host name. */
  readonly identifying: boolean;
}

// biome-ignore format: one line per entry reads as the table it is
const hardwareEntries = {
  'cpu.model': { identifying: false, text: 'Processor.' },
  'cpu.vendor': { identifying: false, text: 'Its maker.' },
  'cpu.cores': { identifying: false, text: 'Logical processors.' },
  'cpu.physicalCores': { identifying: false, text: 'Physical cores.' },
  'memory.total': { identifying: false, text: 'Memory, bytes.' },
  'memory.modules': { identifying: false, text: 'Memory modules, each as size and type.' },
  'disk.devices': { identifying: false, text: 'Disks, each as size and type.' },
  'graphics.models': { identifying: false, text: 'Graphics processors.' },
  'os.name': { identifying: false, text: 'Operating system.' },
  'os.release': { identifying: false, text: 'Its release.' },
  'os.kernel': { identifying: false, text: 'Kernel.' },
  'os.architecture': { identifying: false, text: 'Architecture.' },
  'machine.maker': { identifying: false, text: 'Maker of the machine.' },
  'machine.model': { identifying: false, text: 'Model of the machine.' },
  'bios.version': { identifying: false, text: 'Firmware.' },
  'machine.serial': { identifying: true, text: 'Serial number of the machine.' },
  'host.name': { identifying: true, text: 'Name of the machine.' },
} as const satisfies Record<string, HardwareEntry>;

export type MeasureName = keyof typeof measureEntries;
export type HardwareName = keyof typeof hardwareEntries;

export const measures: Readonly<Record<MeasureName, MeasureEntry>> = measureEntries;
export const hardwareFacts: Readonly<Record<HardwareName, HardwareEntry>> = hardwareEntries;

export function isMeasureName(text: string): text is MeasureName {
  return Object.hasOwn(measureEntries, text);
}

export function isHardwareName(text: string): text is HardwareName {
  return Object.hasOwn(hardwareEntries, text);
}

export function isSource(text: string): text is Source {
  return sources.some((source) => source === text);
}
