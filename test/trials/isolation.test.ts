// Whether network policies are enforced, tried on a real node: without an engine, with one, with slow and with half ones.
// The engine is the test's own. After each trial nothing is left but an empty namespace, also after a SIGKILL.
import { execPath } from 'node:process';
import test, { type ExecutionContext } from 'ava';
import { openHttp2Api } from '../../agent/cluster/http2-api.ts';
import { openIsolation } from '../../agent/probe/isolation.ts';
import type { NetworkPolicyVerdict } from '../../agent/probe/isolation-facts.ts';
import { longestTrialMs, type TrialResult, tryIsolation } from '../../agent/probe/network-trial.ts';
import { openStore } from '../../agent/store/store.ts';
import { systemClock } from '../../daemon/clock.ts';
import { environment } from '../../daemon/config.ts';
import { systemExec } from '../../daemon/exec.ts';
import { systemRandom } from '../../daemon/random.ts';
import { accessOf } from '../support/cluster-site.ts';
import { eventually, inSeconds } from '../support/eventually.ts';
import { sharedKubernetes } from '../support/kubernetes.ts';
import { type EnforcerOptions, enforcePolicies } from '../support/policy-enforcer.ts';
import { scratch } from '../support/scratch.ts';

const kubernetes = sharedKubernetes({ node: 'real' });
const image = 'tre.local/probe:1';
const home = '/api/v1/namespaces/tre-fleet-probe';
const { signal } = new AbortController();

function enforcer(options: Partial<EnforcerOptions> = {}): Promise<AsyncDisposable> {
  const { admin, nodeNamespace } = kubernetes();
  return enforcePolicies({ admin, enter: ['nsenter', `--net=${nodeNamespace}`], ...options });
}

async function agentApi() {
  const access = await accessOf(kubernetes().agentKubeconfig);
  return openHttp2Api({ access, userAgent: 'tre-agent/test' });
}

/** Names of what a trial makes and takes away. */
async function remains(): Promise<readonly string[]> {
  const paths = [`${home}/pods`, '/apis/networking.k8s.io/v1/namespaces/tre-fleet-probe/networkpolicies'];
  const lists = await Promise.all(paths.map((path) => kubernetes().admin.request({ path })));
  return lists.flatMap(({ body }) =>
    (body as { items: readonly { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name),
  );
}

async function trial(t: ExecutionContext, changes: { readonly image?: string } = {}): Promise<TrialResult> {
  await using api = await agentApi();
  const startedMs = systemClock.monotonic();
  const result = await tryIsolation({ api, clock: systemClock, image, ...changes }, signal);
  const tookMs = systemClock.monotonic() - startedMs;
  t.log(`${result.networkPolicy} after ${inSeconds(tookMs)} ${result.why}`);
  t.true(tookMs < longestTrialMs);
  t.deepEqual(await remains(), []);
  return result;
}

const dayMs = 24 * 3_600_000;

test.serial('what an agent says of a cluster turns with the cluster, from one day to the next', async (t) => {
  const store = await openStore(scratch(t), '019aaf00-0000-7000-8000-0000000000b0', 0);
  t.teardown(() => store[Symbol.asyncDispose]());
  await using api = await agentApi();
  const becomes = async (verdict: NetworkPolicyVerdict, conditions: readonly string[]): Promise<string> => {
    const before = store.isolation.read();
    if (before !== undefined) store.isolation.write({ ...before, checkedAtMs: systemClock.now() - dayMs });
    await using isolation = openIsolation({
      api,
      store: store.isolation,
      clock: systemClock,
      random: systemRandom(systemClock),
      image,
      wanted: () => nothingInParticular,
      onChange: () => undefined,
      onError: (error) => t.fail(String(error)),
    });
    const sinceMs = systemClock.now();
    isolation.applied(1);
    const isNew = (): boolean => (isolation.facts()?.checkedAtMs ?? 0) >= sinceMs;
    const tookMs = await eventually(isNew, { what: `a trial: ${verdict}`, timeoutMs: longestTrialMs });
    t.log(`${isolation.facts()?.networkPolicy} after ${inSeconds(tookMs)}`);
    t.is(isolation.facts()?.networkPolicy, verdict);
    t.deepEqual(
      isolation.facts()?.conditions.map(({ code }) => code),
      conditions,
    );
    return isolation.facts()?.why ?? '';
  };
  await becomes('not-enforced', ['NetworkPolicyNotEnforced']);
  {
    await using _ = await enforcer();
    await becomes('enforced', []);
  }
  t.regex(await becomes('not-enforced', ['NetworkPolicyNotEnforced']), /was reached .*; .*reached out/);
});

test.serial('an engine that learns of a pod three seconds late is one all the same', async (t) => {
  await using _ = await enforcer({ delayMs: 3_000 });
  t.like(await trial(t), { networkPolicy: 'enforced', podSecurity: 'enforced', why: '' });
});

test.serial('an engine for one direction only does not do', async (t) => {
  for (const [direction, why] of [
    ['ingress', 'a pod reached out although its policy forbids it'],
    ['egress', 'a pod was reached although its policy forbids it'],
  ] as const) {
    await using _ = await enforcer({ directions: [direction] });
    t.like(await trial(t), { networkPolicy: 'not-enforced', why });
  }
});

test.serial('a network that lets nobody through proves nothing', async (t) => {
  await using _ = await enforcer();
  const path = '/apis/networking.k8s.io/v1/namespaces/tre-fleet-probe/networkpolicies/house';
  const { admin } = kubernetes();
  const spec = {
    podSelector: { matchLabels: { 'tre-fleet.dev/probe': 'allowed' } },
    policyTypes: ['Egress'],
  };
  const body = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'house' },
    spec,
  };
  await admin.request({ method: 'PATCH', path: `${path}?fieldManager=test`, body });
  await using api = await agentApi();
  const result = await tryIsolation({ api, clock: systemClock, image }, signal);
  t.like(result, {
    networkPolicy: 'unproven',
    why: 'the allowed connection did not come about either: timed-out',
  });
  t.deepEqual(await remains(), ['house'], 'what is not ours stays');
  await admin.request({ method: 'DELETE', path });
});

test.serial('without its image a trial says so', async (t) => {
  const { networkPolicy, podSecurity, why } = await trial(t, { image: 'tre.local/no-such-image:1' });
  t.deepEqual([networkPolicy, podSecurity], ['unproven', 'enforced']);
  t.regex(why, /^the pod server of the probe does not start: ErrImage/);
});

test.serial('what a killed agent left in the cluster is gone with the next trial', async (t) => {
  const exec = systemExec(environment());
  const script = new URL('./_trial.ts', import.meta.url).pathname;
  const child = await exec.spawn(execPath, [script, kubernetes().agentKubeconfig, image], {
    output: 'ignore',
  });
  t.teardown(() => child.stop());
  const areThere = async (): Promise<boolean> => (await remains()).length === 6;
  await eventually(areThere, { what: 'all of a trial', timeoutMs: 30_000 });
  child.kill('SIGKILL');
  await child.exited;
  t.deepEqual((await remains()).toSorted(), ['allowed', 'denied', 'server', 'server', 'shut-in', 'shut-in']);
  t.is((await trial(t)).networkPolicy, 'not-enforced');
});

const nothingInParticular = {
  epoch: 1,
  generation: 1,
  release: { name: 'demo', version: '1.0.0', digest: '' },
  clusterUid: null,
  objects: [],
  prune: [],
  components: [],
  health: [],
};
