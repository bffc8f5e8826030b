// A trial on a cluster that plays along, and on ones that do not: the words, the minute that it may take, and that
// nothing is left behind, whatever happens.
import test from 'ava';
import { clearProbe, longestTrialMs, type Tried, tryIsolation } from '../../../agent/probe/network-trial.ts';
import { type ManualClock, manualClock } from '../../support/manual-clock.ts';
import { failure, type Play, type PlayedCluster, playedCluster } from '../../support/played-cluster.ts';

const home = '/api/v1/namespaces/tre-fleet-probe';
const image = 'tre.local/probe:1';
const containerID = 'containerd://1';
const serving = {
  podIP: 'fd00::7',
  phase: 'Running',
  containerStatuses: [{ containerID, state: { running: {} } }],
};
const said = (message: string) => ({
  phase: 'Succeeded',
  containerStatuses: [{ containerID, state: { terminated: { message } } }],
});
/** As a kubelet says it: the pod has its address before its container has its image. */
const waiting = (reason: string, message: string) => ({
  podIP: 'fd00::7',
  phase: 'Pending',
  conditions: [{ type: 'Ready', status: 'False', message: 'containers with unready status: [probe]' }],
  containerStatuses: [{ state: { waiting: { reason, message } } }],
});

/** Every pod starts within a second; the clients say these words after nine. */
const playing =
  (words: Readonly<Record<string, string>>): Play['status'] =>
  (name, ageMs) => {
    if (ageMs < 1_000) return { phase: 'Pending' };
    const word = words[name];
    return word === undefined || ageMs < 9_000 ? serving : said(word);
  };
const closed = playing({ allowed: 'reached', denied: 'timed-out', 'shut-in': 'timed-out' });

/** A cluster with Pod Security unless something else is asked for. */
function cluster(play: Partial<Play> = {}): { clock: ManualClock; api: PlayedCluster } {
  const clock = manualClock();
  const refuse: Play['refuse'] = ({ place }) =>
    place === `${home}/pods/privileged` ? failure(403, '403 violates PodSecurity') : undefined;
  return { clock, api: playedCluster({ clock, status: closed, refuse, ...play }) };
}

/** Moves the clock until the trial has ended; how long it took comes with its result. */
async function trial({
  clock,
  api,
}: ReturnType<typeof cluster>): Promise<Tried & { readonly tookMs: number }> {
  let result: Tried | undefined;
  const ended = tryIsolation({ api, clock, image }, new AbortController().signal);
  void ended.then((value) => {
    result = value;
  });
  const startedMs = clock.monotonic();
  while (result === undefined && clock.monotonic() - startedMs < 10 * longestTrialMs)
    await clock.advance(100);
  if (result === undefined) throw new Error('the trial does not end');
  return { ...result, tookMs: clock.monotonic() - startedMs };
}

const kept = [home, `${home}/resourcequotas/probe`];

test('with policies at work it says so, and leaves but the empty namespace', async (t) => {
  const stage = cluster();
  const { tookMs, ...result } = await trial(stage);
  t.deepEqual(result, { networkPolicy: 'enforced', podSecurity: 'enforced', why: '', isClear: true });
  t.true(tookMs < 13_000, `${tookMs} ms`);
  t.deepEqual(stage.api.objects(), kept);
  const { tookMs: _, ...again } = await trial(stage);
  t.deepEqual(again, result, 'and once more in the namespace that is there');
});

test('a node that is busy at first is waited for', async (t) => {
  const late: Play['status'] = (name, ageMs) => {
    if (ageMs < 1_500) return unschedulable;
    return ageMs < 3_000 ? waiting('ContainerCreating', '') : closed(name, ageMs);
  };
  t.is((await trial(cluster({ status: late }))).networkPolicy, 'enforced');
});

test('each client must run where the server does: the control takes the way of the forbidden ones', async (t) => {
  const places = new Map<string, unknown>();
  const refuse: Play['refuse'] = ({ method, place, body }) => {
    if (method !== 'PATCH' || !place.startsWith(`${home}/pods/`)) return undefined;
    const { spec } = JSON.parse(Buffer.from(body?.bytes ?? []).toString('utf8')) as {
      readonly spec: { readonly affinity?: unknown };
    };
    places.set(place.slice(`${home}/pods/`.length), spec.affinity);
    return undefined;
  };
  t.is((await trial(cluster({ refuse }))).networkPolicy, 'enforced');
  const term = {
    labelSelector: { matchLabels: { 'tre-fleet.dev/probe': 'server' } },
    topologyKey: 'kubernetes.io/hostname',
  };
  const beside = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  for (const client of ['allowed', 'denied', 'shut-in']) t.deepEqual(places.get(client), beside, client);
  t.is(places.get('server'), undefined, 'the server goes wherever there is room');
});

test('without policies, and without Pod Security, it says so', async (t) => {
  const words = { allowed: 'reached', denied: 'reached', 'shut-in': 'reached' };
  const result = await trial(cluster({ status: playing(words), refuse: () => undefined }));
  t.like(result, { networkPolicy: 'not-enforced', podSecurity: 'not-enforced' });
  t.regex(result.why, /^a pod was reached although its policy forbids it; /);
});

const unproven = test.macro({
  async exec(t, play: Partial<Play>, why: RegExp, withinMs: number) {
    const stage = cluster(play);
    const result = await trial(stage);
    t.is(result.networkPolicy, 'unproven');
    t.regex(result.why, why);
    t.true(result.tookMs <= withinMs, `${result.tookMs} ms`);
    t.deepEqual(
      stage.api.objects().filter((path) => !kept.includes(path)),
      [],
    );
  },
  title: (name = '') => `unproven: ${name}`,
});

const played = { podIP: '10.0.0.1', phase: 'Running', containerStatuses: [{ state: { running: {} } }] };
const unschedulable = {
  phase: 'Pending',
  conditions: [{ type: 'PodScheduled', status: 'False', message: '0/0 nodes are available' }],
};
const except =
  (name: string, status: object): Play['status'] =>
  (pod, ageMs) =>
    pod === name ? status : closed(pod, ageMs);

test('a simulated node', unproven, { status: () => played }, /simulated$/, 1_000);
test(
  'no image',
  unproven,
  { status: () => waiting('ErrImagePull', 'no such host') },
  /server .*ErrImagePull: no such host/,
  1_000,
);
test(
  'no image for one client',
  unproven,
  { status: except('denied', waiting('ErrImageNeverPull', 'gone')) },
  /denied .*ErrImageNeverPull/,
  3_000,
);
test('no node', unproven, { status: () => unschedulable }, /server .*no node takes it: 0\/0 nodes/, 17_000);
test(
  'a client for which there is no room beside the server',
  unproven,
  { status: except('denied', unschedulable) },
  /denied .*no node takes it: 0\/0 nodes/,
  27_000,
);
test(
  'pods that never start',
  unproven,
  { status: () => waiting('ContainerCreating', '') },
  /does not start in time$/,
  17_000,
);
test(
  'a server that ends at once',
  unproven,
  { status: () => said('') },
  /server of the probe ended by itself/,
  1_000,
);
test(
  'clients that never end',
  unproven,
  { status: (name, ageMs) => (ageMs < 9_000 ? closed(name, ageMs) : serving) },
  /allowed of the probe did not end/,
  27_000,
);
test(
  'a client that says something else',
  unproven,
  { status: except('denied', said('panic')) },
  /not every pod/,
  13_000,
);
test(
  'a client that was evicted',
  unproven,
  { status: except('shut-in', { phase: 'Failed', reason: 'Evicted' }) },
  /not every pod/,
  13_000,
);
test(
  'nobody gets through',
  unproven,
  { status: playing({ allowed: 'timed-out', denied: 'timed-out', 'shut-in': 'timed-out' }) },
  /either: timed-out/,
  13_000,
);
test(
  'the server goes while the clients try',
  unproven,
  { status: (name, ageMs) => (name === 'server' && ageMs > 5_000 ? said('') : closed(name, ageMs)) },
  /ended while the clients tried/,
  13_000,
);
test(
  'a right is missing',
  unproven,
  { refuse: ({ method }) => (method === 'PATCH' ? failure(403, '403 may not') : undefined) },
  /did not take part: 403 may not/,
  1_000,
);
test(
  'pods are refused for good',
  unproven,
  {
    refuse: ({ method, place }) =>
      method === 'PATCH' && place.endsWith('/pods/server') ? failure(403, '403 quota') : undefined,
  },
  /403 quota/,
  11_000,
);
test(
  'an API server that falls silent',
  unproven,
  { hangs: (path) => path.endsWith('/pods') },
  /took too long/,
  longestTrialMs,
);

test(
  'an API server that falls silent, and a connection that cannot be given up',
  unproven,
  { deaf: (path) => path.endsWith('/pods') },
  /took too long/,
  longestTrialMs,
);

test('a pod that is refused for a moment only is tried again', async (t) => {
  const clock = manualClock();
  const refuse: Play['refuse'] = ({ place }) =>
    place.endsWith('/pods/server') && clock.monotonic() < 2_000
      ? failure(403, '403 no quota yet')
      : undefined;
  t.is(
    (await trial({ clock, api: playedCluster({ clock, status: closed, refuse }) })).networkPolicy,
    'enforced',
  );
});

test('a namespace of that name that somebody else made is left alone', async (t) => {
  const stage = cluster();
  stage.api.put(home, { metadata: { name: 'tre-fleet-probe' } });
  stage.api.put(`${home}/pods/server`, {});
  t.regex((await trial(stage)).why, /there is a namespace tre-fleet-probe that is not the agent's/);
  t.deepEqual(
    stage.api.requests.filter((request) => !request.startsWith('GET')),
    [],
  );
});

test('what a killed agent left goes first, and alone when that is asked for', async (t) => {
  const stage = cluster();
  await trial(stage);
  for (const path of [`${home}/pods/denied`, `${home}/pods/server`]) stage.api.put(path, {});
  t.true(await clearProbe(stage));
  t.deepEqual(stage.api.objects(), kept);
  t.false(
    await clearProbe(cluster({ refuse: () => failure(500) })),
    'and it says when it could not be seen to',
  );
});

test('a trial that is aborted ends with the reason, and leaves nothing', async (t) => {
  const stage = cluster();
  const stop = new AbortController();
  const ended = t.throwsAsync(tryIsolation({ ...stage, image }, stop.signal), { message: 'asked to stop' });
  await stage.clock.advance(5_000);
  t.true(stage.api.objects().length > kept.length);
  stop.abort(new Error('asked to stop'));
  await ended;
  t.deepEqual(stage.api.objects(), kept);
});

test('it ends at once when it is aborted, also when the cluster cannot be told', async (t) => {
  const stage = cluster({ deaf: (path) => path.endsWith('/pods') });
  const stop = new AbortController();
  const ended = t.throwsAsync(tryIsolation({ ...stage, image }, stop.signal), { message: 'asked to stop' });
  await stage.clock.advance(5_000);
  stop.abort(new Error('asked to stop'));
  await ended;
  t.pass();
});
