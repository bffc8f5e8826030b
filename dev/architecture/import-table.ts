// Who may import what: the one table behind the architecture test, the linter's rules and docs/architecture.md.
// A room is a folder or a file of ours; the longest path that fits a file is its room. A room may always import
// its own files; everything else must be named here. `npm run generate` writes what follows from this table.

/** A way into another room: all of it, or its types alone (`import type`). */
export type Door = string | { readonly types: string };

export interface Room {
  /** Folder or file, from the root of the repository. */
  readonly path: string;
  readonly ours: readonly Door[];
  readonly npm?: readonly string[];
  /** Built-in modules without their `node:`; 'any' for all but child_process. */
  readonly node?: readonly string[] | 'any';
  /** Files of the room, by name, that may use more packages or built-in modules than their neighbours. */
  readonly more?: Readonly<Record<string, readonly string[]>>;
  /** No clock, no chance, no process, nothing asynchronous: same input, same output. */
  readonly pure?: true;
}

/** Modules without effects, open to every room. */
export const harmless: readonly string[] = ['path', 'url'];

export const rooms: readonly Room[] = [
  {
    path: 'proto',
    ours: [],
    npm: ['@bufbuild/protobuf'],
    node: ['crypto'],
    more: { 'grpc.ts': ['@grpc/grpc-js'], 'parameter.ts': ['node:vm'] },
  },
  {
    path: 'daemon',
    ours: [],
    npm: ['pino', 'zod'],
    node: 'any',
    more: { 'sqlite.ts': ['better-sqlite3'] },
  },
  { path: 'release', ours: ['proto', 'daemon'], npm: ['js-yaml', 'zod'], node: ['fs', 'crypto', 'zlib'] },

  {
    path: 'agent/plan',
    ours: ['proto/document.ts', 'proto/conditions.ts', 'proto/errors.ts'],
    pure: true,
  },
  {
    path: 'agent/health',
    ours: [
      'proto/document.ts',
      'proto/health-reasons.ts',
      'proto/pointer.ts',
      { types: 'proto/strict-json.ts' },
      { types: 'agent/plan' },
    ],
    pure: true,
  },
  {
    path: 'agent/store',
    ours: ['proto', 'daemon', { types: 'agent/plan' }, { types: 'agent/act' }, { types: 'agent/health' }],
  },
  {
    path: 'agent/observe',
    ours: [
      { types: 'agent/plan' },
      { types: 'agent/act' },
      'agent/health',
      'agent/cluster',
      'agent/store',
      'daemon',
      'proto/document.ts',
      'proto/errors.ts',
      'proto/conditions.ts',
      'proto/health-reasons.ts',
      'proto/pointer.ts',
      { types: 'proto/strict-json.ts' },
    ],
  },
  {
    path: 'agent/host',
    ours: ['daemon', 'proto/measures.ts', 'proto/conditions.ts', 'agent/store'],
    node: ['fs', 'os', 'process', 'timers'],
    more: { 'read-hardware.ts': ['systeminformation'] },
  },
  {
    path: 'agent/probe',
    ours: [
      'agent/cluster',
      'agent/store',
      'daemon',
      { types: 'agent/plan' },
      'proto/document.ts',
      'proto/conditions.ts',
      'proto/errors.ts',
    ],
    node: ['crypto', 'net'],
  },
  {
    path: 'agent/act',
    ours: [{ types: 'agent/plan' }, 'agent/cluster', 'agent/store', 'daemon', 'proto'],
  },
  {
    path: 'agent/intake',
    ours: ['proto', 'agent/store', 'daemon', { types: 'agent/plan' }],
    npm: ['@grpc/grpc-js', '@bufbuild/protobuf'],
    node: ['net', 'tls', 'crypto'],
  },
  {
    path: 'agent/cluster',
    ours: ['daemon', 'proto/errors.ts'],
    node: ['http2', 'tls', 'crypto'],
    more: { 'kubeconfig.ts': ['@kubernetes/client-node'] },
  },
  {
    path: 'agent/report',
    ours: [
      { types: 'agent/plan' },
      { types: 'agent/health' },
      { types: 'agent/host' },
      { types: 'agent/probe' },
      'proto',
      'agent/store',
    ],
    npm: ['@bufbuild/protobuf'],
  },
  {
    path: 'agent/local',
    ours: [
      'agent/store',
      { types: 'agent/plan' },
      { types: 'agent/health' },
      { types: 'agent/host' },
      { types: 'agent/probe' },
      { types: 'agent/report' },
      'daemon',
      'proto',
    ],
    npm: ['commander', '@bufbuild/protobuf'],
    node: ['fs', 'net', 'process', 'zlib'],
  },
  {
    path: 'agent/doctor',
    ours: ['agent/local', 'agent/cluster', 'agent/host', 'agent/store', 'agent/config.ts', 'daemon', 'proto'],
    npm: ['@bufbuild/protobuf', 'commander', 'zod'],
    node: 'any',
  },
  {
    path: 'agent/reconcile.ts',
    ours: ['agent/plan', 'agent/observe', 'agent/act', 'agent/pace.ts', 'daemon'],
  },
  { path: 'agent/pace.ts', ours: ['daemon', 'proto/conditions.ts', { types: 'agent/plan' }] },
  { path: 'agent/config.ts', ours: ['daemon'], npm: ['zod', 'js-yaml'] },
  { path: 'agent/failure.ts', ours: ['daemon', 'proto/errors.ts'] },
  { path: 'agent/run.ts', ours: ['agent', 'proto', 'daemon'] },
  {
    path: 'agent/main.ts',
    ours: ['agent', 'proto', 'daemon', 'package.json'],
    npm: ['commander'],
    node: 'any',
  },

  {
    path: 'control-plane/fleet',
    ours: [
      'proto/document.ts',
      'proto/parameter.ts',
      'proto/conditions.ts',
      'proto/errors.ts',
      'proto/health-reasons.ts',
      'proto/measures.ts',
    ],
    pure: true,
  },
  { path: 'control-plane/store', ours: ['proto', 'daemon', 'control-plane/fleet'] },
  { path: 'control-plane/news', ours: ['control-plane/fleet', 'control-plane/store', 'daemon'] },
  {
    path: 'control-plane/alert',
    ours: ['control-plane/fleet', 'control-plane/store', 'control-plane/news', 'proto', 'daemon'],
    node: ['crypto', 'http', 'https'],
  },
  {
    path: 'control-plane/trust',
    ours: ['control-plane/store', 'control-plane/news', 'proto', 'daemon'],
    npm: ['@peculiar/x509', 'reflect-metadata'],
    node: ['crypto', 'net'],
  },
  {
    path: 'control-plane/sync',
    ours: [
      'control-plane/fleet',
      'control-plane/store',
      'control-plane/news',
      'control-plane/trust',
      'proto',
      'daemon',
    ],
    npm: ['@grpc/grpc-js', '@bufbuild/protobuf'],
    node: ['tls'],
  },
  {
    path: 'control-plane/api',
    ours: [
      'control-plane/fleet',
      'control-plane/store',
      'control-plane/news',
      'control-plane/trust',
      'proto',
      'daemon',
    ],
    npm: ['fastify', 'fastify-type-provider-zod', '@fastify/swagger', 'zod', 'prom-client'],
    node: ['http', 'https', 'net', 'tls'],
  },
  {
    path: 'control-plane/tasks',
    ours: [
      'control-plane/fleet',
      'control-plane/store',
      'control-plane/news',
      'control-plane/trust',
      'daemon',
    ],
    npm: ['node-cron'],
  },
  { path: 'control-plane/config.ts', ours: ['daemon'], npm: ['zod'] },
  { path: 'control-plane/failure.ts', ours: ['daemon', 'proto/errors.ts'] },
  { path: 'control-plane/run.ts', ours: ['control-plane', 'proto', 'daemon'] },
  {
    path: 'control-plane/main.ts',
    ours: ['control-plane', 'proto', 'daemon', 'package.json'],
    npm: ['commander'],
    node: 'any',
  },

  {
    path: 'cli',
    ours: ['release', 'proto', 'daemon', 'package.json'],
    npm: ['commander', 'js-yaml', 'zod'],
    node: 'any',
  },
  {
    path: 'dev',
    ours: ['daemon', 'bin', 'cli', 'proto/errors.ts', 'proto/conditions.ts', 'proto/health-reasons.ts'],
    node: 'any',
  },
  { path: 'bin', ours: [], node: 'any' },
];

/** Folders with a long-lived process of their own: neither ever imports the other. */
export const processes: readonly string[] = ['agent', 'control-plane'];

/** Composition roots and entries: they import, nobody imports them. */
export const entries: readonly string[] = [
  'agent/main.ts',
  'agent/host/read-hardware.ts',
  'control-plane/main.ts',
  'cli/main.ts',
];

/** Where `process.env` and `process.argv` may be read: the configuration, entries and command files. */
export const environmentReaders: readonly string[] = [
  'daemon/config.ts',
  'agent/main.ts',
  'agent/local',
  'control-plane/main.ts',
  'cli',
  'dev',
  'bin',
];

/** Who starts other programs: one file, and the two that run before TypeScript can. */
export const programStarters: readonly string[] = ['daemon/exec.ts', 'bin/pinned-node.mjs', 'dev/run.mjs'];

/** The room of a file (path from the root), or undefined where the house has none. */
export function roomOf(file: string): Room | undefined {
  const fitting = rooms.filter((room) => isInside(file, room.path));
  return fitting.sort((a, b) => b.path.length - a.path.length)[0];
}

/** The folder or file that a door leads to. */
export function placeOf(door: Door): string {
  return typeof door === 'string' ? door : door.types;
}

/** True when `file` is `place` or lies in that folder. */
export function isInside(file: string, place: string): boolean {
  return file === place || file.startsWith(`${place}/`);
}
