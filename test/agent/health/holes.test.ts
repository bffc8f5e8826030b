// What kstatus does not see, (a) to (h): each as it is seen here.
import test from 'ava';
import fc from 'fast-check';
import { bareContext, type HealthContext, type OwnedPod } from '../../../agent/health/context.ts';
import { type GroupKind, healthOf } from '../../../agent/health/health-of.ts';
import { podHealth } from '../../../agent/health/pod.ts';
import type { HealthRule } from '../../../proto/document.ts';
import type { JsonObject } from '../../../proto/strict-json.ts';

const nowMs = Date.UTC(2026, 0, 1, 12, 0, 0);
const ago = (seconds: number): string => `${new Date(nowMs - seconds * 1000).toISOString().slice(0, 19)}Z`;
const kind = (text: string): GroupKind => {
  const [group = '', name = ''] = text.split('/');
  return { group, kind: name };
};
const project = kind('tre.example/Project');

function look(of: GroupKind, object: JsonObject, context: Partial<HealthContext> = {}) {
  const { status, reason, detail, untilMs } = healthOf(object, of, { ...bareContext(nowMs), ...context });
  return { said: reason === null ? status : `${status} ${reason}`, detail, untilMs };
}
const say = (of: GroupKind, object: JsonObject, context: Partial<HealthContext> = {}) =>
  look(of, object, context).said;
const condition = (type: string, status: string, reason = '', message = '') => ({
  type,
  status,
  reason,
  message,
});

test('(a) a new object of a custom kind is not current before somebody wrote a status, for a while', (t) => {
  const context = { hasStatus: true, settledMs: 0 };
  const born = (seconds: number, status?: JsonObject): JsonObject => ({
    metadata: { creationTimestamp: ago(seconds), generation: 1 },
    ...(status !== undefined && { status }),
  });
  const fresh = look(project, born(3), context);
  t.like(fresh, { said: 'in-progress NotYetObserved', untilMs: nowMs + 57_000 });
  t.is(say(project, born(3, {}), context), 'in-progress NotYetObserved');
  t.is(say(project, born(59, { phase: 'Ready' }), context), 'current');
  t.is(say(project, born(60), context), 'current', 'nobody writes one: there may be no controller');
  const settled = (ms: number) => look(project, born(600), { hasStatus: true, settledMs: ms });
  t.like(settled(nowMs - 59_000), { said: 'in-progress NotYetObserved', untilMs: nowMs + 1_000 });
  t.is(settled(nowMs - 60_000).said, 'current');
  t.like(
    settled(Infinity),
    { said: 'in-progress NotYetObserved', untilMs: Infinity },
    'the rest is not current',
  );
  t.is(say(project, born(0), { hasStatus: false }), 'current', 'the kind has no status');
});

test('(a) a built-in kind whose controller says what it saw is not current before it did', (t) => {
  const metadata = { generation: 1, creationTimestamp: ago(600) };
  const spec = { replicas: 0 };
  for (const name of ['apps/StatefulSet', 'apps/ReplicaSet', 'policy/PodDisruptionBudget'])
    t.is(say(kind(name), { metadata, spec, status: { replicas: 0 } }), 'in-progress NotYetObserved', name);
  const empty = say(kind('apps/Deployment'), { metadata, spec });
  t.is(empty, 'in-progress DeploymentNotAvailable');
});

test('(b) an observed generation written as a text counts, and nonsense there says nothing', (t) => {
  const object = (observedGeneration: string) => ({
    metadata: { generation: 2 },
    status: { observedGeneration },
  });
  t.is(say(project, object('1')), 'in-progress LatestGenerationNotObserved');
  t.is(say(project, object('2')), 'current');
  t.is(say(project, object('two')), 'current');
});

const rule = (
  means: HealthRule['means'],
  operator: HealthRule['operator'],
  value: HealthRule['value'],
): HealthRule => ({
  group: 'tre.example',
  kind: 'Project',
  means,
  pointer: '/status/phase',
  operator,
  value,
});

test('(c) the rules of the release decide over a Ready=False that is meant so', (t) => {
  const object = (phase: string) => ({ status: { phase, conditions: [condition('Ready', 'False')] } });
  const rules = [rule('current', 'equals', 'Idle'), rule('failed', 'equals', 'Broken')];
  t.is(say(project, object('Idle')), 'in-progress NotReady');
  t.is(say(project, object('Idle'), { rules }), 'current');
  t.is(say(project, object('Broken'), { rules }), 'failed CustomRuleFailed');
  t.is(say(project, object('Busy'), { rules }), 'in-progress CustomRuleWaiting');
  t.is(say(project, {}, { rules }), 'in-progress CustomRuleWaiting');
  t.is(say(kind('other.example/Project'), object('Idle'), { rules }), 'in-progress NotReady');
});

test('(c) all rules that mean current must hold, one that means failed is enough', (t) => {
  const object = (phase: string) => ({ status: { phase } });
  const current = [rule('current', 'exists', null), rule('current', 'not-equals', 'Busy')];
  t.is(say(project, object('Idle'), { rules: current }), 'current');
  t.is(say(project, object('Busy'), { rules: current }), 'in-progress CustomRuleWaiting');
  const failed = [...current, rule('failed', 'not-equals', 'Idle')];
  t.is(say(project, object('Broken'), { rules: failed }), 'failed CustomRuleFailed');
  t.is(
    say(project, {}, { rules: failed }),
    'in-progress CustomRuleWaiting',
    'what is not there is not wrong',
  );
  t.is(say(project, object('Idle'), { rules: [rule('failed', 'equals', 'Broken')] }), 'current');
});

test('(c) no rule goes before a deletion or a change that nobody has seen', (t) => {
  const rules = [rule('current', 'exists', null)];
  const status = { phase: 'Idle', observedGeneration: 1 };
  t.is(
    say(project, { metadata: { generation: 2 }, status }, { rules }),
    'in-progress LatestGenerationNotObserved',
  );
  t.is(say(project, { metadata: { deletionTimestamp: ago(1) }, status }, { rules }), 'terminating Deleting');
});

test('(d) a claim that is bound by its first pod waits for it in peace', (t) => {
  const claim = kind('/PersistentVolumeClaim');
  const object = (annotations: JsonObject = {}, phase = 'Pending') => ({
    metadata: { annotations },
    status: { phase },
  });
  const unused = { claim: { bindsOnFirstUse: true, isUsed: false } };
  const used = { claim: { bindsOnFirstUse: true, isUsed: true } };
  const quiet = look(claim, object(), unused);
  t.deepEqual([quiet.said, quiet.detail], ['current', 'its volume is made when a pod uses it']);
  t.is(say(claim, object(), used), 'in-progress WaitsForFirstConsumer');
  t.is(say(claim, object({ 'volume.kubernetes.io/selected-node': 'a' }), used), 'in-progress NotBound');
  t.is(say(claim, object(), {}), 'in-progress NotBound');
  t.is(say(claim, object({}, 'Lost'), unused), 'failed VolumeLost');
});

const address = { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } };
const missing = test.macro({
  exec(t, name: string, object: JsonObject, expected: string) {
    t.is(say(kind(name), object), expected);
  },
  title: (title = '', name: string) => `(e) ${name}: ${title}`,
});
test(
  'without an address',
  missing,
  'networking.k8s.io/Ingress',
  { status: { loadBalancer: {} } },
  'in-progress NoAddressAssigned',
);
test('with an address', missing, 'networking.k8s.io/Ingress', { status: address }, 'current');
test('of the older group', missing, 'extensions/Ingress', {}, 'in-progress NoAddressAssigned');
const balancer = { type: 'LoadBalancer', clusterIP: '10.43.0.1' };
test('without an address outside', missing, '/Service', { spec: balancer }, 'in-progress NoAddressAssigned');
test('with an address outside', missing, '/Service', { spec: balancer, status: address }, 'current');
const hpa = 'autoscaling/HorizontalPodAutoscaler';
const conditions = (...all: readonly JsonObject[]): JsonObject => ({ status: { conditions: all } });
test('nobody has looked', missing, hpa, {}, 'in-progress NotYetObserved');
test(
  'scales',
  missing,
  hpa,
  conditions(condition('AbleToScale', 'True'), condition('ScalingActive', 'True')),
  'current',
);
test(
  'without metrics',
  missing,
  hpa,
  conditions(condition('ScalingActive', 'False', 'FailedGetResourceMetric')),
  'failed CannotScale',
);
test(
  'without a target',
  missing,
  hpa,
  conditions(condition('AbleToScale', 'False', 'FailedGetScale')),
  'failed CannotScale',
);
const unmeasured = (lastTransitionTime: string) =>
  conditions({ ...condition('ScalingActive', 'False', 'FailedGetResourceMetric'), lastTransitionTime });
test('without metrics for a while', missing, hpa, unmeasured(ago(60)), 'failed CannotScale');
test('its pods have just started', missing, hpa, unmeasured(ago(59)), 'in-progress NotReady');
const since = (type: string, seconds: number) => ({
  ...condition(type, 'False', 'FailedSo'),
  lastTransitionTime: ago(seconds),
});
test(
  'a second trouble makes the first one no younger',
  missing,
  hpa,
  conditions(since('AbleToScale', 3), since('ScalingActive', 3_600)),
  'failed CannotScale',
);
test(
  'nor does the order of the two',
  missing,
  hpa,
  conditions(since('ScalingActive', 3_600), since('AbleToScale', 3)),
  'failed CannotScale',
);
test(
  'two young troubles',
  missing,
  hpa,
  conditions(since('AbleToScale', 3), since('ScalingActive', 30)),
  'in-progress NotReady',
);
test(
  'switched off',
  missing,
  hpa,
  conditions(condition('ScalingActive', 'False', 'ScalingDisabled')),
  'current',
);
const api = 'apiregistration.k8s.io/APIService';
test('answers', missing, api, conditions(condition('Available', 'True')), 'current');
test(
  'does not answer',
  missing,
  api,
  conditions(condition('Available', 'False', 'MissingEndpoints')),
  'failed ServiceUnavailable',
);
const unavailable = (lastTransitionTime: string) =>
  conditions({ ...condition('Available', 'False', 'MissingEndpoints'), lastTransitionTime });
test('has not answered for a while', missing, api, unavailable(ago(60)), 'failed ServiceUnavailable');
test('is just starting', missing, api, unavailable(ago(59)), 'in-progress NotReady');
test('not asked yet', missing, api, {}, 'in-progress NotYetObserved');
test('active', missing, '/Namespace', { status: { phase: 'Active' } }, 'current');
test('ending', missing, '/Namespace', { status: { phase: 'Terminating' } }, 'terminating Deleting');
test('without a phase', missing, '/Namespace', {}, 'in-progress NotYetObserved');
test('bound', missing, '/PersistentVolume', { status: { phase: 'Bound' } }, 'current');
test('waiting', missing, '/PersistentVolume', { status: { phase: 'Pending' } }, 'in-progress NotBound');
test(
  'could not be recycled',
  missing,
  '/PersistentVolume',
  { status: { phase: 'Failed' } },
  'failed Stalled',
);

const owned = (name: string, status: JsonObject, seconds = 60): OwnedPod => ({
  name,
  verdict: podHealth({ metadata: { creationTimestamp: ago(seconds) }, status }, nowMs),
});
const failedPod = owned('a', {
  phase: 'Failed',
  containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 3 } } }],
});

test('(f) a failed pod fails its Job, and a pod that the release wants', (t) => {
  const running = { status: { startTime: ago(9) } };
  const job = look(kind('batch/Job'), running, { pods: [failedPod] });
  t.deepEqual([job.said, job.detail], ['failed PodFailed', 'pod a: container main ended with code 3']);
  const done = { status: { conditions: [condition('Complete', 'True')] } };
  t.is(say(kind('batch/Job'), done, { pods: [failedPod] }), 'current', 'another try did it');
  t.is(say(kind('/Pod'), { status: { phase: 'Failed' } }), 'failed PodFailed');
  t.is(say(kind('/Pod'), { status: { phase: 'Failed', reason: 'Evicted' } }), 'failed PodEvicted');
});

test('(f) a workload replaces a pod that ended, and is not failed by it', (t) => {
  t.is(say(kind('apps/Deployment'), {}, { pods: [failedPod] }), 'in-progress LessReplicas');
});

const refused = test.macro({
  exec(t, message: string, expected: string) {
    const status = { conditions: [condition('ReplicaFailure', 'True', 'FailedCreate', message)] };
    for (const name of ['apps/Deployment', 'apps/ReplicaSet']) {
      const found = look(kind(name), { status });
      t.is(
        found.said,
        expected === ''
          ? `in-progress ${name.endsWith('ReplicaSet') ? 'LessLabelled' : 'LessReplicas'}`
          : expected,
      );
      if (expected !== '') t.is(found.detail, message);
    }
    const set = look(kind('apps/StatefulSet'), {}, { refusal: message });
    t.is(set.said, expected === '' ? 'in-progress LessReplicas' : expected);
  },
  title: (_title, message: string) => `(g) ${message}`,
});
test(
  refused,
  'pods "a" is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5',
  'failed QuotaExceeded',
);
test(refused, 'pods "a" is forbidden: failed quota: q: must specify limits.cpu', 'failed QuotaExceeded');
test(
  refused,
  'pods "a" is forbidden: violates PodSecurity "restricted:latest": privileged',
  'failed AdmissionRefused',
);
test(refused, 'admission webhook "x.example" denied the request: no', 'failed AdmissionRefused');
test(refused, 'Internal error occurred: failed calling webhook', 'failed ReplicaFailure');
test(refused, 'pods "a" is forbidden: status unknown for quota: q, resources: pods', '');
test(
  refused,
  'pods "a" is forbidden: error looking up service account x/y: serviceaccount "y" not found',
  '',
);

test('(g) a refusal that is over says nothing', (t) => {
  const status = {
    replicas: 1,
    updatedReplicas: 1,
    availableReplicas: 1,
    readyReplicas: 1,
    conditions: [condition('Available', 'True'), condition('ReplicaFailure', 'True', '', 'exceeded quota')],
  };
  t.is(say(kind('apps/Deployment'), { status }), 'current');
});

const cannotStart = test.macro({
  exec(t, reason: string, expected: string) {
    const waiting = [{ name: 'main', state: { waiting: { reason, message: 'words' } } }];
    for (const field of ['containerStatuses', 'initContainerStatuses']) {
      const pod = owned('a', { phase: 'Pending', [field]: waiting });
      t.is(`${pod.verdict.status} ${pod.verdict.reason}`, expected);
      t.is(pod.verdict.detail, 'container main: words');
      for (const name of ['apps/Deployment', 'apps/StatefulSet', 'apps/ReplicaSet', 'batch/Job'])
        t.is(say(kind(name), {}, { pods: [pod] }), expected, name);
      const daemon = {
        metadata: { generation: 1 },
        status: { observedGeneration: 1, desiredNumberScheduled: 1 },
      };
      t.is(say(kind('apps/DaemonSet'), daemon, { pods: [pod] }), expected);
    }
  },
  title: (_title, reason: string) => `(h) ${reason} fails at once`,
});
for (const reason of [
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
])
  test(cannotStart, reason, 'failed ImageUnavailable');
for (const reason of [
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'PreCreateHookError',
  'PreStartHookError',
  'PostStartHookError',
])
  test(cannotStart, reason, 'failed ContainerCannotStart');
test(cannotStart, 'CrashLoopBackOff', 'failed ContainerCrashLooping');

test('(h) a container that ended again crash-loops, also while its kubelet shows only the end', (t) => {
  const ended = (restartCount: number, exitCode: number): JsonObject => ({
    phase: 'Running',
    containerStatuses: [{ name: 'main', restartCount, state: { terminated: { exitCode } } }],
  });
  t.is(owned('a', ended(1, 2)).verdict.reason, 'ContainerCrashLooping');
  t.is(owned('a', ended(1, 0)).verdict.reason, 'ContainerCrashLooping', 'it was to run for ever');
  t.is(owned('a', ended(0, 2)).verdict.reason, 'PodRunningNotReady', 'once is no loop');
  const init = { phase: 'Pending', initContainerStatuses: ended(2, 0)['containerStatuses'] ?? [] };
  t.is(owned('a', init).verdict.reason, 'PodPending', 'an init container may end well at last');
});

test('(h) who ended again after a good run, or unseen, does not crash-loop: the machine may have been started anew', (t) => {
  const ended = (more: JsonObject): OwnedPod =>
    owned('a', {
      phase: 'Running',
      containerStatuses: [
        { name: 'main', restartCount: 4, state: { terminated: { exitCode: 255, ...more } } },
      ],
    });
  const finishedAt = ago(1);
  t.is(ended({ startedAt: ago(601), finishedAt }).verdict.reason, 'ContainerCrashLooping');
  t.is(ended({ startedAt: ago(602), finishedAt }).verdict.reason, 'PodRunningNotReady');
  t.is(ended({ startedAt: null, finishedAt }).verdict.reason, 'ContainerCrashLooping');
  const short = { startedAt: ago(9), finishedAt };
  t.is(ended({ ...short, reason: 'Error' }).verdict.reason, 'ContainerCrashLooping');
  for (const reason of ['Unknown', 'ContainerStatusUnknown'])
    t.is(ended({ ...short, reason }).verdict.reason, 'PodRunningNotReady', reason);
});

test('(h) a container that is to run for ever crash-loops also when it ends well, a sidecar too', (t) => {
  const statuses = [{ name: 'a', restartCount: 2, state: { terminated: { exitCode: 0 } } }];
  const reason = (spec: JsonObject, field: string): string | null =>
    podHealth({ spec, status: { phase: 'Pending', [field]: statuses } }, nowMs).reason;
  const init = (more: JsonObject) =>
    reason({ initContainers: [{ name: 'a', ...more }] }, 'initContainerStatuses');
  t.is(init({}), 'PodPending');
  t.is(init({ restartPolicy: 'Always' }), 'ContainerCrashLooping');
  const main = (restartPolicy: string, more: JsonObject = {}) =>
    reason({ restartPolicy, containers: [{ name: 'a', ...more }] }, 'containerStatuses');
  t.is(main('Always'), 'ContainerCrashLooping');
  t.is(main('OnFailure'), 'PodPending');
  t.is(main('Never', { restartPolicy: 'Always' }), 'ContainerCrashLooping');
  t.is(main('Always', { restartPolicy: 'Never' }), 'PodPending');
});

test('a container that is being made is not failed', (t) => {
  const waiting = [{ name: 'main', state: { waiting: { reason: 'ContainerCreating' } } }];
  t.is(owned('a', { phase: 'Pending', containerStatuses: waiting }).verdict.reason, 'PodPending');
});

test('a pod without a node fails its workload when it is 15 s old, and says when that is', (t) => {
  const status = { phase: 'Pending', conditions: [condition('PodScheduled', 'False', 'Unschedulable')] };
  const early = look(kind('apps/Deployment'), {}, { pods: [owned('a', status, 10)] });
  t.deepEqual([early.said, early.untilMs], ['in-progress LessReplicas', nowMs + 5_000]);
  t.is(say(kind('apps/Deployment'), {}, { pods: [owned('a', status, 15)] }), 'failed PodUnschedulable');
});

test('what is not current yet says for which pod it waits', (t) => {
  const pods = [owned('a', { phase: 'Succeeded' }), owned('b', { phase: 'Pending' })];
  t.like(look(kind('apps/Deployment'), {}, { pods }), {
    detail: 'pod b: A pod is being started.',
    untilMs: null,
  });
});

test('what waits for a person says so', (t) => {
  const paused = { spec: { paused: true } };
  t.like(look(kind('apps/Deployment'), paused, { pods: [owned('a', { phase: 'Pending' })] }), {
    said: 'in-progress LessReplicas',
    detail: 'its rollout is paused',
  });
  const daemon = (type: string) => ({
    metadata: { generation: 1 },
    spec: { updateStrategy: { type } },
    status: { observedGeneration: 1, desiredNumberScheduled: 1, currentNumberScheduled: 1 },
  });
  t.like(look(kind('apps/DaemonSet'), daemon('OnDelete')), {
    said: 'in-progress LessUpdated',
    detail: 'a pod is renewed only when somebody deletes it',
  });
  t.is(look(kind('apps/DaemonSet'), daemon('RollingUpdate')).detail, '');
  const gated = {
    phase: 'Pending',
    conditions: [condition('PodScheduled', 'False', 'SchedulingGated', 'a gate')],
  };
  t.like(owned('a', gated).verdict, { reason: 'PodPending', detail: 'a gate' });
});

test('the age of a pod is counted from any second of the calendar', (t) => {
  const status = { phase: 'Pending', conditions: [condition('PodScheduled', 'False', 'Unschedulable')] };
  const seconds = fc.integer({ min: 0, max: Date.UTC(2105, 0, 1) / 1000 });
  const february = fc
    .integer({ min: 1970, max: 2104 })
    .map((year) => Date.UTC(year, 1, 28, 23, 59, 59) / 1000);
  fc.assert(
    fc.property(fc.oneof(seconds, february), (second) => {
      const creationTimestamp = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
      const { untilMs } = podHealth({ metadata: { creationTimestamp }, status }, Number.NEGATIVE_INFINITY);
      t.is(untilMs, second * 1000 + 15_000);
    }),
  );
});

test('pods of something that is current are nobody’s trouble', (t) => {
  const crashing = owned('a', {
    phase: 'Running',
    containerStatuses: [{ name: 'm', state: { waiting: { reason: 'CrashLoopBackOff' } } }],
  });
  t.is(
    say(kind('apps/StatefulSet'), { spec: { updateStrategy: { type: 'OnDelete' } } }, { pods: [crashing] }),
    'current',
  );
});
