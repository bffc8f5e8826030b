// What the kernel says of itself in /proc and /sys, read from text to numbers. PURE. Invariants: no text makes a parser
// throw; what is missing, not a number, or too large to be exact is undefined, never 0. Formats: proc(5), and
// Documentation/accounting/psi.rst and networking statistics of the kernel. Called by measures-of.ts.

/** Time of all processors together since the start of the machine, in ticks; only differences mean something. */
export interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/** Bytes. */
export interface Memory {
  readonly total: number | undefined;
  readonly available: number | undefined;
  readonly swapTotal: number | undefined;
  readonly swapFree: number | undefined;
}

/** Bytes, bytes, packets. */
export interface Traffic {
  readonly received: number;
  readonly sent: number;
  readonly errors: number;
}

/** The first line of /proc/stat. Guest time is part of user time already; waiting for a disk is not being busy. */
export function parseCpuTimes(text: string): CpuTimes | undefined {
  const [, fields = ''] = /^cpu[ \t]+([\d \t]+)$/m.exec(text) ?? [];
  const times = fields.trim().split(/\s+/).slice(0, 8).map(whole);
  if (times.length < 4 || !times.every((time) => time !== undefined)) return undefined;
  const total = times.reduce((sum, time) => sum + time, 0);
  const [, , , idle = 0, waiting = 0] = times;
  return Number.isSafeInteger(total) ? { busy: total - idle - waiting, total } : undefined;
}

/** How busy the processors were between two looks, permille. Undefined when no time went by or it went backwards. */
export function busyBetween(before: CpuTimes, after: CpuTimes): number | undefined {
  const total = after.total - before.total;
  const busy = after.busy - before.busy;
  if (total <= 0 || busy < 0 || busy > total) return undefined;
  return Math.round((busy / total) * 1000);
}

/** Load average of one minute, in thousandths: the first word of /proc/loadavg. */
export function parseLoad(text: string): number | undefined {
  return thousandths(/^(\d{1,9}\.\d{1,3}) /.exec(text)?.[1]);
}

export function parseMemory(text: string): Memory {
  const bytes = (name: string): number | undefined => {
    const kilobytes = whole(new RegExp(`^${name}:[ \\t]+(\\d+) kB$`, 'm').exec(text)?.[1]);
    return kilobytes === undefined ? undefined : exact(kilobytes * 1024);
  };
  return {
    total: bytes('MemTotal'),
    available: bytes('MemAvailable'),
    swapTotal: bytes('SwapTotal'),
    swapFree: bytes('SwapFree'),
  };
}

/** Share of the last minute in which some task waited, permille: `avg60` of the line `some`, which is in percent. */
export function parsePressure(text: string): number | undefined {
  const share = thousandths(/^some .*\bavg60=(\d{1,3}\.\d{1,3})\b/m.exec(text)?.[1]);
  return share === undefined || share > 100_000 ? undefined : Math.round(share / 100);
}

/** The sum over network cards. Undefined when there is none: the veth of a container says nothing about the machine. */
export function parseTraffic(text: string, isCard: (name: string) => boolean): Traffic | undefined {
  const rows = [...text.matchAll(/^[ \t]*([^\s:]+):[ \t]*(\d[\d \t]*)$/gm)]
    .filter(([, name = '']) => isCard(name))
    .map(([, , counters = '']) => counters.trim().split(/\s+/).map(whole));
  if (rows.length === 0) return undefined;
  const sum = (...columns: readonly number[]): number =>
    rows.reduce(
      (all, row) => all + columns.reduce((some, column) => some + (row[column] ?? Number.NaN), 0),
      0,
    );
  const [received, sent, errors] = [exact(sum(0)), exact(sum(8)), exact(sum(2, 10))];
  if (received === undefined || sent === undefined || errors === undefined) return undefined;
  return { received, sent, errors };
}

/** Seconds since the start of the machine: the first word of /proc/uptime. */
export function parseUptime(text: string): number | undefined {
  return whole(/^(\d+)\.\d+ /.exec(text)?.[1]);
}

/** Thousandths of a degree Celsius. Sensors that are not connected say 0, less, or far too much. */
export function parseTemperature(text: string): number | undefined {
  const value = whole(/^(\d{1,6})\n?$/.exec(text)?.[1]);
  return value === undefined || value === 0 || value >= impossibleMillidegrees ? undefined : value;
}

const impossibleMillidegrees = 125_000;

function thousandths(text: string | undefined): number | undefined {
  return text === undefined ? undefined : exact(Math.round(Number(text) * 1000));
}

function whole(text: string | undefined): number | undefined {
  return text === undefined || !/^\d{1,16}$/.test(text) ? undefined : exact(Number(text));
}

/** The number, if it is one that was not rounded. */
export function exact(value: number): number | undefined {
  return Number.isSafeInteger(value) ? value : undefined;
}
