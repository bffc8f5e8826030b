// When the keeper of isolation looks and tries, what it remembers over a restart, and what it never does: put anything
// into a cluster without an image, or hold anybody up.
import test, { type ExecutionContext } from 'ava';
import { type Isolation, type IsolationOptions, openIsolation } from '../../../agent/probe/isolation.ts';
import type { IsolationSnapshot } from '../../../agent/probe/isolation-facts.ts';
import { openStore } from '../../../agent/store/store.ts';
import { configMap } from '../../conformance/store.ts';
import { type ManualClock, manualClock } from '../../support/manual-clock.ts';
import {
  failure,
  noAnswer,
  type Play,
  type PlayedCluster,
  playedCluster,
  success,
} from '../../support/played-cluster.ts';
import { scratch } from '../../support/scratch.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const wanted = {
  epoch: 1,
  generation: 1,
  release: { name: 'demo', version: '1.0.0', digest: `sha256:${'d'.repeat(64)}` },
  clusterUid: null,
  objects: [configMap('a', 0)],
  prune: [],
  components: [],
  health: [],
};

interface Stage {
  readonly clock: ManualClock;
  readonly api: PlayedCluster;
  readonly isolation: Isolation;
  readonly facts: () => IsolationSnapshot | undefined;
  /** Trials so far. */
  readonly trials: () => number;
  /** Closes agent and store and opens them again. */
  readonly restart: () => Promise<void>;
  nodes: readonly string[];
  /** What the clients say: the control, and both others. */
  says: readonly [string, string];
  isAway: boolean;
  /** Lists that the agent may not have. */
  forbidden: readonly string[];
  services: readonly object[];
  namespaces: readonly object[];
  /** Privileged pods are let in whatever a namespace asks for. */
  isLax: boolean;
}

async function stage(t: ExecutionContext, changes: Partial<IsolationOptions> = {}): Promise<Stage> {
  const folder = scratch(t);
  const clock = manualClock();
  const running = { podIP: '10.0.0.7', containerStatuses: [{ containerID: 'c', state: { running: {} } }] };
  const said = (message: string) => ({ containerStatuses: [{ state: { terminated: { message } } }] });
  const status: Play['status'] = (name, ageMs) => {
    if (name === 'server' || ageMs < 8_000) return running;
    return said(own.says[name === 'allowed' ? 0 : 1]);
  };
  const refuse: Play['refuse'] = ({ place }) => {
    if (own.isAway) return noAnswer;
    if (own.forbidden.includes(place)) return failure(403, `403 may not list ${place}`);
    if (place.endsWith('/pods/privileged')) return own.isLax ? undefined : failure(403);
    if (place === '/api/v1/namespaces') return success({ items: own.namespaces });
    if (place === '/api/v1/namespaces/demo/pods') return success({ items: [{}] });
    if (place === '/api/v1/services') return success({ items: own.services });
    if (place === '/api/v1/nodes') return success({ items: own.nodes.map((uid) => ({ metadata: { uid } })) });
    return place === '/api/v1/pods' || place.split('/').length === 4 ? success({ items: [] }) : undefined;
  };
  const api = playedCluster({ clock, status, refuse });
  const open = async () => {
    const store = await openStore(folder, '019aaf00-0000-7000-8000-0000000000b0', 0);
    const isolation = openIsolation({
      api,
      store: store.isolation,
      clock,
      random: seededRandom(1),
      image: 'tre.local/probe:1',
      wanted: () => wanted,
      onChange: () => undefined,
      onError: (error) => t.fail(String(error)),
      ...changes,
    });
    return { store, isolation };
  };
  const close = async (): Promise<void> => {
    const ended = opened.isolation[Symbol.asyncDispose]();
    await clock.advance(0);
    await ended;
    await opened.store[Symbol.asyncDispose]();
  };
  let opened = await open();
  const own: Stage = {
    clock,
    api,
    get isolation() {
      return opened.isolation;
    },
    facts: () => opened.isolation.facts(),
    trials: () =>
      api.requests.filter((request) => request.endsWith('PATCH /api/v1/namespaces/tre-fleet-probe')).length,
    restart: async () => {
      await close();
      opened = await open();
    },
    nodes: ['n1'],
    says: ['reached', 'timed-out'],
    isAway: false,
    forbidden: [],
    services: [],
    namespaces: [],
    isLax: false,
  };
  t.teardown(close);
  return own;
}

/** Time passes in steps, so that whoever wakes can go to sleep again. */
async function pass(clock: ManualClock, ms: number, stepMs = 400): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += stepMs) await clock.advance(stepMs);
}

test('nothing is proven before a release is applied; a trial follows at once, then one a day', async (t) => {
  const own = await stage(t);
  own.isolation.applied(null);
  await pass(own.clock, 10_000);
  t.like(own.facts(), { networkPolicy: 'unproven', checkedAtMs: null, conditions: [] });
  t.is(own.facts()?.why, 'the first trial is still to come');
  t.is(own.trials(), 0);
  own.isolation.applied(1);
  await pass(own.clock, 15_000);
  t.like(own.facts(), { networkPolicy: 'enforced', why: '', conditions: [] });
  own.isolation.applied(1);
  await pass(own.clock, 23 * hourMs, 30_000);
  t.is(own.trials(), 1);
  await pass(own.clock, 2 * hourMs, 30_000);
  t.is(own.trials(), 2);
});

test('other nodes mean another trial, though not each time they change', async (t) => {
  const own = await stage(t);
  own.isolation.applied(1);
  await pass(own.clock, 20 * minuteMs, 5_000);
  t.is(own.trials(), 1);
  own.nodes = ['n1', 'n2'];
  await pass(own.clock, 3 * minuteMs, 5_000);
  t.is(own.trials(), 2);
  t.is(own.facts()?.networkPolicy, 'enforced');
  own.nodes = ['n2'];
  await pass(own.clock, 7 * minuteMs, 5_000);
  t.is(own.trials(), 2);
  t.like(own.facts(), {
    networkPolicy: 'unproven',
    conditions: [{ code: 'NetworkPolicyUnproven', count: 0 }],
  });
  await pass(own.clock, 5 * minuteMs, 5_000);
  t.is(own.trials(), 3);
  t.is(own.facts()?.networkPolicy, 'enforced', 'and is shown of these nodes');
});

test('what is not enforced turns when it is, within the hour, and what is turns within a day', async (t) => {
  const own = await stage(t);
  own.says = ['reached', 'reached'];
  own.isolation.applied(1);
  await pass(own.clock, 15_000);
  t.like(own.facts(), {
    networkPolicy: 'not-enforced',
    conditions: [{ code: 'NetworkPolicyNotEnforced', count: 0 }],
  });
  own.says = ['reached', 'refused'];
  await pass(own.clock, 50 * minuteMs, 5_000);
  t.is(own.facts()?.networkPolicy, 'not-enforced');
  await pass(own.clock, 16 * minuteMs, 5_000);
  t.is(own.facts()?.networkPolicy, 'enforced');
  own.says = ['reached', 'reached'];
  await pass(own.clock, 25 * hourMs, 30_000);
  t.is(own.facts()?.networkPolicy, 'not-enforced');
});

test('over a restart it is known at once, and nothing is tried again', async (t) => {
  const own = await stage(t);
  own.says = ['reached', 'reached'];
  own.isolation.applied(1);
  await pass(own.clock, 15_000);
  const before = own.facts();
  await own.restart();
  t.deepEqual(own.facts(), before);
  own.isolation.applied(1);
  await pass(own.clock, 15_000);
  t.deepEqual([own.facts(), own.trials()], [before, 1]);
});

test('what a killed agent left goes at the next look, although no trial is due', async (t) => {
  const own = await stage(t);
  own.isolation.applied(1);
  await pass(own.clock, 15_000);
  const pod = '/api/v1/namespaces/tre-fleet-probe/pods/denied';
  own.api.put(pod, {});
  await own.restart();
  own.isolation.applied(1);
  await pass(own.clock, 1_000);
  t.deepEqual([own.api.objects().includes(pod), own.trials()], [false, 1]);
});

test('a cluster that is away is not taken for one that keeps nothing apart; after two days nothing is known', async (t) => {
  const own = await stage(t);
  own.isolation.applied(1);
  await pass(own.clock, 15_000);
  own.isAway = true;
  await pass(own.clock, 47 * hourMs, minuteMs);
  t.like(own.facts(), { networkPolicy: 'enforced', conditions: [] });
  await pass(own.clock, 2 * hourMs, minuteMs);
  t.like(own.facts(), {
    networkPolicy: 'unproven',
    why: 'the nodes of the cluster cannot be listed: no answer',
  });
  t.is(own.trials(), 1);
  own.isAway = false;
  await pass(own.clock, 6 * minuteMs, 5_000);
  t.is(own.facts()?.networkPolicy, 'enforced');
});

test('a label without effect is said of the namespaces that have it, until it has one', async (t) => {
  const own = await stage(t);
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  own.namespaces = [{ metadata: { name: 'demo', labels } }];
  const open = [{ code: 'PodSecurityNotEnforced', count: 1 }];
  own.isolation.applied(1);
  await pass(own.clock, 15_000);
  t.like(own.facts(), { networkPolicy: 'enforced', conditions: [] });
  own.isLax = true;
  await pass(own.clock, 25 * hourMs, 30_000);
  t.like(own.facts(), { networkPolicy: 'enforced', conditions: open });
  t.deepEqual(own.facts()?.offenders.get('PodSecurityNotEnforced'), ['Namespace demo']);
  own.isLax = false;
  await pass(own.clock, 66 * minuteMs, 5_000);
  t.like(own.facts(), { networkPolicy: 'enforced', conditions: [] });
});

test('the same generation applied again is no reason to look', async (t) => {
  const own = await stage(t);
  own.isolation.applied(1);
  await pass(own.clock, 15_000);
  const before = own.api.requests.length;
  own.isolation.applied(1);
  own.isolation.applied(null);
  await pass(own.clock, 10_000);
  t.is(own.api.requests.length, before);
  own.isolation.applied(2);
  await pass(own.clock, 10_000);
  t.true(own.api.requests.length > before);
});

test('after a trial nothing more is changed in the cluster until the next', async (t) => {
  const own = await stage(t);
  const changes = () => own.api.requests.filter((request) => !request.includes('GET ')).length;
  own.isolation.applied(1);
  await pass(own.clock, 15_000);
  const before = changes();
  t.true(before > 0);
  await pass(own.clock, hourMs, 30_000);
  t.deepEqual([changes(), own.trials()], [before, 1]);
});

test('what a trial could not take away goes when the cluster is back', async (t) => {
  const own = await stage(t);
  own.isolation.applied(1);
  await pass(own.clock, 4_000);
  const left = () => own.api.objects().filter((path) => path.includes('/pods/'));
  t.true(left().length > 0, 'in the midst of it');
  own.isAway = true;
  await pass(own.clock, minuteMs);
  t.true(left().length > 0);
  own.isAway = false;
  own.forbidden = ['/api/v1/nodes'];
  await pass(own.clock, 130_000);
  t.deepEqual(left(), [], 'also while no other trial can be made');
});

test('without an image nothing is put into the cluster, and it says so', async (t) => {
  const own = await stage(t, { image: '' });
  own.isolation.applied(1);
  await pass(own.clock, hourMs, 30_000);
  t.like(own.facts(), { networkPolicy: 'unproven', checkedAtMs: null });
  t.regex(own.facts()?.why ?? '', /no image of the probe is set/);
  t.deepEqual(
    own.api.requests.filter((request) => !request.startsWith('GET')),
    [],
  );
});

test('trials that show nothing become rare', async (t) => {
  const own = await stage(t);
  own.says = ['timed-out', 'timed-out'];
  own.isolation.applied(1);
  await pass(own.clock, hourMs, 5_000);
  t.is(own.trials(), 5, 'after about 0, 2, 6, 14 and 30 minutes');
  t.like(own.facts(), { networkPolicy: 'unproven' });
});

test('while nothing is wanted of the site there is nothing to say', async (t) => {
  const own = await stage(t, { wanted: () => null });
  await pass(own.clock, 10 * minuteMs, 30_000);
  t.is(own.facts(), undefined);
});

test('who may not list the nodes learns that nothing is proven and why, also after a restart', async (t) => {
  const own = await stage(t);
  own.forbidden = ['/api/v1/nodes'];
  own.services = [openService];
  own.isolation.applied(1);
  await pass(own.clock, minuteMs, 5_000);
  const codes = () => own.facts()?.conditions.map(({ code }) => code);
  const why = 'the nodes of the cluster cannot be listed: 403 may not list /api/v1/nodes';
  t.like(own.facts(), { networkPolicy: 'unproven', checkedAtMs: null, why });
  t.deepEqual(codes(), ['NetworkPolicyUnproven', 'PublicLoadBalancer', 'IsolationNotChecked']);
  await own.restart();
  t.like(own.facts(), { networkPolicy: 'unproven', why });
  t.deepEqual(codes(), ['NetworkPolicyUnproven', 'PublicLoadBalancer', 'IsolationNotChecked']);
  own.forbidden = [];
  await pass(own.clock, 3 * minuteMs, 5_000);
  t.like(own.facts(), { networkPolicy: 'enforced', why: '' });
  t.deepEqual(codes(), ['PublicLoadBalancer']);
});

test('a list that is refused silences no other check, and ends no finding of its own', async (t) => {
  const own = await stage(t);
  own.services = [openService];
  own.forbidden = ['/api/v1/namespaces'];
  own.isolation.applied(1);
  await pass(own.clock, minuteMs, 5_000);
  const found = () => [...(own.facts()?.offenders ?? [])];
  const isOpen = ['PublicLoadBalancer', ['Service demo/web']];
  const blindTo = (list: string) => ['IsolationNotChecked', [`${list}: 403 may not list /api/v1/${list}`]];
  t.deepEqual(found(), [isOpen, blindTo('namespaces')]);
  t.is(own.facts()?.networkPolicy, 'enforced');
  own.forbidden = ['/api/v1/services'];
  await pass(own.clock, 3 * minuteMs, 5_000);
  t.deepEqual(found(), [isOpen, blindTo('services')]);
  own.isAway = true;
  await pass(own.clock, 3 * minuteMs, 5_000);
  t.deepEqual(found(), [isOpen, blindTo('services')], 'that nobody answers is said elsewhere');
  own.isAway = false;
  own.forbidden = [];
  own.services = [];
  await pass(own.clock, 3 * minuteMs, 5_000);
  t.deepEqual(found(), []);
});

const openService = {
  metadata: { name: 'web', namespace: 'demo' },
  status: { loadBalancer: { ingress: [{ ip: '20.0.0.1' }] } },
};
