// Reads /proc, /sys and the file systems that the agent and Kubernetes write to. Invariants: what cannot be read is
// undefined; what may hang (a dead network disk, a sensor) is waited for a moment, and not asked again until it has
// answered. /proc is read at once: the kernel answers from memory, in microseconds. Called by watch-host.ts.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../daemon/clock.ts';
import type { RawHost, Sensor, Space } from './measures-of.ts';

/** Where to look. Tests give folders of their own. */
export interface HostPlaces {
  readonly proc: string;
  readonly sys: string;
  /** The agent's data folder. */
  readonly data: string;
  /** Where Kubernetes keeps images and volumes; undefined when it is not on this machine. */
  readonly kubernetes: string | undefined;
}

export type ReadHost = () => Promise<RawHost>;

/** Where Kubernetes may keep its data, the first that is there: K3s, else a kubelet of another kind. */
const kubernetesFolders = ['/var/lib/rancher', '/var/lib/kubelet'];
const patienceMs = 2_000;

/** The places of this machine; `kubernetes` is the setting, empty to look for it. */
export function placesOf(data: string, kubernetes: string): HostPlaces {
  const found = kubernetes === '' ? kubernetesFolders.find((folder) => existsSync(folder)) : kubernetes;
  return { proc: '/proc', sys: '/sys', data, kubernetes: found };
}

/** A reader of one machine; it remembers which of its questions still hang. */
export function hostReader({ proc, sys, data, kubernetes }: HostPlaces, clock: Clock): ReadHost {
  const sensors = patient(() => readSensors(sys), clock);
  const dataSpace = patient(() => spaceOf(data), clock);
  const kubernetesSpace = patient(
    async () => (kubernetes === undefined ? undefined : spaceOf(kubernetes)),
    clock,
  );
  const text = (...path: readonly string[]) => textOf(join(proc, ...path));
  return async () => {
    const slow = Promise.all([sensors(), dataSpace(), kubernetesSpace()]);
    const quick = {
      stat: text('stat'),
      loadavg: text('loadavg'),
      meminfo: text('meminfo'),
      pressure: {
        cpu: text('pressure', 'cpu'),
        memory: text('pressure', 'memory'),
        io: text('pressure', 'io'),
      },
      netDev: text('net', 'dev'),
      cards: cardsOf(join(sys, 'class', 'net')),
      uptime: text('uptime'),
    };
    const [found, onData, onKubernetes] = await slow;
    return { ...quick, sensors: found ?? [], disks: { data: onData, kubernetes: onKubernetes } };
  };
}

/** The text of a file of the kernel; undefined when it cannot be read. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Bridges, tunnels and the ends of pods' networks have no device. */
function cardsOf(folder: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(folder).filter((name) => existsSync(join(folder, name, 'device'))));
  } catch {
    return new Set();
  }
}

async function spaceOf(folder: string): Promise<Space | undefined> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(folder);
  return { total: blocks * bsize, available: bavail * bsize, inodes: files, inodesFree: ffree };
}

// Chips whose first sensor is a temperature of a processor or a disk. Others have inputs that nothing is wired to.
const chips: ReadonlySet<string> = new Set(
  'coretemp k10temp zenpower cpu_thermal soc_thermal nvme drivetemp'.split(' '),
);

async function readSensors(sys: string): Promise<readonly Sensor[]> {
  const zones = join(sys, 'class', 'thermal');
  const monitors = join(sys, 'class', 'hwmon');
  const found: Sensor[] = [];
  const add = async (source: Sensor['source'], path: string): Promise<void> => {
    const text = await asyncText(path);
    if (text !== undefined) found.push({ source, text });
  };
  for (const name of await namesIn(zones))
    if (name.startsWith('thermal_zone')) await add('/sys/class/thermal', join(zones, name, 'temp'));
  for (const name of await namesIn(monitors)) {
    const chip = await asyncText(join(monitors, name, 'name'));
    if (chips.has(chip?.trim() ?? '')) await add('/sys/class/hwmon', join(monitors, name, 'temp1_input'));
  }
  return found;
}

function asyncText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

/** Asks, but waits only a moment for the answer, and has only one question open. */
function patient<T>(ask: () => Promise<T | undefined>, clock: Clock): () => Promise<T | undefined> {
  let isOpen = false;
  return async () => {
    if (isOpen) return undefined;
    isOpen = true;
    const enough = new AbortController();
    const answer = ask()
      .catch(() => undefined)
      .finally(() => {
        isOpen = false;
        enough.abort();
      });
    const late = clock.sleep(patienceMs, enough.signal).then(
      () => undefined,
      () => answer,
    );
    return Promise.race([answer, late]);
  };
}
