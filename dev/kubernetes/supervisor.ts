// The Kubernetes behind `npm run kubernetes -- up|down|status`: a process of its own that starts the parts, holds
// them, and stops them on SIGTERM. Invariants: running.json is true only while the data folder is locked, and only
// this process writes it; `down` never ends a process that `up` did not start.
import { kill } from 'node:process';
import { readIfPresent, readText, writeFileAtomic } from '../../daemon/atomic-file.ts';
import { systemClock } from '../../daemon/clock.ts';
import { type Exit, systemExec } from '../../daemon/exec.ts';
import { systemFiles } from '../../daemon/files.ts';
import { TreError } from '../../proto/errors.ts';
import { apiOf } from './api.ts';
import { findBinaries } from './binaries.ts';
import { credentialsOf } from './credentials.ts';
import { isLocked } from './held-lock.ts';
import type { LocalKubernetes, NodeKind } from './kubernetes-handle.ts';
import { type Layout, layoutOf } from './layout.ts';
import { chooseNode } from './node/choose-node.ts';
import { startKubernetes } from './start-kubernetes.ts';

/** What `up` and `status` print. */
export interface Running {
  /** Of the supervisor. */
  readonly pid: number;
  readonly parts: ReturnType<LocalKubernetes['pids']>;
  readonly serverUrl: string;
  readonly adminKubeconfig: string;
  readonly agentKubeconfig: string;
  readonly kubectl: string;
  readonly auditLogFile: string;
  readonly node: NodeKind;
  /** Of the pods; null without a real node. */
  readonly nodeNamespace: string | null;
}

/** `other`: the data folder belongs to a process that is not ours to stop, such as `npm start`. */
export type State =
  | { readonly state: 'stopped' }
  | { readonly state: 'other' }
  | { readonly state: 'running'; readonly ready: boolean; readonly running: Running };

export interface UpOptions {
  readonly dataDir: string;
  readonly node: boolean;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

const pollIntervalMs = 100;
const stopTimeoutMs = 20_000;
const shownLogCharacters = 2_000;

/** Runs until `stopped` is aborted. The body of the background process. */
export async function supervise(options: UpOptions & { readonly stopped: AbortSignal }): Promise<void> {
  const { dataDir, node, signal, log, stopped } = options;
  const { runningFile } = layoutOf(dataDir);
  await using kubernetes = await startKubernetes({ dataDir, node, signal, log });
  const { serverUrl, adminKubeconfig, agentKubeconfig, kubectl, auditLogFile } = kubernetes;
  const addresses = { serverUrl, adminKubeconfig, agentKubeconfig, kubectl, auditLogFile };
  const running: Running = {
    pid: process.pid,
    parts: kubernetes.pids(),
    ...addresses,
    node: kubernetes.node,
    nodeNamespace: kubernetes.nodeNamespace,
  };
  await writeFileAtomic(runningFile, `${JSON.stringify(running)}\n`);
  await new Promise<void>((resolve) => {
    if (stopped.aborted) resolve();
    stopped.addEventListener('abort', () => resolve(), { once: true });
  });
  await systemFiles.remove(runningFile);
}

/** Starts the background process and waits until it is ready; does nothing when one runs. @throws TreError */
export async function up(options: UpOptions): Promise<Running> {
  const { dataDir, node, signal, log } = options;
  const before = await stateOf(dataDir);
  if (before.state === 'running') return before.running;
  if (before.state === 'other') throw heldByAnother(dataDir);
  await findBinaries({ signal, log });
  await chooseNode(node, systemExec(process.env), { signal, log });
  const layout = layoutOf(dataDir);
  await systemFiles.mkdir(dataDir);
  const exec = systemExec(process.env);
  const command = [
    `${import.meta.dirname}/kubernetes.ts`,
    'supervise',
    '--data',
    dataDir,
    ...(node ? ['--node'] : []),
  ];
  const logFile = layout.log('supervisor');
  const child = await exec.spawn(process.execPath, command, {
    output: { file: logFile },
    group: true,
    signal,
  });
  let exit: Exit | undefined;
  void child.exited.then((value) => {
    exit = value;
  });
  for (;;) {
    const running = await readRunning(layout);
    if (running?.pid === child.pid) return running;
    if (exit !== undefined) throw await failedStart(logFile);
    await systemClock.sleep(pollIntervalMs, signal);
  }
}

/** Stops what `up` started and waits until it is gone; false when nothing ran. @throws TreError DATA_LOCKED */
export async function down(dataDir: string, signal: AbortSignal): Promise<boolean> {
  const before = await stateOf(dataDir);
  if (before.state === 'stopped') return false;
  if (before.state === 'other') throw heldByAnother(dataDir);
  const deadline = systemClock.monotonic() + stopTimeoutMs;
  kill(before.running.pid, 'SIGTERM');
  while ((await stateOf(dataDir)).state !== 'stopped') {
    // Its parts end with it.
    if (systemClock.monotonic() > deadline) kill(before.running.pid, 'SIGKILL');
    await systemClock.sleep(pollIntervalMs, signal);
  }
  return true;
}

export async function stateOf(dataDir: string): Promise<State> {
  const layout = layoutOf(dataDir);
  const exec = systemExec(process.env);
  if ((await systemFiles.stat(layout.lockFile)) === undefined) return { state: 'stopped' };
  if (!(await isLocked(layout.lockFile, exec))) return { state: 'stopped' };
  const running = await readRunning(layout);
  if (running === undefined) return { state: 'other' };
  return { state: 'running', ready: await isReady(layout, running.serverUrl), running };
}

async function readRunning(layout: Layout): Promise<Running | undefined> {
  const bytes = await readIfPresent(layout.runningFile);
  return bytes === undefined ? undefined : (JSON.parse(new TextDecoder().decode(bytes)) as Running);
}

async function isReady(layout: Layout, serverUrl: string): Promise<boolean> {
  using admin = apiOf(serverUrl, await credentialsOf(layout, 'admin'));
  return await admin.request({ path: '/readyz' }).then(
    ({ status }) => status === 200,
    () => false,
  );
}

function heldByAnother(dataDir: string): TreError {
  return new TreError(
    'DATA_LOCKED',
    `${dataDir} is used by a process that this command did not start; stop that one first`,
  );
}

async function failedStart(logFile: string): Promise<TreError> {
  const text = await readText(logFile);
  return new TreError(
    'KUBERNETES_UNAVAILABLE',
    `it did not start; the end of ${logFile}:\n${text.slice(-shownLogCharacters).trimEnd()}`,
  );
}
