// `tre-agent support-bundle`: a small archive for whoever helps, without names, addresses, secrets or words of anybody; what it
// will hold is listed before it is written. Works without a running agent. Registered by main.ts.
import { resolve } from 'node:path';
import process from 'node:process';
import { gzipSync } from 'node:zlib';
import type { Command } from 'commander';
import type { Config } from '../../daemon/config.ts';
import { isDaemonError } from '../../daemon/errors.ts';
import { systemFiles } from '../../daemon/files.ts';
import { errors, TreError } from '../../proto/errors.ts';
import type { AgentStatus } from './agent-status.ts';
import { answersOrData } from './answers-or-data.ts';
import { type Flags, type LocalContext, type LocalSettings, withSocket } from './command-context.ts';
import { counted } from './screen-words.ts';
import { askAgent } from './socket.ts';
import { type StoreFacts, storeFacts } from './support-facts.ts';
import { supportStatus } from './support-status.ts';
import { tarOf } from './tar.ts';
import { columns, wrapped } from './wrap.ts';

export interface BundleFile {
  readonly name: string;
  /** What is in it, for the person who is asked. */
  readonly about: string;
  readonly content: unknown;
}

export function addSupportCommand(program: Command, context: LocalContext): void {
  withSocket(program.command('support-bundle'))
    .description('write an archive for whoever helps: no names, no addresses, no secrets')
    .option('--data <folder>', 'the data folder, read when no agent runs')
    .option('--out <file>', 'where to write it (default: tre-agent-support-TIME.tar.gz here)')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      `
What will be written is listed first. To read it yourself: tar -xzOf FILE

Examples:
  $ tre-agent support-bundle
  $ tre-agent support-bundle --yes --out support.tar.gz`,
    )
    .action((flags: Flags) => bundle(flags, context));
}

async function bundle(flags: Flags, context: LocalContext): Promise<void> {
  const config = await context.settings(flags);
  const atMs = context.clock.now();
  const files = bundleOf({
    version: context.version,
    at: new Date(atMs).toISOString(),
    config,
    status: await orCode(statusOf(config.values.socket)),
    store: await orCode(factsOf(config.values)),
  });
  const stamp = new Date(atMs).toISOString().slice(0, 19).replaceAll(':', '');
  const out = resolve(typeof flags['out'] === 'string' ? flags['out'] : `tre-agent-support-${stamp}Z.tar.gz`);
  const archived = files.map(({ name, content }) => ({
    name: `tre-agent-support/${name}`,
    content: Buffer.from(`${JSON.stringify(content, undefined, 2)}\n`),
  }));
  const rows = files.map(({ name, about }, at) => [
    name,
    counted(archived[at]?.content.length ?? 0, 'byte'),
    about,
  ]);
  if ((await systemFiles.stat(out)) !== undefined)
    throw new TreError('FILE_UNWRITABLE', `${out} is there already: name another file with --out`);
  context.out(listText(out, rows, context.width));
  if (flags['yes'] !== true && !(await agrees(context))) return context.out('Nothing was written.');
  await systemFiles.writeAtomic(out, gzipSync(tarOf(archived, atMs)), { mode: 0o600 });
  context.out(`Written. To read it: tar -xzOf ${out}`);
}

function listText(out: string, rows: readonly (readonly string[])[], width: number): string {
  return [
    wrapped(`To be written to ${out}:`, width, 2),
    columns(rows, width, 2),
    wrapped('No names, addresses or secrets are in it. It is sent to nobody: you decide who gets it.', width),
  ].join('\n');
}

async function agrees({ ask }: LocalContext): Promise<boolean> {
  if (ask === undefined)
    throw new TreError('USAGE', `${errors.USAGE.text} Nobody is there to ask: add --yes.`);
  return /^y(es)?$/i.test(await ask('Write it? [y/N] '));
}

export interface BundleParts {
  readonly version: string;
  readonly at: string;
  readonly config: Config<LocalSettings>;
  /** Or the code why there is none. */
  readonly status: AgentStatus | string;
  readonly store: StoreFacts | string;
}

/** What the archive holds. */
export function bundleOf({ version, at, config, status, store }: BundleParts): readonly BundleFile[] {
  const { platform, arch, version: node } = process;
  const missing = [status, store].filter((part) => typeof part === 'string');
  const about = { at, version, node, platform, arch, missing: [...new Set(missing)] };
  return [
    { name: 'about.json', about: 'versions, and what could not be had', content: about },
    { name: 'config.json', about: 'where each setting comes from', content: configFacts(config) },
    ...(typeof status === 'string'
      ? []
      : [{ name: 'status.json', about: 'codes, counts, times, figures', content: supportStatus(status) }]),
    ...(typeof store === 'string'
      ? []
      : [{ name: 'store.json', about: 'positions, runs, what waits to be sent', content: store }]),
  ];
}

/** Their values name no host and no person; of all others only the origin is told. */
const harmlessSettings: ReadonlySet<string> = new Set(['observeInterval', 'reconnectCap', 'logLevel']);

function configFacts({ values, origins }: Config<LocalSettings>) {
  return Object.entries(origins).map(([name, { source }]) => ({
    name,
    source,
    ...(harmlessSettings.has(name) ? { value: values[name] } : {}),
  }));
}

/** What can be had, or a code: whoever helps wants to know most when something is broken. */
async function orCode<T>(part: Promise<T>): Promise<T | string> {
  try {
    return await part;
  } catch (error) {
    if (error instanceof TreError && error.code !== 'SOCKET_FORBIDDEN') return error.code;
    if (isDaemonError(error)) return error.kind;
    throw error;
  }
}

async function statusOf(socket: string): Promise<AgentStatus> {
  return ((await askAgent(socket, { command: 'status' })) as [AgentStatus])[0];
}

async function factsOf(settings: LocalSettings): Promise<StoreFacts> {
  for await (const facts of answersOrData(settings, { command: 'support' }, (store) => [storeFacts(store)]))
    return facts as StoreFacts;
  throw new TreError('AGENT_SILENT');
}
