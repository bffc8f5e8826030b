// What a real node could leave on the machine, to be compared before and after: mounts, links, network namespaces, rules,
// kernel settings, control groups and processes. Invariant: reads only. Called by the system tests of the node.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isDaemonError } from '../../daemon/errors.ts';
import type { Exec } from '../../daemon/exec.ts';
import { cgroupFolders } from '../../dev/kubernetes/node/cgroups.ts';
import { cgroupNameOf } from '../../dev/kubernetes/node/node-world.ts';

/** Everything of the machine that must be the same afterwards; of control groups those of this Kubernetes. Paths are real ones. */
export async function tracesOf(
  exec: Exec,
  kubernetesData: string,
): Promise<Readonly<Record<string, string>>> {
  const listing = async (command: string, ...args: string[]): Promise<string> => {
    try {
      return (await exec.run(command, args)).stdout;
    } catch (error) {
      if (isDaemonError(error, 'command-missing')) return 'not installed';
      throw error;
    }
  };
  return {
    mounts: readFileSync('/proc/mounts', 'utf8'),
    links: (await listing('ip', '-o', 'link')).replaceAll(/\s+/g, ' '),
    namespaces: await listing('ip', 'netns', 'list'),
    rules: await listing('nft', 'list', 'ruleset'),
    oldRules: await listing('iptables-save'),
    settings: kernelSettings.map((name) => readFileSync(`/proc/sys/${name}`, 'utf8')).join(''),
    cgroups: (await cgroupFolders(groupOf(kubernetesData))).join(' '),
  };
}

const kernelSettings = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'net/ipv4/ip_forward',
];

function groupOf(kubernetesData: string): string {
  return cgroupNameOf(join(kubernetesData, 'node'));
}

/** Processes of the node and its pods: in its mount namespace, or in its control groups. Process id -> command line. */
export function nodeProcesses(kubernetesData: string): ReadonlyMap<number, string> {
  const group = groupOf(kubernetesData);
  const facts = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(processFacts);
  const world = facts.find(({ command }) => command.includes('world.sh') && command.includes(kubernetesData));
  return new Map(
    facts
      .filter(
        ({ mounts, groups }) => groups.includes(group) || (world !== undefined && mounts === world.mounts),
      )
      .map(({ pid, command }) => [pid, command]),
  );
}

/** `/proc/PID/ns/net` of the node, found by its data folder. */
export function networkOf(kubernetesData: string): string {
  const found = [...nodeProcesses(kubernetesData)].find(([, command]) => command.startsWith('unshare '));
  if (found === undefined) throw new Error(`no real node runs on ${kubernetesData}`);
  return `/proc/${found[0]}/ns/net`;
}

interface ProcessFacts {
  readonly pid: number;
  readonly command: string;
  readonly mounts: string;
  readonly groups: string;
}

function processFacts(name: string): ProcessFacts[] {
  try {
    const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
    const mounts = readlinkSync(`/proc/${name}/ns/mnt`);
    return [{ pid: Number(name), command, mounts, groups: readFileSync(`/proc/${name}/cgroup`, 'utf8') }];
  } catch {
    // Gone meanwhile.
    return [];
  }
}
