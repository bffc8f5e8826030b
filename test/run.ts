// `npm test [format|lint|types|unit|system]... [--write]`: every check of the repository, or the ones named;
// `npm run trials`: the long ones, which break machines, networks and clusters, and need minutes.
// Prints a line per phase, every failure, and last of all `N passed, N failed`; exits 1 when anything failed or
// nothing ran. Format, lint and types count as one test each. The fast phases share the two lanes of a small
// machine; system tests run alone, because they measure time. `format --write` rewrites the files.

import { join } from 'node:path';
import { styleText } from 'node:util';
import { type Exec, systemExec } from '../daemon/exec.ts';
import { readTap, type TapCounts } from './support/tap.ts';

interface Outcome extends TapCounts {
  /** What a person must read: failures and skipped tests. */
  readonly said: readonly string[];
}

interface AvaOptions {
  readonly config: string;
  readonly progress: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

type Phase = (exec: Exec, signal: AbortSignal) => Promise<Outcome>;

const phases: Readonly<Record<string, Phase>> = {
  format: (exec, signal) =>
    tool(exec, signal, ['biome', 'check', '--reporter=summary', ...(write ? ['--write'] : [])]),
  lint: (exec, signal) => tool(exec, signal, ['oxlint', '--type-aware', '--deny-warnings', '--format=unix']),
  types: (exec, signal) => tool(exec, signal, ['tsc', '--pretty', 'false']),
  unit: (exec, signal) => ava(exec, signal, { config: 'ava.config.js', progress: false, env: compileCache }),
  system: (exec, signal) => withKubernetes(exec, signal, 'ava.system.config.js'),
  trials: (exec, signal) => withKubernetes(exec, signal, 'ava.trials.config.js'),
};
/** Run alone, one after the other, because they measure time. */
const aloneInOrder = ['system', 'trials'];
const inDefault = (name: string): boolean => name !== 'trials';
const noiseLines = 40;
// Every test file is a worker that loads much the same modules: a fifth less processor time.
const compileCache = {
  NODE_COMPILE_CACHE: join(import.meta.dirname, '..', 'node_modules', '.cache', 'node'),
};
const lanes = [['unit'], ['format', 'lint', 'types']];

const args = process.argv.slice(2);
const write = args.includes('--write');
const wanted = args.filter((arg) => arg !== '--write');
const unknown = wanted.filter((name) => !(name in phases));
if (unknown.length > 0) {
  console.error(`No phase ${unknown.join(', ')}; there are ${Object.keys(phases).join(', ')}.`);
  process.exit(2);
}
process.exitCode = await main(wanted.length > 0 ? wanted : Object.keys(phases).filter(inDefault));

async function main(names: readonly string[]): Promise<number> {
  const exec = systemExec(process.env);
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => stopping.abort(signal));
  const outcomes: Outcome[] = [];
  const runAll = async (lane: readonly string[]): Promise<void> => {
    for (const name of lane) {
      if (!stopping.signal.aborted) outcomes.push(await timed(name, exec, stopping.signal));
    }
  };
  await Promise.all(lanes.map((lane) => runAll(lane.filter((name) => names.includes(name)))));
  await runAll(aloneInOrder.filter((name) => names.includes(name)));
  if (stopping.signal.aborted) return 130;
  return close(outcomes);
}

async function withKubernetes(exec: Exec, signal: AbortSignal, config: string): Promise<Outcome> {
  // Before the clock of any test runs: the first build takes minutes. The cache answers at once. Loaded
  // here, so that a fault in there does not keep the other phases from saying so.
  const { findBinaries } = await import('../dev/kubernetes/binaries.ts');
  const { chooseNode } = await import('../dev/kubernetes/node/choose-node.ts');
  const building = { signal, log: (line: string) => console.log(`  ${line}`) };
  await findBinaries(building);
  await chooseNode(true, exec, building);
  return await ava(exec, signal, { config, progress: true });
}

async function timed(name: string, exec: Exec, signal: AbortSignal): Promise<Outcome> {
  const startedMs = performance.now();
  const outcome = await (phases[name] as Phase)(exec, signal).catch(
    (error: unknown): Outcome => ({ passed: 0, failed: 1, skipped: 0, said: [String(error)] }),
  );
  if (signal.aborted) return outcome;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const { passed, failed, skipped } = outcome;
  const verdict = failed > 0 ? styleText('red', 'failed') : styleText('green', 'ok    ');
  const counts = [`${passed} passed`, failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`];
  console.log(`${name.padEnd(8)} ${verdict} ${seconds.padStart(6)} s  ${counts.filter(Boolean).join(', ')}`);
  for (const line of outcome.said) console.log(`    ${line}`);
  return outcome;
}

function close(outcomes: readonly Outcome[]): number {
  const sum = (key: keyof TapCounts): number => outcomes.reduce((total, outcome) => total + outcome[key], 0);
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
  if (skipped > 0) console.log(`${skipped} skipped: the reason is in the title of each`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed + failed === 0 ? 1 : 0;
}

/** A program that prints its findings and exits with 0 when it has none. */
async function tool(
  exec: Exec,
  signal: AbortSignal,
  [command = '', ...rest]: readonly string[],
): Promise<Outcome> {
  const { code, stdout, stderr } = await exec.run(command, rest, { signal, group: true, timeoutMs: 300_000 });
  const failed = code === 0 ? 0 : 1;
  const said = failed === 0 ? [] : `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
  return { passed: 1 - failed, failed, skipped: 0, said };
}

/** AVA with one of its configurations; `progress` prints a line per test as it ends. */
async function ava(exec: Exec, signal: AbortSignal, options: AvaOptions): Promise<Outcome> {
  const said: string[] = [];
  const noise: string[] = [];
  let lastMs = performance.now();
  const reader = readTap({
    result({ outcome, title }) {
      const seconds = ((performance.now() - lastMs) / 1000).toFixed(1);
      lastMs = performance.now();
      if (options.progress) console.log(`  ${outcome.padEnd(7)} ${title} (${seconds} s)`);
      if (outcome !== 'passed') said.push(`${outcome}: ${title}`);
    },
    detail: (text) => said.push(`  ${text}`),
  });
  const output = {
    line: (text: string, stream: string) => (stream === 'stdout' ? reader.line(text) : noise.push(text)),
  };
  const child = await exec.spawn('ava', ['--config', options.config, '--tap'], {
    signal,
    group: true,
    output,
  });
  const { code } = await child.exited;
  const counts = reader.end();
  const failed = code !== 0 && counts.failed === 0 ? 1 : counts.failed;
  // What programs wrote on the side matters only to whoever looks for the cause of a failure.
  return { ...counts, failed, said: failed > 0 ? [...said, ...noise.slice(-noiseLines)] : said };
}
