// What configures the parts of a real node, as plain data: containerd, the network of the pods, the kubelet. Pure.
// Paths under /var and /run are those of the node's own mount namespace (world.sh), never the machine's.
import { join } from 'node:path';

export const nodeName = 'local-node';
/** Of the bridge that carries the pods, and of the node. */
export const nodeAddress = '10.42.0.1';
const podNetwork = '10.42.0.0/16';
export const containerdSocket = '/run/containerd/containerd.sock';
export const sandboxImage = 'tre.local/pause:1';

/** Files of the node, below its folder. */
export const fileNames = {
  containerd: 'containerd.toml',
  kubelet: 'kubelet.json',
  network: 'net.d',
} as const;

export interface ContainerdFacts {
  /** The node's folder. */
  readonly folder: string;
  /** Folder of our containerd and of the network plugins. */
  readonly programs: string;
  /** Path or name of runc. */
  readonly runc: string;
}

/** containerd.toml. Images are copied, not overlaid: they are small, and any file system will do. */
export function containerdSettings({ folder, programs, runc }: ContainerdFacts): string {
  const text = JSON.stringify;
  return `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]

[grpc]
address = ${text(containerdSocket)}

[plugins."io.containerd.internal.v1.opt"]
path = "/var/lib/containerd/opt"

[plugins."io.containerd.cri.v1.images"]
snapshotter = "native"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = ${text(sandboxImage)}

[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = [${text(programs)}]
conf_dir = ${text(join(folder, fileNames.network))}

[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "runc"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
runtime_path = ${text(join(programs, 'containerd-shim-runc-v2'))}

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = ${text(runc)}
SystemdCgroup = false
`;
}

/** A bridge between the pods of this node. It enforces no NetworkPolicy, and nothing here claims so. */
export const networkSettings = {
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      isDefaultGateway: true,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: '/run/cni',
        ranges: [[{ subnet: podNetwork, gateway: nodeAddress }]],
      },
    },
  ],
} as const;

export interface KubeletFacts {
  /** Authority that signed the clients of the API server. */
  readonly caFile: string;
  /** Below it lie the cgroups of all pods: how leftovers are told from those of others. */
  readonly cgroup: string;
}

/** KubeletConfiguration. Nothing is evicted or cleaned away for a lack of disk: images come from no registry. */
export function kubeletSettings({ caFile, cgroup }: KubeletFacts): Readonly<Record<string, unknown>> {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: nodeAddress,
    healthzBindAddress: '127.0.0.1',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: caFile },
    },
    authorization: { mode: 'Webhook' },
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    cgroupsPerQOS: true,
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    resolvConf: '',
    // Nobody answers there, at once; without it the kubelet warns of every pod.
    clusterDNS: ['10.43.0.10'],
    clusterDomain: 'cluster.local',
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '0%', 'imagefs.available': '0%' },
    imageGCHighThresholdPercent: 100,
    imagePullCredentialsVerificationPolicy: 'NeverVerify',
    volumePluginDir: '/var/lib/kubelet/volume-plugins',
  };
}
