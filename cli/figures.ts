// Figures of a machine as people read them: bytes in GiB, shares in %, free beside total on one line. PURE.
// The closed list of what can be measured is proto/measures.ts. Called by `trectl site show`.

import { lengthText } from './moments.ts';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly text: string;
}

const kibi = 1024;
const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `12.3 GiB`; whole bytes without a fraction. */
export function bytesText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(bytes) / Math.log(kibi)));
  return `${(bytes / kibi ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** One value in the unit that a person would use. A load average is in thousandths of a process, not of a whole. */
function figureText({ name, value, unit }: Figure): string {
  if (name === 'cpu.load1') return (value / 1000).toFixed(2);
  switch (unit) {
    case 'bytes':
      return bytesText(value);
    case 'permille':
      return `${(value / 10).toFixed(1)} %`;
    case 'millidegrees':
      return `${(value / 1000).toFixed(1)} °C`;
    case 'milliseconds':
      return `${value} ms`;
    case 'seconds':
      return lengthText(value * 1000);
    case 'boolean':
      return value === 0 ? 'no' : 'yes';
    default:
      return String(value);
  }
}

/** What is left of what: the name of the free part, then of the whole. */
const shares: Readonly<Record<string, string>> = {
  'memory.available': 'memory.total',
  'swap.free': 'swap.total',
  'disk.data.available': 'disk.data.total',
  'disk.data.inodesFree': 'disk.data.inodes',
  'disk.kubernetes.available': 'disk.kubernetes.total',
  'disk.kubernetes.inodesFree': 'disk.kubernetes.inodes',
};
const wholes = new Set(Object.values(shares));

/** Names and values for people, in the order of the list; a whole that has its free part stands on that line. */
export function figureFacts(figures: readonly Figure[]): readonly (readonly [name: string, value: string])[] {
  const byName = new Map(figures.map((figure) => [figure.name, figure]));
  const told = new Set(figures.flatMap(({ name }) => shares[name] ?? []));
  return figures
    .filter(({ name }) => !(wholes.has(name) && told.has(name)))
    .map((figure) => {
      const whole = byName.get(shares[figure.name] ?? '');
      return [figure.name, whole === undefined ? figureText(figure) : shareText(figure, whole)];
    });
}

function shareText(free: Figure, whole: Figure): string {
  if (whole.value === 0) return 'none';
  const percent = ((100 * free.value) / whole.value).toFixed(0);
  return `${figureText(free)} of ${figureText(whole)} (${percent} %)`;
}
