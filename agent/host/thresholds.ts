// When a number of the machine becomes a condition, and when it stops being one. PURE. Invariants: a condition ends at a
// better value than it begins at, so that a number that wavers around a threshold changes nothing; without a value nothing
// begins, and nothing ends: a disk that hangs has not become empty; what is held comes in and goes out as a value.
// Called by watch-host.ts.
import { type Condition, type ConditionCode, conditions } from '../../proto/conditions.ts';
import type { MeasureName } from '../../proto/measures.ts';
import type { Measured } from './host-facts.ts';

interface Threshold {
  readonly begins: number;
  readonly ends: number;
}

const mebibyte = 2 ** 20;

/** Where a figure is somebody else's, its source stands beside it. */
export const thresholds = {
  /** Free share of a disk, permille. The kubelet removes pods below 100 (nodefs.available<10%), that of K3s below 50. */
  diskLow: { begins: 100, ends: 120 },
  diskFull: { begins: 20, ends: 30 },
  /** Free bytes of a disk that is low: a release with its images needs more than this. */
  diskFullBytes: { begins: 512 * mebibyte, ends: 768 * mebibyte },
  /** Free share of the inodes, permille. The kubelet removes pods below 50 (nodefs.inodesFree<5%). */
  inodesLow: { begins: 100, ends: 120 },
  inodesFull: { begins: 20, ends: 30 },
  /** Available share of the memory, permille. */
  memoryLow: { begins: 50, ends: 80 },
  /** Available bytes. The kubelet removes pods below 100 MiB (memory.available<100Mi). */
  memoryLowBytes: { begins: 100 * mebibyte, ends: 160 * mebibyte },
  /** Share of a minute in which something waited, permille. systemd-oomd ends programs at 600 for memory. */
  pressureCpu: { begins: 800, ends: 600 },
  pressureMemory: { begins: 600, ends: 450 },
  pressureIo: { begins: 800, ends: 600 },
  /** Thousandths of a degree. Processors slow themselves down between 95 and 105 degrees. */
  temperature: { begins: 90_000, ends: 85_000 },
  /** Milliseconds, either way. */
  clockOff: { begins: 60_000, ends: 30_000 },
} as const satisfies Record<string, Threshold>;

/** A time service needs some minutes after the start of the machine, and is asked only every ten; seconds. */
export const settlingSeconds = 1_200;

/** What is held now, as `code subject`: one condition may concern several disks. */
export type Held = ReadonlySet<string>;

export interface Judgement {
  readonly held: Held;
  /** In the order of the closed list. */
  readonly conditions: readonly Condition[];
}

type Values = (name: MeasureName) => number | undefined;

interface Rule {
  readonly code: ConditionCode;
  readonly subject: string;
  /** `isHeld`: it held until now. */
  readonly holds: (values: Values, isHeld: boolean) => boolean;
}

/** What is the matter with a machine of these measures, given what was the matter before. */
export function judge(measures: readonly Measured[], before: Held): Judgement {
  const byName = new Map(measures.map(({ name, value }) => [name, value]));
  const values: Values = (name) => byName.get(name);
  const holding = rules.filter((rule) => rule.holds(values, before.has(keyOf(rule))));
  const held = new Set(holding.map(keyOf));
  const codes = new Set(holding.filter((rule) => !isWorse(rule, held)).map(({ code }) => code));
  const inOrder = (Object.keys(conditions) as ConditionCode[]).filter((code) => codes.has(code));
  return { held, conditions: inOrder.map((code) => ({ code, count: 0 })) };
}

function keyOf({ code, subject }: Pick<Rule, 'code' | 'subject'>): string {
  return `${code} ${subject}`;
}

/** A full disk need not be called low as well. */
function isWorse({ code, subject }: Rule, held: Held): boolean {
  const worse = code === 'DiskLow' ? 'DiskFull' : code === 'InodesLow' ? 'InodesFull' : undefined;
  return worse !== undefined && held.has(keyOf({ code: worse, subject }));
}

const rules: readonly Rule[] = [
  ...diskRules('data'),
  ...diskRules('kubernetes'),
  { code: 'MemoryLow', subject: 'memory', holds: isMemoryLow },
  above('UnderPressure', 'pressure.cpu', thresholds.pressureCpu),
  above('UnderPressure', 'pressure.memory', thresholds.pressureMemory),
  above('UnderPressure', 'pressure.io', thresholds.pressureIo),
  above('TemperatureHigh', 'temperature.highest', thresholds.temperature),
  { code: 'ClockNotSynchronised', subject: 'clock', holds: isNotSynchronised },
  { code: 'ClockOff', subject: 'clock.offset', holds: isClockOff },
];

function diskRules(disk: 'data' | 'kubernetes'): readonly Rule[] {
  const bytes = (values: Values) => values(`disk.${disk}.available`);
  const space = (values: Values) => shareOf(bytes(values), values(`disk.${disk}.total`));
  const inodes = (values: Values) =>
    shareOf(values(`disk.${disk}.inodesFree`), values(`disk.${disk}.inodes`));
  const isFull: Rule['holds'] = (values, isHeld) =>
    isBelow(space(values), thresholds.diskFull, isHeld) ||
    (isBelow(bytes(values), thresholds.diskFullBytes, isHeld) &&
      isBelow(space(values), thresholds.diskLow, isHeld));
  return [
    { code: 'DiskFull', subject: disk, holds: isFull },
    below('DiskLow', disk, space),
    below('InodesFull', disk, inodes),
    below('InodesLow', disk, inodes),
  ];
}

const shares = {
  DiskLow: thresholds.diskLow,
  InodesFull: thresholds.inodesFull,
  InodesLow: thresholds.inodesLow,
} as const;

function below(
  code: keyof typeof shares,
  subject: string,
  share: (values: Values) => number | undefined,
): Rule {
  return { code, subject, holds: (values, isHeld) => isBelow(share(values), shares[code], isHeld) };
}

function isMemoryLow(values: Values, isHeld: boolean): boolean {
  const available = values('memory.available');
  const share = shareOf(available, values('memory.total'));
  return (
    isBelow(available, thresholds.memoryLowBytes, isHeld) || isBelow(share, thresholds.memoryLow, isHeld)
  );
}

function isNotSynchronised(values: Values, isHeld: boolean): boolean {
  const isSynchronised = values('clock.synchronised');
  if (isSynchronised === undefined) return isHeld;
  const isSettling = (values('uptime') ?? settlingSeconds) < settlingSeconds;
  return isSynchronised === 0 && !isSettling;
}

/** An offset that is absent could not fail to be read: it was forgotten, because it says nothing about this clock now. */
function isClockOff(values: Values, isHeld: boolean): boolean {
  return isAbove(Math.abs(values('clock.offset') ?? 0), thresholds.clockOff, isHeld);
}

function above(code: ConditionCode, name: MeasureName, threshold: Threshold): Rule {
  return { code, subject: name, holds: (values, isHeld) => isAbove(values(name), threshold, isHeld) };
}

function isAbove(value: number | undefined, { begins, ends }: Threshold, isHeld: boolean): boolean {
  return value === undefined ? isHeld : value > (isHeld ? ends : begins);
}

function isBelow(value: number | undefined, { begins, ends }: Threshold, isHeld: boolean): boolean {
  return value === undefined ? isHeld : value < (isHeld ? ends : begins);
}

/** Permille; of a whole that has no size nothing can be lacking. */
function shareOf(part: number | undefined, whole: number | undefined): number | undefined {
  if (part === undefined || whole === undefined) return undefined;
  return whole === 0 ? Number.POSITIVE_INFINITY : (part / whole) * 1000;
}
