// `npm start`: a whole TRE Fleet on this machine. Kubernetes, control plane, one site with its agent, a signed release
// that is applied and works; then what runs, where, and what to try. Ctrl-C stops everything in reverse order and keeps the data;
// the next start resumes the same site. With --once it ends by itself and prints one JSON line.

import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { terminalOf } from '../../cli/context.ts';
import { createFrame, type Frame } from '../../cli/frame.ts';
import { painter, wantsColour } from '../../cli/paint.ts';
import { systemClock } from '../../daemon/clock.ts';
import { environment, userFolders } from '../../daemon/config.ts';
import { systemExec } from '../../daemon/exec.ts';
import { systemFiles } from '../../daemon/files.ts';
import { TreError } from '../../proto/errors.ts';
import { failureWords, Told } from '../failure.ts';
import type { Kubernetes } from '../kubernetes/kubernetes-handle.ts';
import { openKubernetes } from '../kubernetes/open-kubernetes.ts';
import { type Fleet, openFleet } from './fleet.ts';
import { showLive } from './live.ts';
import { parseStartOptions, type StartOptions } from './options.ts';
import { createProgress, type Progress } from './progress.ts';
import {
  isApplied,
  isIsolationTried,
  isolationText,
  notAppliedText,
  unhealthyText,
  untilApplied,
  untilHealthy,
  untilIsolationTried,
} from './settle.ts';
import {
  assignRelease,
  type BuiltRelease,
  ensureKeys,
  type FleetWithSite,
  joinSite,
  publishRelease,
  type SiteFacts,
  showSite,
} from './site.ts';
import { summary } from './summary.ts';

const example = fileURLToPath(new URL('../../examples/small-tre/v1', import.meta.url));
const clock = systemClock;
/** As shells say of what Ctrl-C ended. */
const interruptedCode = 130;

process.exitCode = await main();

async function main(): Promise<number> {
  const parsed = parseStartOptions(process.argv.slice(2), userFolders().stateHome);
  if (!parsed.ok) {
    (parsed.help ? process.stdout : process.stderr).write(parsed.text);
    return parsed.help ? 0 : 2;
  }
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => stopping.abort(new Error(name)));
  // A pipe without a reader, a terminal that was closed: nobody reads it any more.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', (error) => stopping.abort(error));
  const terminal = terminalOf(process.stderr, environment());
  const frame = terminal === undefined ? undefined : createFrame(terminal);
  const write = (text: string) => (frame === undefined ? process.stderr.write(text) : frame.say(text));
  const progress = createProgress(clock, write);
  const onStop = (): void => {
    frame?.leave();
    progress.say('Stopping; the data stays.');
  };
  stopping.signal.addEventListener('abort', onStop, { once: true });
  try {
    await run({ options: parsed.options, progress, signal: stopping.signal }, frame);
    return 0;
  } catch (error) {
    // Ctrl-C is how it ends, but with --once it is not done then.
    if (stopping.signal.aborted) return parsed.options.once ? interruptedCode : 0;
    const { text, exitCode } = failureWords(error);
    process.stderr.write(`\n${text}\n`);
    return exitCode;
  }
}

async function run(context: Context, frame: Frame | undefined): Promise<void> {
  const { options, progress, signal } = context;
  const startedAt = clock.monotonic();
  if (options.from !== null) await demandRelease(options.from);
  progress.say(`TRE Fleet starts in ${options.dataDir}`);
  const exec = systemExec(environment());
  const fleet = await openFleet({ dataDir: options.dataDir, signal, exec, clock, progress, openKubernetes });
  try {
    const withSite = await progress.step('site', 'site with its agent', async () => {
      await ensureKeys(fleet);
      return await joinSite(fleet, clock, signal);
    });
    const facts = await bringForward(withSite, context);
    progress.say(`  ${isolationText(facts)}`);
    const totalSeconds = Math.round((clock.monotonic() - startedAt) / 100) / 10;
    if (options.once) {
      process.stdout.write(
        `${JSON.stringify({ ...result(fleet, facts), seconds: { ...progress.seconds(), total: totalSeconds } })}\n`,
      );
      return;
    }
    progress.say(summary(fleet, facts));
    const paint = painter(wantsColour(environment(), frame !== undefined));
    await showLive(withSite, { clock, signal, say: progress.say, frame, paint });
  } finally {
    frame?.leave();
    if (!signal.aborted) progress.say('Stopping; the data stays.');
    await fleet[Symbol.asyncDispose]();
  }
}

/** Said at once, not when everything else is up, which takes minutes the first time. */
async function demandRelease(from: string): Promise<void> {
  if ((await systemFiles.stat(join(from, 'release.yaml'))) === undefined)
    throw new TreError('RELEASE_FILE_MISSING', `${from} has no release.yaml`);
}

interface Context {
  readonly options: StartOptions;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** From a site that has joined to one on which everything wanted is applied and works, or as near as it gets. */
async function bringForward(
  fleet: FleetWithSite,
  { options, progress, signal }: Context,
): Promise<SiteFacts> {
  const sinceMs = clock.now();
  const source = options.from ?? ((await showSite(fleet)).desired === null ? example : null);
  if (source !== null) {
    let release: BuiltRelease | undefined;
    await progress.step('release', 'release built, signed and published', async () => {
      release = await publishRelease(fleet, source, signal);
    });
    if (release !== undefined) await assignRelease(fleet, release);
  }
  const settled = await progress.step(
    'applied',
    'everything applied',
    () => untilApplied(fleet, { clock, signal }),
    isApplied,
  );
  if (!isApplied(settled)) {
    if (options.once) throw new Told(notAppliedText(settled));
    // The site goes on with what it has, and only while it runs can a hold be released or another release be assigned.
    progress.say(notAppliedText(settled));
    return settled;
  }
  const { facts, isHealthy } = await progress.step(
    'healthy',
    'everything healthy',
    () => untilHealthy(fleet, { clock, signal, sinceMs }),
    (seen) => seen.isHealthy,
  );
  if (!isHealthy) {
    if (options.once) throw new Told(unhealthyText(facts));
    progress.say(unhealthyText(facts));
  }
  if (fleet.kubernetes.node !== 'real') return facts;
  return await progress.step(
    'isolation',
    'isolation tried',
    () => untilIsolationTried(fleet, { clock, signal }),
    isIsolationTried,
  );
}

function result({ kubernetes }: Fleet<Kubernetes>, facts: SiteFacts): Readonly<Record<string, unknown>> {
  const { desired, state } = facts;
  return {
    site: facts.name,
    release: `${desired?.release.name}@${desired?.release.version}`,
    generation: desired?.generation,
    applied: state?.applied,
    healthy: state?.healthy,
    objects: state?.objectsApplied,
    node: kubernetes.node,
    simulatedNode: kubernetes.simulatedNode,
    networkPolicy: state?.isolation?.networkPolicy ?? 'unproven',
  };
}
