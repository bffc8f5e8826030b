// One trial of isolation: puts a server and three clients into the namespace of the probe, waits for what the clients
// reached, and takes everything away again but the empty namespace. Invariants: it ends within a minute, whatever the
// cluster does; what it made is gone when it ends, also when it is aborted, and what a killed one left goes first;
// it throws only when it is aborted. Called by isolation.ts.
import type { Clock } from '../../daemon/clock.ts';
import type { ApiFailure, ClusterApi } from '../cluster/api.ts';
import type { Verdict } from '../store/isolation.ts';
import { type PodState, podState } from './pod-state.ts';
import { type ProbeCluster, probeCluster } from './probe-cluster.ts';
import {
  type ClientRole,
  clientPod,
  clientRoles,
  clientsTakeMs,
  namespaces,
  type ProbeObject,
  pods,
  policies,
  privilegedPod,
  probeHome,
  probeNamespace,
  probePolicies,
  probeQuota,
  quotas,
  type Role,
  serverPod,
} from './probe-objects.ts';
import { type Flows, flowResult, judge } from './verdict.ts';

export interface TrialOptions {
  readonly api: ClusterApi;
  readonly clock: Clock;
  /** Has the programs `serve` and `reach`; on the nodes, or to be had by them. */
  readonly image: string;
}

export interface TrialResult {
  readonly networkPolicy: Verdict;
  /** Whether the label of the namespace kept a privileged pod out that was like the server in all else. */
  readonly podSecurity: Verdict;
  /** What came through, or why it is unproven, in words; empty when enforced. */
  readonly why: string;
}

/** A trial that was not aborted. */
export interface Tried extends TrialResult {
  /** Whether everything that it made was taken away. */
  readonly isClear: boolean;
}

/** All of it: the work and the taking away. */
export const longestTrialMs = 60_000;
/** Shorter than what a stopping process has for it. */
const clearWithinMs = 3_000;
/** A new namespace has its service account and its quota counted only after a moment. */
const acceptWithinMs = 10_000;
const startWithinMs = 15_000;
const pollIntervalMs = 400;

export async function tryIsolation(options: TrialOptions, signal: AbortSignal): Promise<Tried> {
  const cluster = probeCluster(options.api);
  const work = (bounded: AbortSignal): Promise<TrialResult> => new Trial(options, cluster, bounded).run();
  const late = unproven('the trial took too long');
  let isClear = false;
  let result: TrialResult;
  try {
    result = await within({ ms: longestTrialMs - clearWithinMs, work, late }, options.clock, signal);
  } finally {
    isClear = await clearProbe(options);
  }
  return { ...result, isClear };
}

/** Takes away what a trial left in the namespace; not abortable, and over soon. True when nothing is left. */
export function clearProbe({ api, clock }: Pick<TrialOptions, 'api' | 'clock'>): Promise<boolean> {
  const cluster = probeCluster(api);
  const work = async (bounded: AbortSignal): Promise<boolean> => {
    const home = await cluster.home(bounded);
    return home === 'ours' ? (await cluster.clear(bounded)) === null : typeof home === 'string';
  };
  return within({ ms: clearWithinMs, work, late: false }, clock, new AbortController().signal);
}

/** A step of a trial that could not be done. */
interface Stopped {
  readonly ok: false;
  readonly why: string;
}
type Step<T> = ({ readonly ok: true } & T) | Stopped;

class Trial {
  readonly #cluster: ProbeCluster;
  readonly #clock: Clock;
  readonly #image: string;
  readonly #signal: AbortSignal;

  constructor({ clock, image }: TrialOptions, cluster: ProbeCluster, signal: AbortSignal) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#image = image;
    this.#signal = signal;
  }

  async run(): Promise<TrialResult> {
    const home = await this.#prepare();
    if (!home.ok) return unproven(home.why);
    const accepted = await this.#accept(serverPod(this.#image));
    if (!accepted.ok) return unproven(accepted.why);
    const podSecurity = await this.#tryPrivileged();
    const flows = await this.#flows();
    if (!flows.ok) return { ...unproven(flows.why), podSecurity };
    const { verdict, why } = judge(flows);
    return { networkPolicy: verdict, podSecurity, why };
  }

  async #prepare(): Promise<Step<object>> {
    const home = await this.#cluster.home(this.#signal);
    if (home === 'foreign') return stopped(`there is a namespace ${probeNamespace} that is not the agent's`);
    if (typeof home === 'object') return refused(home);
    const left = home === 'ours' ? await this.#cluster.clear(this.#signal) : null;
    if (left !== null) return refused(left);
    const objects = [
      [namespaces, probeHome] as const,
      [quotas, probeQuota] as const,
      ...probePolicies.map((policy) => [policies, policy] as const),
    ];
    for (const [address, object] of objects) {
      const answer = await this.#cluster.apply(address, object, this.#signal);
      if (!answer.ok) return refused(answer);
    }
    return { ok: true };
  }

  /** Again while it is refused, for a while. */
  async #accept(pod: ProbeObject): Promise<Step<object>> {
    const startedMs = this.#clock.monotonic();
    for (;;) {
      const answer = await this.#cluster.apply(pods, pod, this.#signal);
      if (answer.ok) return { ok: true };
      if (this.#clock.monotonic() - startedMs > acceptWithinMs) return refused(answer);
      await this.#clock.sleep(pollIntervalMs, this.#signal);
    }
  }

  /** The server was accepted a moment ago, so a refusal now is about the privilege alone. */
  async #tryPrivileged(): Promise<Verdict> {
    const answer = await this.#cluster.apply(pods, privilegedPod(this.#image), this.#signal, true);
    if (answer.ok) return 'not-enforced';
    return answer.status === 403 ? 'enforced' : 'unproven';
  }

  async #flows(): Promise<Step<Flows>> {
    const up = await this.#until(['server'], startWithinMs, ({ kind }) => kind === 'running');
    if (!up.ok) return up;
    const server = up.states.get('server');
    if (server?.kind !== 'running') return stopped('the server of the probe ended by itself');
    for (const role of clientRoles) {
      const accepted = await this.#accept(clientPod(role, this.#image, server.address));
      if (!accepted.ok) return accepted;
    }
    const bound = startWithinMs + clientsTakeMs;
    const ended = await this.#until(clientRoles, bound, ({ kind }) => kind === 'ended');
    if (!ended.ok) return ended;
    // A server that is gone would make any network look closed.
    if (ended.states.get('server')?.kind !== 'running')
      return stopped('the server of the probe ended while the clients tried');
    const flow = (role: ClientRole) => {
      const state = ended.states.get(role);
      return state?.kind === 'ended' ? flowResult(state.message) : null;
    };
    return { ok: true, allowed: flow('allowed'), denied: flow('denied'), shutIn: flow('shut-in') };
  }

  /** Looks until all these pods are so, or one of them has ended; gives up when one cannot get there. */
  async #until(
    roles: readonly Role[],
    boundMs: number,
    isThere: (state: PodState) => boolean,
  ): Promise<Step<{ readonly states: ReadonlyMap<string, PodState> }>> {
    const startedMs = this.#clock.monotonic();
    for (;;) {
      const found = await this.#cluster.pods(this.#signal);
      if ('code' in found) return refused(found);
      const states = new Map(found.map((pod) => [pod.metadata.name, podState(pod)]));
      const waiting = roles.flatMap((role) => {
        const state = states.get(role);
        return state !== undefined && (isThere(state) || state.kind === 'ended') ? [] : [{ role, state }];
      });
      const [first] = waiting;
      if (first === undefined) return { ok: true, states };
      const isLate = this.#clock.monotonic() - startedMs > boundMs;
      const why = waiting
        .map(({ role, state }) => givenUp(role, state, isLate))
        .find((words) => words !== '');
      if (why !== undefined) return stopped(why);
      await this.#clock.sleep(pollIntervalMs, this.#signal);
    }
  }
}

/** In words; '' while there is hope. */
function givenUp(role: Role, state: PodState | undefined, isLate: boolean): string {
  if (state?.kind === 'played') return 'no container really runs on the node: it is simulated';
  if (state?.kind === 'starting' && (state.hopeless || isLate))
    return `the pod ${role} of the probe does not start${state.trouble === '' ? ' in time' : `: ${state.trouble}`}`;
  return isLate ? `the pod ${role} of the probe did not end in time` : '';
}

function unproven(why: string): TrialResult {
  return { networkPolicy: 'unproven', podSecurity: 'unproven', why };
}

function stopped(why: string): Stopped {
  return { ok: false, why };
}

function refused({ detail }: ApiFailure): Stopped {
  return stopped(`the API server did not take part: ${detail}`);
}

interface Bounded<T> {
  readonly ms: number;
  readonly work: (signal: AbortSignal) => Promise<T>;
  /** The result when the time is over. */
  readonly late: T;
}

/** Waits for `work` no longer than that, even when it does not heed its signal. Throws the reason of `signal`. */
async function within<T>({ ms, work, late }: Bounded<T>, clock: Clock, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const [timeUp, over] = [new AbortController(), new AbortController()];
  const bounded = AbortSignal.any([signal, timeUp.signal]);
  const aborted = new Promise<never>((_, reject) => {
    bounded.addEventListener('abort', () => reject(bounded.reason), { once: true });
  });
  clock.sleep(ms, over.signal).then(
    () => timeUp.abort(),
    () => undefined,
  );
  try {
    return await Promise.race([work(bounded), aborted]);
  } catch (error) {
    if (signal.aborted || !timeUp.signal.aborted) throw error;
    return late;
  } finally {
    over.abort();
  }
}
