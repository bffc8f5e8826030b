// Steps against a scripted API: what is written down when, and what a failure or an abort leaves behind.
import test from 'ava';
import { createActor } from '../../../agent/act/act.ts';
import type { InventoryStore } from '../../../agent/act/ports.ts';
import type { ApiAnswer, ApiErrorCode, ApiRequest } from '../../../agent/cluster/api.ts';
import type { Step } from '../../../agent/plan/step.ts';
import type { WantedObject } from '../../../agent/plan/world.ts';
import { configMap } from '../../conformance/store.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { memoryInventory } from '../../support/memory-inventory.ts';
import { seededRandom } from '../../support/seeded-random.ts';

type Script = (request: ApiRequest) => ApiAnswer | Promise<ApiAnswer>;
const release = 'sha256:one';
const bytes = new TextEncoder();
const kinds = new Map([
  [
    '/v1/ConfigMap',
    { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true, hasStatus: false },
  ],
]);

function answered(status: number, uid = 'uid'): ApiAnswer {
  const entry = {
    manager: 'tre-agent',
    operation: 'Apply',
    time: '2026-01-01T00:00:00Z',
    fieldsV1: { 'f:data': {} },
  };
  const metadata = { name: 'x', uid, creationTimestamp: '2026-01-01T00:00:00Z', managedFields: [entry] };
  return {
    ok: true,
    status,
    contentType: 'application/json',
    etag: null,
    body: bytes.encode(JSON.stringify({ metadata })),
  };
}
const refused = (
  code: ApiErrorCode,
  status: number | null,
  retryAfterMs: number | null = null,
): ApiAnswer => ({ ok: false, status, code, detail: code, retryAfterMs });

function bench(script: Script, { contents = {} }: { contents?: Record<string, string> } = {}) {
  const store = memoryInventory();
  const clock = manualClock();
  const sent: ApiRequest[] = [];
  const content = {
    read: async (digest: string) => {
      if (contents[digest] === 'missing') throw new Error('gone');
      return bytes.encode(contents[digest] ?? `{"digest":"${digest}"}`);
    },
  };
  const api = {
    request: async (request: ApiRequest, signal: AbortSignal) => {
      signal.throwIfAborted();
      sent.push(request);
      return script(request);
    },
  };
  const actor = createActor({ api, discovery: { kinds }, store, content, clock, random: seededRandom(1) });
  const act = (steps: readonly Step[], signal = new AbortController().signal) =>
    actor.act(steps, release, signal);
  return { store, clock, sent, act };
}

const create = (object: WantedObject): Step => ({
  kind: 'apply',
  object,
  reason: 'create',
  uid: null,
  previousDigest: null,
});
const update = (object: WantedObject, more: Partial<Step & { kind: 'apply' }> = {}): Step => ({
  kind: 'apply',
  object,
  reason: 'update',
  uid: 'uid',
  previousDigest: null,
  ...more,
});
const [a, b] = [configMap('a', 0), configMap('b', 1)];
const rowOf = (store: InventoryStore, { id }: WantedObject) => store.inventory().get(id);

test('a create is marked before it is sent, not forced, and recorded when it is answered with 201', async (t) => {
  const { store, sent, act } = bench(() => {
    t.like(rowOf(store, a), { creating: true, uid: null });
    return answered(201);
  });
  store.intend([a], release);
  t.like(await act([create(a)]), [{ ok: true }]);
  t.like(rowOf(store, a), { creating: false, uid: 'uid', appliedDigest: a.digest, releaseDigest: release });
  t.regex(sent[0]?.path ?? '', /fieldManager=tre-agent&force=false$/);
  t.is(new TextDecoder().decode(sent[0]?.body?.bytes), `{"digest":"${a.digest}"}`);
});

test('a create answered with 200 is given back by UID and its row is dropped', async (t) => {
  const { store, sent, act } = bench(() => answered(200, 'theirs'));
  store.intend([a], release);
  t.like(await act([create(a)]), [{ ok: false, code: 'OBJECT_NOT_OURS' }]);
  t.deepEqual(JSON.parse(new TextDecoder().decode(sent[1]?.body?.bytes)), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', namespace: 'demo', uid: 'theirs' },
  });
  t.is(rowOf(store, a), undefined);
});

test('when it cannot be given back the row stays, so that the next plan asks again', async (t) => {
  const { store, act } = bench(({ body }) =>
    new TextDecoder().decode(body?.bytes).includes('theirs')
      ? refused('CLUSTER_UNREACHABLE', null)
      : answered(200, 'theirs'),
  );
  store.intend([a], release);
  await act([create(a)]);
  t.like(rowOf(store, a), { creating: true, uid: null });
});

test('an update is forced; of another UID it is given back, made anew it is ours', async (t) => {
  const replaced = bench(() => answered(200, 'theirs'));
  replaced.store.intend([a], release);
  t.like(await replaced.act([update(a)]), [{ ok: false, code: 'OBJECT_NOT_OURS' }]);
  t.regex(replaced.sent[0]?.path ?? '', /force=true$/);
  const anew = bench(() => answered(201, 'new'));
  anew.store.intend([a], release);
  t.like(await anew.act([update(a)]), [{ ok: true }]);
  t.is(rowOf(anew.store, a)?.uid, 'new');
});

test('an object that is refused waits, the others are done', async (t) => {
  const { store, clock, act } = bench(({ path }) =>
    path.includes('/a?') ? refused('OBJECT_REFUSED', 422) : answered(201),
  );
  store.intend([a, b], release);
  const results = await act([create(a), create(b)]);
  t.deepEqual(
    results.map(({ ok }) => ok),
    [false, true],
  );
  t.is(rowOf(store, b)?.uid, 'uid');
  const attempt = store.attempts().get(a.id);
  t.like(attempt, { code: 'OBJECT_REFUSED', count: 1, digest: a.digest });
  t.true((attempt?.notBefore ?? 0) > clock.now());
  await act([create(a)]);
  t.is(store.attempts().get(a.id)?.count, 2);
});

test('a server that asks for time gets it', async (t) => {
  const { store, clock, act } = bench(() => refused('CLUSTER_FAILING', 503, 60_000));
  store.intend([a], release);
  await act([create(a)]);
  t.is(store.attempts().get(a.id)?.notBefore, clock.now() + 60_000);
});

const outages = [
  refused('CLUSTER_UNREACHABLE', null),
  refused('CLUSTER_UNAUTHENTICATED', 401),
  refused('CLUSTER_BUSY', 429, 1_000),
];
for (const outage of outages)
  test(`${outage.ok ? '' : outage.code} ends the batch and holds back no object`, async (t) => {
    const { store, sent, act } = bench(() => outage);
    const objects = Array.from({ length: 200 }, (_, index) => configMap(`o${index}`, index));
    store.intend(objects, release);
    const results = await act(objects.map(create));
    t.true(results.length > 0 && results.length <= 32 && results.every(({ ok }) => !ok));
    t.is(sent.length, results.length);
    t.is(store.attempts().size, 0);
  });

test('an abort midway records what was answered before', async (t) => {
  const stop = new AbortController();
  const { store, act } = bench(({ path }) => {
    if (path.includes('/b?')) {
      stop.abort(new Error('enough'));
      throw stop.signal.reason;
    }
    return answered(201);
  });
  store.intend([a, b], release);
  await t.throwsAsync(act([create(a), create(b)], stop.signal), { message: 'enough' });
  t.is(rowOf(store, a)?.uid, 'uid');
  t.like(rowOf(store, b), { uid: null, creating: true });
});

test('content that is gone is told, object by object', async (t) => {
  const { store, act } = bench(() => answered(201), { contents: { [a.digest]: 'missing' } });
  store.intend([a, b], release);
  t.deepEqual(
    (await act([create(a), create(b)])).map((result) => (result.ok ? 'done' : result.code)).toSorted(),
    ['CONTENT_MISSING', 'done'],
  );
});

test('a delete names UID and propagation; what is gone already is done', async (t) => {
  const gone: Step = { kind: 'delete', object: a, uid: 'u1', reason: 'prune', digest: '' };
  const { store, sent, act } = bench(() => refused('NOT_FOUND', 404));
  store.intend([a], release);
  t.like(await act([gone]), [{ ok: true }]);
  t.is(sent[0]?.method, 'DELETE');
  t.like(JSON.parse(new TextDecoder().decode(sent[0]?.body?.bytes)), {
    propagationPolicy: 'Background',
    preconditions: { uid: 'u1' },
  });
});

test('local steps are done without the cluster', async (t) => {
  const { store, sent, act } = bench(() => t.fail() as never);
  await act([{ kind: 'intend', objects: [a, b] }]);
  await act([
    { kind: 'keep', id: a.id },
    { kind: 'forget', id: b.id },
  ]);
  t.is(sent.length, 0);
  t.true(rowOf(store, a)?.kept);
  t.is(rowOf(store, b), undefined);
});

const emptied = '{"spec":{"selector":{}}}';
const steps = (sent: readonly ApiRequest[]): string[] =>
  sent.map(({ body }) => new TextDecoder().decode(body?.bytes));

test('a map answered with null is applied once without it, then whole', async (t) => {
  const nulled: ApiAnswer = {
    ...(answered(200) as ApiAnswer & { ok: true }),
    body: bytes.encode(
      '{"metadata":{"uid":"uid","name":"a","creationTimestamp":""},"spec":{"selector":null}}',
    ),
  };
  let first = true;
  const { store, sent, act } = bench(
    () => {
      const answer = first ? nulled : answered(200);
      first = false;
      return answer;
    },
    { contents: { [a.digest]: emptied } },
  );
  store.intend([a], release);
  t.like(await act([update(a)]), [{ ok: true }]);
  t.deepEqual(steps(sent), [emptied, '{"spec":{}}', emptied]);
});

test('a refusal of a map that held something before is met the same way, any other stands', async (t) => {
  let first = true;
  const script: Script = () => {
    const answer = first ? refused('OBJECT_REFUSED', 422) : answered(200);
    first = false;
    return answer;
  };
  const contents = { [a.digest]: emptied, before: '{"spec":{"selector":{"app":"x"}}}', same: emptied };
  const shrunk = bench(script, { contents });
  shrunk.store.intend([a], release);
  t.like(await shrunk.act([update(a, { previousDigest: 'before' })]), [{ ok: true }]);
  t.deepEqual(steps(shrunk.sent), [emptied, '{"spec":{}}', emptied]);
  for (const previousDigest of ['same', null]) {
    first = true;
    const other = bench(script, { contents });
    other.store.intend([a], release);
    t.like(await other.act([update(a, { previousDigest })]), [{ ok: false, code: 'OBJECT_REFUSED' }]);
    t.is(other.sent.length, 1);
  }
});

test('who undoes our repairs for ever is not fought at full speed', async (t) => {
  const { store, clock, act } = bench(() => answered(200));
  store.intend([a], release);
  for (let repairs = 0; repairs < 3; repairs += 1) await act([update(a, { reason: 'repair' })]);
  t.is(store.attempts().size, 0);
  await act([update(a, { reason: 'repair' })]);
  t.like(store.attempts().get(a.id), { code: 'OBJECT_CONFLICT' });
  t.is(rowOf(store, a)?.appliedDigest, a.digest);
  await clock.advance(600_000);
  await act([update(a, { reason: 'repair' })]);
  t.is(store.attempts().size, 0);
});
