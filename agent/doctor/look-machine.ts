// The machine itself, by the agent's own measures and thresholds: room on its disks, inodes, memory, temperature. Looked
// at afresh, for the agent may not run. Called by examine.ts.
import { type MeasureName, measures as measureList } from '../../proto/measures.ts';
import type { Measured } from '../host/host-facts.ts';
import { measuresOf } from '../host/measures-of.ts';
import { hostReader, placesOf } from '../host/read-host.ts';
import { judge } from '../host/thresholds.ts';
import { finding } from './findings.ts';
import { hop, type Look } from './hop.ts';

export const lookAtMachine = hop(
  'machine',
  ['settings', 'folder'],
  async ({ settings }, { clock }): Promise<Look> => {
    const raw = await hostReader(placesOf(settings.data, settings.kubernetesData), clock)();
    // The clock is the next hop's.
    const measured = measuresOf(raw, { isSynchronised: undefined, offsetMs: undefined }, undefined);
    const { conditions } = judge(measured, new Set());
    const facts = factsOf(measured);
    return { facts, findings: conditions.map(({ code }) => finding(code, facts)) };
  },
);

/** `data disk 12 GiB of 40 GiB free, ...` */
function factsOf(measured: readonly Measured[]): string {
  const values = new Map(measured.map(({ name, value }) => [name, value]));
  const free = (label: string, available: MeasureName, total: MeasureName): readonly string[] => {
    const [part, whole] = [values.get(available), values.get(total)];
    if (part === undefined || whole === undefined) return [];
    const text = measureList[total].unit === 'bytes' ? size : String;
    return [`${label} ${text(part)} of ${text(whole)} free`];
  };
  return [
    ...free('data disk', 'disk.data.available', 'disk.data.total'),
    ...free('inodes there', 'disk.data.inodesFree', 'disk.data.inodes'),
    ...free('disk of Kubernetes', 'disk.kubernetes.available', 'disk.kubernetes.total'),
    ...free('memory', 'memory.available', 'memory.total'),
  ].join(', ');
}

function size(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 1024 ? `${Math.floor(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}
