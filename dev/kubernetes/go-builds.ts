// What is built from the three Go modules of this folder, as data: Kubernetes in one program, the programs of a real
// node, and the programs inside our container images. Each has a cache folder of its own, so that a change of one does
// not build the others anew. Pure. Called by binaries.ts and build.ts.
import { join } from 'node:path';
import { buildFlags, nodeModules, nodePackages, parts, plainBuildFlags, versions } from './go-module.ts';

export interface GoBuild {
  /** Of its folder in the cache. */
  readonly name: 'kubernetes' | 'node' | 'images';
  /** Folder of go.mod. */
  readonly source: string;
  /** What is built and what that costs, for people. */
  readonly announcement: string;
  readonly packages: readonly string[];
  readonly flags: readonly string[];
  /** Names under which the one program `kubernetes` is called; none where each package is a program of its own. */
  readonly links: readonly string[];
  /** Needs a C compiler; otherwise the programs are static. */
  readonly cgo: boolean;
  /** Programs that are there when the folder is whole. */
  readonly programs: readonly string[];
}

const module = (name: string): string => join(import.meta.dirname, name);

export const kubernetesBuild: GoBuild = {
  name: 'kubernetes',
  source: module('go'),
  announcement: `Kubernetes ${versions['k8s.io/kubernetes']} from Go modules, once: about 650 CPU-seconds, 5 minutes on 2 cores`,
  packages: ['.'],
  flags: buildFlags(),
  links: parts,
  cgo: true,
  programs: ['kube-apiserver'],
};

const runcModule = 'github.com/opencontainers/runc';

/** The relay, containerd, the CNI plugins, and runc where libseccomp's headers are there. */
export function nodeBuild(withRunc: boolean): GoBuild {
  const { version } = nodeModules['github.com/containerd/containerd/v2'];
  const packages = ['./node-relay', ...nodePackages().filter((name) => withRunc || name !== runcModule)];
  return {
    name: 'node',
    source: module('go-node'),
    announcement: `the node's programs, containerd ${version} and what it needs, once: about 100 CPU-seconds, 1 minute on 2 cores`,
    packages,
    // Without the tag seccomp, runc refuses every pod that asks for the runtime's default profile.
    flags: plainBuildFlags(['seccomp', 'no_btrfs', 'no_devmapper', 'no_zfs']),
    links: [],
    cgo: true,
    programs: withRunc ? ['containerd', 'runc'] : ['containerd'],
  };
}

export const imageParts = ['pause', 'portal', 'probe', 'setup', 'workspace'] as const;
export type ImagePart = (typeof imageParts)[number];

export const imagesBuild: GoBuild = {
  name: 'images',
  source: module('go-images'),
  announcement: 'the programs of our container images, once: a few seconds',
  packages: imageParts.map((name) => `./${name}`),
  flags: plainBuildFlags(),
  links: [],
  cgo: false,
  programs: imageParts,
};
