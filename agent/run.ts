// Builds a running agent out of its rooms and wires them: store, cluster, reconciler, reporter, session, local socket.
// Laws: the loop never waits for the control plane, nor the session for the cluster; what opens is handed to the
// lifecycle, which closes it in reverse order. Called by main.ts.
import { createBackoff, defaultBackoffPolicy } from '../daemon/backoff.ts';
import { systemClock } from '../daemon/clock.ts';
import { environment } from '../daemon/config.ts';
import { isDigest } from '../daemon/content-files.ts';
import { isDaemonError } from '../daemon/errors.ts';
import { systemFiles } from '../daemon/files.ts';
import type { Lifecycle } from '../daemon/lifecycle.ts';
import type { Log } from '../daemon/log.ts';
import { createLoop, type Loop } from '../daemon/loop.ts';
import { systemRandom } from '../daemon/random.ts';
import { type ErrorCode, TreError } from '../proto/errors.ts';
import { createActor } from './act/act.ts';
import type { ClusterApi, ClusterWatch } from './cluster/api.ts';
import { createDiscovery, type Discovery } from './cluster/discovery.ts';
import { openHttp2Api } from './cluster/http2-api.ts';
import { accessInCluster, accessOfKubeconfig, type ClusterAccess } from './cluster/kubeconfig.ts';
import { durationMs, readYaml, type Settings } from './config.ts';
import { type Machine, watchMachine } from './host/watch-machine.ts';
import { keepHold } from './intake/hold-keeper.ts';
import { readJoinFile } from './intake/join.ts';
import { Session } from './intake/run-session.ts';
import { createAnswer } from './local/answers.ts';
import { type Answer, openLocalSocket } from './local/socket.ts';
import { createObserver } from './observe/cluster.ts';
import { type Health, startHealth } from './observe/health-loop.ts';
import { type Isolation, openIsolation } from './probe/isolation.ts';
import { createReconciler, type Run } from './reconcile.ts';
import { queueHost } from './report/host-report.ts';
import { Reporter } from './report/reporter.ts';
import type { SideFacts } from './report/side-facts.ts';
import { type AgentStore, openStore } from './store/store.ts';

export interface AgentOptions {
  readonly settings: Settings;
  readonly version: string;
  readonly log: Log;
  /** This machine has no identity and will not get one with this join file. */
  readonly onRefused: (code: ErrorCode) => void;
}

const clock = systemClock;
const random = systemRandom(clock);

/** Starts everything; ready when this resolves. Throws TreError and DaemonError. */
export async function runAgent(lifecycle: Lifecycle, options: AgentOptions): Promise<void> {
  const { settings, version, onRefused } = options;
  const startedAtMs = clock.now();
  const bootId = random.uuid7();
  const access = await clusterAccess(settings);
  const store = lifecycle.add('store', await openData(settings.data, bootId));
  await join(store, settings.join);
  const api = lifecycle.add('cluster', openHttp2Api({ access, userAgent: `tre-agent/${version}` }));
  const { session, reporter, side, loop, isolation } = wire(lifecycle, options, { store, api, bootId });
  const facts = () => ({
    store,
    session: session.status(),
    last: reporter.last,
    side: side(),
    version,
    startedAtMs,
    nowMs: clock.now(),
  });
  const holds = lifecycle.add('hold', watchHold(options.log, { store, session, reporter }));
  const answer = createAnswer({
    store,
    facts,
    holds,
    stopApplying: async () => void (await Promise.all([loop.stop(), isolation[Symbol.asyncDispose]()])),
    isConnected: () => session.status().kind === 'streaming',
    clock,
    end: () => lifecycle.stop('shutdown'),
  });
  await openSocket(lifecycle, options, answer);
  const talking = session
    .run(lifecycle.signal)
    .then((code) => (code === undefined ? undefined : onRefused(code)));
  lifecycle.add('session', { [Symbol.asyncDispose]: () => talking });
}

interface Foundation {
  readonly store: AgentStore;
  readonly api: ClusterApi & ClusterWatch;
  readonly bootId: string;
}

/** The loop and the session know of each other only this: something new is wanted, something new is to be told. */
function wire(lifecycle: Lifecycle, options: AgentOptions, { store, api, bootId }: Foundation) {
  const { settings, version, log } = options;
  let clusterUid: string | null = null;
  let observedAtMs = 0;
  const session: Session = new Session({
    store,
    clock,
    random,
    log: log.child({ room: 'intake' }),
    bootId,
    agentVersion: version,
    clusterUid: () => clusterUid,
    onVerdict: () => loop.trigger(),
    lookTimes: () => ({ observedAtMs, healthObservedAtMs: health.snapshot()?.observedAtMs ?? 0 }),
    onClockOffset: (offsetMs) => machine.setClockOffset(offsetMs),
    policy: { ...defaultBackoffPolicy, capMs: durationMs(settings.reconnectCap) },
  });
  const onNews = (): void => reporter.refresh(clock.now());
  const onMachine = (): void => {
    if (queueHost(store.outbox, side())) session.wake();
    onNews();
  };
  const machine = machineOf(lifecycle, options, { store, onNews: onMachine });
  const isolation = isolationOf(lifecycle, options, { store, api, onNews });
  const discovery = createDiscovery(api);
  const health = healthOf(lifecycle, options, { store, api, discovery, onNews });
  const side = (): SideFacts => ({
    health: health.snapshot(),
    ...machine.facts(),
    isolation: isolation.facts(),
    hold: store.holds.current(clock.now()),
    session: session.conditions(),
  });
  const reporter = new Reporter(store, () => session.wake(), side);
  const reconciler = buildReconciler(store, api, discovery);
  const reconcile = async (signal: AbortSignal): Promise<number> => {
    const wanted = store.desired.wanted() ?? null;
    const run = await reconciler.run(wanted, signal);
    if (run.observed.cluster.ok) clusterUid = run.observed.cluster.uid;
    health.afterRun(run, wanted);
    reporter.report(run, wanted);
    if (run.observed.cluster.ok) observedAtMs = run.observed.now;
    isolation.applied(run.plan.applied && wanted !== null ? wanted.generation : null);
    logRun(log, run, wanted?.generation ?? 0);
    return run.nextLookMs;
  };
  const loop: Loop = loopOf(lifecycle, options, reconcile);
  loop.trigger();
  return { session, reporter, side, loop, isolation };
}

/** A hold that begins or ends is shown at both ends; what it kept out is offered again when it has ended. */
function watchHold(
  log: Log,
  {
    store,
    session,
    reporter,
  }: { readonly store: AgentStore; readonly session: Session; readonly reporter: Reporter },
) {
  const onChange = ({ isOpen }: { readonly isOpen: boolean }): void => {
    reporter.refresh(clock.now());
    if (isOpen) session.comeAgain();
  };
  return keepHold({ store, clock, log, onChange });
}

function machineOf(
  lifecycle: Lifecycle,
  { settings, log }: AgentOptions,
  { store, onNews }: { readonly store: AgentStore; readonly onNews: () => void },
): Machine {
  const room = log.child({ room: 'host' });
  return watchMachine(lifecycle, { settings, store: store.hardware, clock, random, log: room, onNews });
}

/** `run` says in how many milliseconds to run again if nothing asks for it before. */
function loopOf(
  lifecycle: Lifecycle,
  { settings, log }: AgentOptions,
  run: (signal: AbortSignal) => Promise<number>,
): Loop {
  const onError = (error: unknown, retryInMs: number): void =>
    log.error({ error, retryInMs }, 'a run failed');
  const intervalMs = durationMs(settings.observeInterval);
  const backoff = createBackoff({ clock, random });
  const again = async (signal: AbortSignal): Promise<void> => lookAgain(await run(signal));
  const loop: Loop = lifecycle.add('loop', createLoop({ run: again, intervalMs, clock, backoff, onError }));
  const lookAgain = singleTimer(() => loop.trigger(), lifecycle.signal);
  return loop;
}

function healthOf(
  lifecycle: Lifecycle,
  { log }: AgentOptions,
  {
    store,
    ...rest
  }: Omit<Foundation, 'bootId'> & { readonly discovery: Discovery; readonly onNews: () => void },
): Health {
  const onError = (error: unknown, retryInMs: number) =>
    log.error({ room: 'health', error, retryInMs }, 'a look at health failed');
  return lifecycle.add('health', startHealth({ ...rest, store: store.objectHealth, clock, random, onError }));
}

function isolationOf(
  lifecycle: Lifecycle,
  { settings, log }: AgentOptions,
  {
    store,
    api,
    onNews,
  }: { readonly store: AgentStore; readonly api: ClusterApi; readonly onNews: () => void },
): Isolation {
  const options = {
    api,
    store: store.isolation,
    clock,
    random,
    image: settings.probeImage,
    wanted: () => store.desired.wanted() ?? null,
    onChange: onNews,
    onError: (error: unknown, retryInMs: number) =>
      log.error({ room: 'probe', error, retryInMs }, 'a look at isolation failed'),
  };
  return lifecycle.add('isolation', openIsolation(options));
}

async function openData(folder: string, bootId: string): Promise<AgentStore> {
  try {
    return await openStore(folder, bootId);
  } catch (error) {
    if (!isDaemonError(error, 'path-unwritable', 'path-unreadable')) throw error;
    throw new TreError('DATA_UNREADABLE', error.message, { cause: error });
  }
}

/** Reads the join file if there is one; a machine that has joined needs none. */
async function join(store: AgentStore, path: string): Promise<void> {
  const bytes = path === '' ? undefined : await systemFiles.read(path);
  if (bytes !== undefined) await readJoinFile(store, bytes, clock.now());
  if (store.site.read() !== undefined) return;
  throw path === ''
    ? new TreError('NOT_JOINED')
    : new TreError('FILE_UNREADABLE', `there is no join file ${path}`);
}

async function clusterAccess({ kubeconfig, context }: Settings): Promise<ClusterAccess> {
  const files = systemFiles;
  if (kubeconfig !== '') {
    const { content, folder } = await readYaml(kubeconfig);
    return accessOfKubeconfig(content, { folder, files, clock, ...(context === '' ? {} : { context }) });
  }
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment();
  if (host === undefined || port === undefined)
    throw new TreError('KUBECONFIG_INVALID', 'no kubeconfig was given, and this is no pod of a cluster');
  return accessInCluster({ host, port }, { files, clock });
}

function buildReconciler(store: AgentStore, api: ClusterApi, discovery: Discovery) {
  const { inventory } = store;
  const content = { read: (digest: string) => readContent(store, digest) };
  const observer = createObserver({ api, discovery, store: inventory, clock });
  const actor = createActor({ api, discovery, store: inventory, content, clock, random });
  return createReconciler({ observer, actor, store: inventory, clock, random });
}

async function readContent(store: AgentStore, digest: string): Promise<Uint8Array> {
  if (!isDigest(digest)) throw new TypeError('not a digest');
  return store.content.get(digest);
}

async function openSocket(
  lifecycle: Lifecycle,
  { settings, log }: AgentOptions,
  answer: Answer,
): Promise<void> {
  lifecycle.add('socket', await openLocalSocket({ path: settings.socket, answer, files: systemFiles, log }));
}

/** Calls `fn` after a while; asked again before that, only the new time counts. */
function singleTimer(fn: () => void, signal: AbortSignal): (ms: number) => void {
  let earlier = new AbortController();
  return (ms) => {
    earlier.abort();
    earlier = new AbortController();
    clock.sleep(ms, AbortSignal.any([signal, earlier.signal])).then(fn, () => undefined);
  };
}

function logRun(log: Log, { plan, results, startedAtMs, endedAtMs }: Run, generation: number): void {
  if (results.length === 0) return;
  const failed = results.filter(({ ok }) => !ok).length;
  const fields = {
    generation,
    steps: results.length,
    failed,
    applied: plan.applied,
    tookMs: endedAtMs - startedAtMs,
  };
  log[failed > 0 ? 'warn' : 'info'](fields, 'run');
}
