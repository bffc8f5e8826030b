// The control groups of one node's pods, on machines with cgroup v1 and v2: made by runc, removed by us, because the
// kernel keeps them when their processes are gone. Invariant: touches only groups below the one name it is given.
// Called by node-world.ts and real-node.ts.
import { mkdir, readdir, readFile, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import process, { kill } from 'node:process';
import type { Clock } from '../../../daemon/clock.ts';
import { systemCode } from '../../../daemon/errors.ts';

const mountPoint = '/sys/fs/cgroup';
/** Those of v2 that a kubelet refuses to do without in its group when the machine has them. */
const neededControllers = ['cpu', 'cpuset', 'memory', 'hugetlb', 'pids'];
const patienceMs = 5_000;
const pollMs = 50;

/** A group of this name in every hierarchy. Throws where that is refused. */
export async function makeCgroups(name: string): Promise<void> {
  const folders = (await hierarchies()).map((hierarchy) => join(hierarchy, name));
  await Promise.all(folders.map((folder) => mkdir(folder, { recursive: true })));
}

/** Why groups cannot be made here; undefined when they can. Leaves nothing behind. */
export async function cgroupObstacle(clock: Clock): Promise<string | undefined> {
  const name = `tre-node-trial-${process.pid}`;
  try {
    await makeCgroups(name);
    if ((await hierarchies()).length === 0) return `there is nothing in ${mountPoint}`;
    if (!(await isUnified())) return undefined;
    return controllersObstacle(await controllersOf(mountPoint), await controllersOf(join(mountPoint, name)));
  } catch {
    return `control groups cannot be made in ${mountPoint}`;
  } finally {
    await removeCgroups(name, clock);
  }
}

/** What a group of v2 lacks of what the machine has, both as `cgroup.controllers` lists them; undefined for nothing. */
export function controllersObstacle(machine: string, group: string): string | undefined {
  const own = machine.trim().split(' ');
  const given = group.trim().split(' ');
  const missing = neededControllers.filter((name) => own.includes(name) && !given.includes(name));
  if (missing.length === 0) return undefined;
  const wanted = missing.map((name) => `+${name}`).join(' ');
  return `groups made in ${mountPoint} have no ${missing.join(', ')}: echo "${wanted}" > ${mountPoint}/cgroup.subtree_control`;
}

async function controllersOf(folder: string): Promise<string> {
  return await readFile(join(folder, 'cgroup.controllers'), 'utf8');
}

async function isUnified(): Promise<boolean> {
  return await isThere(join(mountPoint, 'cgroup.controllers'));
}

/** Folder of this name in every hierarchy that has one. */
export async function cgroupFolders(name: string): Promise<string[]> {
  const folders = (await hierarchies()).map((hierarchy) => join(hierarchy, name));
  const found = await Promise.all(folders.map(isThere));
  return folders.filter((_, place) => found[place]);
}

async function hierarchies(): Promise<string[]> {
  if (await isUnified()) return [mountPoint];
  const entries = await readdir(mountPoint, { withFileTypes: true }).catch(() => []);
  // Links are other names of a hierarchy that is there: cpu -> cpu,cpuacct.
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(mountPoint, name));
}

/** Ends what still runs in the groups of this name and removes them. Throws when they do not go within 5 s. */
export async function removeCgroups(name: string, clock: Clock): Promise<void> {
  const deadline = clock.monotonic() + patienceMs;
  for (;;) {
    const folders = await cgroupFolders(name);
    if (folders.length === 0) return;
    const failures = (await Promise.all(folders.map(removeTree))).flat();
    if (failures.length === 0) continue;
    if (clock.monotonic() > deadline)
      throw new Error(`cannot remove the control groups of the node: ${failures.join(', ')}`);
    await clock.sleep(pollMs);
  }
}

/** Answers the folders that stayed. */
async function removeTree(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  const stayed = (await Promise.all(below.map(removeTree))).flat();
  try {
    await endProcesses(folder);
    await rmdir(folder);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') stayed.push(folder);
  }
  return stayed;
}

async function endProcesses(folder: string): Promise<void> {
  const text = await readFile(join(folder, 'cgroup.procs'), 'utf8');
  for (const pid of text.split('\n').filter((line) => line !== '' && line !== '0')) {
    try {
      kill(Number(pid), 'SIGKILL');
    } catch (error) {
      if (systemCode(error) !== 'ESRCH') throw error;
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
