// The machine and isolation on the screen: the figures that matter, in the units of people. PURE.
// A value that cannot be had is not mentioned. Called by screen.ts; all values with their sources are in `-o json`.
import type { MeasureName } from '../../proto/measures.ts';
import type { AgentStatus } from './agent-status.ts';
import type { Paint } from './paint.ts';
import { ago, bytesText, minute, span } from './screen-words.ts';

export function machineText({ machine, now }: AgentStatus): string {
  if (machine === null || machine.measuredAt === null) return '';
  const values = new Map(machine.measures.map(({ name, value }) => [name, value]));
  const parts = [
    ofTotal('memory', values, ['memory.available', 'memory.total']),
    ofTotal('disk of the agent', values, ['disk.data.available', 'disk.data.total']),
    ofTotal('disk of Kubernetes', values, ['disk.kubernetes.available', 'disk.kubernetes.total']),
    inodes('the agent', values, ['disk.data.inodesFree', 'disk.data.inodes']),
    inodes('Kubernetes', values, ['disk.kubernetes.inodesFree', 'disk.kubernetes.inodes']),
    one(values, 'cpu.busy', (value) => `processors ${Math.round(value / 10)} % busy`),
    one(values, 'temperature.highest', (value) => `${Math.round(value / 1000)} degrees Celsius`),
    ...pressures.map(([name, what]) =>
      one(values, name, (value) =>
        value < felt ? '' : `${Math.round(value / 10)} % of work waits for ${what}`,
      ),
    ),
    one(values, 'clock.synchronised', (value) => `clock ${value === 1 ? '' : 'not '}synchronised`),
    one(values, 'clock.offset', offsetText),
    one(
      values,
      'uptime',
      (value) => `up for ${span(new Date(0).toISOString(), new Date(value * 1000).toISOString())}`,
    ),
  ];
  const old = machine.isOld ? [`measured ${ago(machine.measuredAt, now)}`] : [];
  return [...parts.flat(), ...old].filter((part) => part !== '').join(', ');
}

/** Worth a word from here on, permille. */
const felt = 100;

const pressures = [
  ['pressure.cpu', 'processors'],
  ['pressure.memory', 'memory'],
  ['pressure.io', 'disks'],
] as const;

/** Less than a second is no news: the way to the control plane takes as long. */
function offsetText(offsetMs: number): string {
  if (Math.abs(offsetMs) < 1_000) return '';
  const far = span(new Date(0).toISOString(), new Date(Math.abs(offsetMs)).toISOString());
  return `clock ${far} ${offsetMs > 0 ? 'ahead of' : 'behind'} that of the control plane`;
}

export function isolationText({ isolation, wanted }: AgentStatus, paint: Paint): string {
  if (isolation === null) return wanted === null ? '' : 'not tried yet';
  const { networkPolicy, checkedAt, why } = isolation;
  const tried = checkedAt === null ? 'never tried' : `tried ${minute(checkedAt)}`;
  const because = why === '' ? '' : `: ${why}`;
  switch (networkPolicy) {
    case 'enforced':
      return `${paint('green', 'network policies are enforced')}, ${tried}`;
    case 'not-enforced':
      return `${paint('red', 'network policies are not enforced')}, ${tried}${because}`;
    case 'unproven':
      return `${paint('amber', 'not proven')}, ${tried}${because}`;
  }
}

type Values = ReadonlyMap<MeasureName, number>;

function ofTotal(what: string, values: Values, [free, total]: readonly [MeasureName, MeasureName]): string[] {
  const [freeBytes, totalBytes] = [values.get(free), values.get(total)];
  if (freeBytes === undefined || totalBytes === undefined) return [];
  return [`${what} ${bytesText(freeBytes)} of ${bytesText(totalBytes)} free`];
}

/** Worth a word only when they are nearly used up. */
function inodes(whose: string, values: Values, [free, total]: readonly [MeasureName, MeasureName]): string[] {
  const [left, all] = [values.get(free), values.get(total)];
  if (left === undefined || all === undefined || all === 0 || left / all > fewInodes) return [];
  return [`room for ${left} more files on the disk of ${whose}`];
}

const fewInodes = 0.1;

function one(values: Values, name: MeasureName, say: (value: number) => string): string[] {
  const value = values.get(name);
  return value === undefined ? [] : [say(value)];
}
