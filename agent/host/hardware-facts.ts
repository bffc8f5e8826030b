// What the machine is made of: from the answers of read-hardware.ts and a few files to facts of the closed list. PURE.
// Invariants: whatever comes in, no throw; a value is 1 to 128 printable ASCII characters; an answer that is known to
// mean nothing is left out; facts that name the machine are made only of what is passed as `identity`.
// Called by inspect-hardware.ts.
import type { HardwareName, Source } from '../../proto/measures.ts';
import type { HardwareFact } from './host-facts.ts';

export interface RawHardware {
  /** What read-hardware.ts printed; undefined when it failed. */
  readonly answers: unknown;
  readonly osRelease: string | undefined;
  readonly kernel: string;
  readonly architecture: string;
}

/** Read only when the site allows that it leaves. */
export interface RawIdentity {
  readonly serial: string | undefined;
  readonly hostName: string;
}

type Row = readonly [name: HardwareName, value: string, source: Source];

/** In the order of the closed list. */
export function hardwareFacts({
  answers,
  osRelease,
  kernel,
  architecture,
}: RawHardware): readonly HardwareFact[] {
  const text = (name: string, field: string) => textOf(fieldsOf(fieldsOf(answers)[name])[field]);
  const first = (...texts: readonly string[]) => texts.find((one) => one !== '') ?? '';
  return facts([
    ['cpu.model', text('cpu', 'brand'), 'systeminformation'],
    ['cpu.vendor', text('cpu', 'manufacturer'), 'systeminformation'],
    ['cpu.cores', text('cpu', 'cores'), 'systeminformation'],
    ['cpu.physicalCores', text('cpu', 'physicalCores'), 'systeminformation'],
    ['memory.total', text('mem', 'total'), 'systeminformation'],
    ['memory.modules', modules(answers), 'systeminformation'],
    ['disk.devices', disks(answers), 'systeminformation'],
    ['graphics.models', graphics(answers), 'systeminformation'],
    ['os.name', osField(osRelease, 'NAME'), '/etc/os-release'],
    ['os.release', osField(osRelease, 'VERSION_ID'), '/etc/os-release'],
    ['os.kernel', clean(kernel), 'uname'],
    ['os.architecture', clean(architecture), 'uname'],
    [
      'machine.maker',
      first(text('system', 'manufacturer'), text('baseboard', 'manufacturer')),
      'systeminformation',
    ],
    ['machine.model', first(text('system', 'model'), text('baseboard', 'model')), 'systeminformation'],
    ['bios.version', join([text('bios', 'vendor'), text('bios', 'version')], ' '), 'systeminformation'],
  ]);
}

/** What names this one machine. */
export function identifyingFacts({ serial, hostName }: RawIdentity): readonly HardwareFact[] {
  return facts([
    ['machine.serial', clean(serial ?? ''), '/sys/class/dmi'],
    ['host.name', clean(hostName), 'uname'],
  ]);
}

function facts(rows: readonly Row[]): readonly HardwareFact[] {
  return rows.flatMap(([name, value, source]) => (value === '' ? [] : [{ name, value, source }]));
}

const maxCharacters = 128;

/** What makers leave in the fields of their firmware, and what the library says when it does not know. */
const nonsense: ReadonlySet<string> = new Set([
  '0',
  '-',
  'none',
  'unknown',
  'undefined',
  'null',
  'nan',
  'n/a',
  'empty',
  'not specified',
  'not applicable',
  'not available',
  'not provided',
  'default string',
  'default',
  'invalid',
  'oem',
  'o.e.m.',
  'to be filled by o.e.m.',
  'to be filled by oem',
  'system manufacturer',
  'system product name',
  'system serial number',
  'system version',
  'base board manufacturer',
  'base board serial number',
  'chassis serial number',
  'serial number',
  'type1productconfigid',
  'computer',
  'docker container',
]);

/** Printable ASCII, cut to size; empty for what means nothing. */
export function clean(text: string): string {
  const plain = text
    .replaceAll(/[\t\n\r]/g, ' ')
    .replaceAll(/[^ -~]/g, '')
    .replaceAll(/ +/g, ' ')
    .trim();
  const isFiller = plain.length > 2 && /^(.)\1+$/.test(plain.replaceAll(/[ .-]/g, 'x'));
  return isFiller || nonsense.has(plain.toLowerCase()) ? '' : plain.slice(0, maxCharacters).trim();
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return clean(value);
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? String(value) : '';
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function rowsOf(answers: unknown, name: string): readonly Readonly<Record<string, unknown>>[] {
  const list = fieldsOf(answers)[name];
  return Array.isArray(list) ? list.map((item: unknown) => fieldsOf(item)) : [];
}

/** Modules without a type are the library's guess from the memory in all. */
function modules(answers: unknown): string {
  const rows = rowsOf(answers, 'memLayout').filter((row) => textOf(row['type']) !== '');
  return counted(rows.map((row) => join([size(row['size'], 2 ** 30, 'GiB'), textOf(row['type'])], ' ')));
}

/** Real disks where the library names them, else the devices that a virtual machine was given. */
function disks(answers: unknown): string {
  const named = rowsOf(answers, 'diskLayout').map((row) => diskOf(row['size'], textOf(row['type'])));
  if (named.some((disk) => disk !== '')) return counted(named);
  const devices = rowsOf(answers, 'blockDevices').filter(
    (row) => textOf(row['type']) === 'disk' && !/^(zram|ram|loop|nbd)/.test(textOf(row['name'])),
  );
  return counted(
    devices.map((row) => {
      // A virtual disk calls itself a turning one, whatever is behind it.
      const isVirtual = /^x?vd/.test(textOf(row['name']));
      return diskOf(row['size'], isVirtual ? '' : textOf(row['physical']));
    }),
  );
}

function diskOf(bytes: unknown, type: string): string {
  const text = size(bytes, 1e9, 'GB');
  return text === '' ? '' : join([text, type], ' ');
}

function graphics(answers: unknown): string {
  return counted(
    rowsOf(answers, 'graphics').map((row) => {
      const [vendor, model] = [textOf(row['vendor']), textOf(row['model'])];
      return model.startsWith(vendor) ? model : join([vendor, model], ' ');
    }),
  );
}

function size(bytes: unknown, unit: number, name: string): string {
  return typeof bytes === 'number' && Number.isFinite(bytes) && bytes >= unit / 2
    ? `${Math.round(bytes / unit)} ${name}`
    : '';
}

/** `2 x 16 GiB DDR4, 8 GiB DDR4`: as many as fit. */
function counted(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts.filter((one) => one !== '')) counts.set(text, (counts.get(text) ?? 0) + 1);
  const parts = [...counts].map(([text, count]) => (count === 1 ? text : `${count} x ${text}`)).sort();
  while (parts.join(', ').length > maxCharacters) parts.pop();
  return parts.join(', ');
}

function join(texts: readonly string[], separator: string): string {
  return texts
    .filter((text) => text !== '')
    .join(separator)
    .slice(0, maxCharacters);
}

/** One field of os-release(5), without its quotes. */
function osField(text: string | undefined, name: string): string {
  const [, value = ''] = new RegExp(`^${name}=(.*)$`, 'm').exec(text ?? '') ?? [];
  return clean(value.replaceAll(/^["']|["']$/g, ''));
}
