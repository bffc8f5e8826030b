// The processes of a real node: the relay outside, containerd and the kubelet inside its namespaces; their command
// lines and settings files. Invariant: each ends with whoever started it. Called by real-node.ts.
import { join } from 'node:path';
import { ensurePrivateDir, writeFileAtomic } from '../../../daemon/atomic-file.ts';
import { systemClock } from '../../../daemon/clock.ts';
import type { Exec } from '../../../daemon/exec.ts';
import type { Binaries } from '../binaries.ts';
import { type Layout, relaySocketName } from '../layout.ts';
import { type ServerProcess, serverProcess } from '../server-process.ts';
import {
  containerdSettings,
  fileNames,
  kubeletSettings,
  networkSettings,
  nodeAddress,
  nodeName,
} from './node-settings.ts';
import type { NodeWorld } from './node-world.ts';

export const nodeParts = ['node-relay', 'containerd', 'kubelet'] as const;
export type NodePart = (typeof nodeParts)[number];

/** Programs of a node on this machine. */
export interface NodePrograms {
  /** Of the relay, containerd, its shim, ctr and the network plugins. */
  readonly folder: string;
  /** Of what runs inside our images. */
  readonly images: string;
  /** Path or name. */
  readonly runc: string;
}

export interface PartsOptions {
  readonly layout: Layout;
  readonly binaries: Binaries;
  /** Of the API server on 127.0.0.1, outside and inside. */
  readonly apiPort: number;
  readonly exec: Exec;
  readonly log: (line: string) => void;
}

/** None of them runs yet. */
export function nodePartsOf(
  world: NodeWorld,
  programs: NodePrograms,
  options: PartsOptions,
): Readonly<Record<NodePart, ServerProcess>> {
  const { layout, binaries, apiPort, exec, log } = options;
  const part = (name: NodePart, program: string, args: readonly string[]): ServerProcess =>
    serverProcess({
      name,
      program,
      args,
      cwd: layout.dataDir,
      logFile: layout.log(name),
      exec,
      clock: systemClock,
      onUnexpectedEnd: log,
    });
  const inside = (name: NodePart, program: string, args: readonly string[]): ServerProcess => {
    const entered = world.inside(program, args);
    return part(name, entered.command, entered.args);
  };
  return {
    'node-relay': part('node-relay', join(programs.folder, 'node-relay'), [
      `--namespace=${world.networkNamespace}`,
      `--server=127.0.0.1:${apiPort}`,
      `--socket=${relaySocketName}`,
    ]),
    containerd: inside('containerd', join(programs.folder, 'containerd'), [
      `--config=${join(layout.node, fileNames.containerd)}`,
    ]),
    kubelet: inside('kubelet', binaries.path('kubelet'), [
      `--kubeconfig=${layout.kubeconfig('kubelet')}`,
      `--config=${join(layout.node, fileNames.kubelet)}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${nodeAddress}`,
      '--root-dir=/var/lib/kubelet',
      '--cert-dir=/var/lib/kubelet/pki',
    ]),
  };
}

export async function writeNodeSettings(
  world: NodeWorld,
  programs: NodePrograms,
  layout: Layout,
): Promise<void> {
  const at = (name: string): string => join(layout.node, name);
  const { folder, runc } = programs;
  const containerd = containerdSettings({ folder: layout.node, programs: folder, runc });
  const kubelet = kubeletSettings({ caFile: layout.caFile, cgroup: world.cgroup });
  await writeFileAtomic(at(fileNames.containerd), containerd);
  await writeFileAtomic(at(fileNames.kubelet), JSON.stringify(kubelet));
  await ensurePrivateDir(at(fileNames.network));
  await writeFileAtomic(join(at(fileNames.network), 'pods.conflist'), JSON.stringify(networkSettings));
}
