// The Go modules behind the Kubernetes of this folder: versions, build flags, and what names a build of one.
// They are committed with go.mod and go.sum, so that a build verifies every byte it downloads and needs no
// checksum server. `npm run kubernetes -- pin` writes both anew after a version here was raised. Pure but for hashing.
import { createHash } from 'node:crypto';

export const versions = {
  'k8s.io/kubernetes': 'v1.36.3',
  'github.com/k3s-io/kine': 'v0.17.5',
  'sigs.k8s.io/kwok': 'v0.8.0',
} as const;

/** What a real node needs besides: each version with the programs that are built from it. */
export const nodeModules = {
  'github.com/containerd/containerd/v2': {
    version: 'v2.4.2',
    programs: ['cmd/containerd', 'cmd/containerd-shim-runc-v2', 'cmd/ctr'],
  },
  'github.com/containernetworking/plugins': {
    version: 'v1.9.1',
    programs: ['plugins/ipam/host-local', 'plugins/main/bridge', 'plugins/main/loopback'],
  },
  'github.com/opencontainers/runc': { version: 'v1.5.2', programs: [''] },
} as const;

/** The Go language version that go.mod asks for; containerd needs the patch level. */
export const goVersion = '1.26.6';

/** The parts of the one program; each has a link of this name beside it. */
export const parts = [
  'certificates',
  'kine',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
  'kubelet',
  'kwok',
] as const;
export type Part = (typeof parts)[number];

/** Flags of every `go build` and `go list`: no host paths, no debug tables. */
const plainFlags = ['-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags'];

/** Flags for the programs of the node and of the images. */
export function plainBuildFlags(tags: readonly string[] = []): string[] {
  return [...plainFlags, '-s -w', ...(tags.length === 0 ? [] : ['-tags', tags.join(',')])];
}

/** Flags for Kubernetes itself, with the version that the server answers. */
export function buildFlags(kubernetesVersion: string = versions['k8s.io/kubernetes']): string[] {
  const [major = '', minor = ''] = kubernetesVersion.slice(1).split('.');
  const facts = { gitVersion: kubernetesVersion, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  const settings = Object.entries(facts).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  );
  return [...plainFlags, `-s -w ${settings.join(' ')}`];
}

/**
 * The go.mod before `go mod tidy` completes it. Kubernetes requires its staging modules at v0.0.0, which exists
 * nowhere: each is replaced by its published twin, v1.36.3 -> v0.36.3.
 * @param kubernetesGoMod text of the go.mod of k8s.io/kubernetes at that version
 */
export function goMod(
  kubernetesGoMod: string,
  required: Readonly<Record<string, string>> = versions,
): string {
  const twin = (required['k8s.io/kubernetes'] ?? '').replace(/^v1\./, 'v0.');
  const staging = [...kubernetesGoMod.matchAll(/^\s*(k8s\.io\/\S+) v0\.0\.0$/gm)].map(
    ([, name]) => name ?? '',
  );
  if (staging.length === 0)
    throw new Error('the go.mod of k8s.io/kubernetes names no staging module: its form has changed');
  return moduleText('kubernetes', [
    block(
      'require',
      Object.entries(required).map(([name, version]) => `${name} ${version}`),
    ),
    block(
      'replace',
      staging.map((name) => `${name} => ${name} ${twin}`),
    ),
  ]);
}

/** The go.mod of the node's programs before `go mod tidy` completes it: nothing but tools of other modules. */
export function nodeGoMod(): string {
  return moduleText('kubernetes-node', [
    block('tool', nodePackages()),
    block(
      'require',
      Object.entries(nodeModules).map(([name, { version }]) => `${name} ${version}`),
    ),
  ]);
}

/** Import paths of the node's programs of other modules. */
export function nodePackages(): string[] {
  return Object.entries(nodeModules).flatMap(([name, { programs }]) =>
    programs.map((program) => (program === '' ? name : `${name}/${program}`)),
  );
}

function moduleText(name: string, blocks: readonly string[]): string {
  const header =
    '// Written by `npm run kubernetes -- pin` from the versions in dev/kubernetes/go-module.ts.';
  return [header, `module tre-fleet.local/${name}`, `go ${goVersion}`, ...blocks].join('\n\n').concat('\n');
}

function block(word: string, lines: readonly string[]): string {
  return `${word} (\n${lines.map((line) => `\t${line}\n`).join('')})`;
}

/** One file of the module. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** Name of the cache folder of one build: 16 hex digits over the sources, the flags and the platform. */
export function buildKey(
  files: readonly SourceFile[],
  platform: string,
  flags: readonly string[] = buildFlags(),
): string {
  const hash = createHash('sha256');
  const inOrder = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const part of [platform, ...flags, ...inOrder.flatMap(({ name, text }) => [name, text])]) {
    hash.update(`${Buffer.byteLength(part)}:${part}`);
  }
  return hash.digest('hex').slice(0, 16);
}
