// The rules of kstatus, one row each, in the order of the table: what an object looks like, and what is said of it.
// Then what holds for every object whatever it looks like.
import test from 'ava';
import fc from 'fast-check';
import { bareContext, type HealthContext } from '../../../agent/health/context.ts';
import { type GroupKind, healthOf } from '../../../agent/health/health-of.ts';
import { healthReasons } from '../../../proto/health-reasons.ts';
import type { JsonObject, JsonValue } from '../../../proto/strict-json.ts';

const nowMs = Date.UTC(2026, 0, 1, 12, 0, 0);
const ago = (seconds: number): string => `${new Date(nowMs - seconds * 1000).toISOString().slice(0, 19)}Z`;

const kinds = {
  ConfigMap: ['', 'ConfigMap'],
  CronJob: ['batch', 'CronJob'],
  CustomResourceDefinition: ['apiextensions.k8s.io', 'CustomResourceDefinition'],
  DaemonSet: ['apps', 'DaemonSet'],
  Deployment: ['apps', 'Deployment'],
  Job: ['batch', 'Job'],
  PersistentVolumeClaim: ['', 'PersistentVolumeClaim'],
  Pod: ['', 'Pod'],
  PodDisruptionBudget: ['policy', 'PodDisruptionBudget'],
  Project: ['tre.example', 'Project'],
  ReplicaSet: ['apps', 'ReplicaSet'],
  Secret: ['', 'Secret'],
  Service: ['', 'Service'],
  StatefulSet: ['apps', 'StatefulSet'],
} as const;

type Kind = keyof typeof kinds;

function groupKind(kind: Kind): GroupKind {
  const [group, name] = kinds[kind];
  return { group, kind: name };
}

function say(kind: GroupKind, object: JsonValue, context: Partial<HealthContext> = {}): string {
  const { status, reason } = healthOf(object, kind, { ...bareContext(nowMs), ...context });
  return reason === null ? status : `${status} ${reason}`;
}

const rule = test.macro({
  exec(t, kind: Kind, object: JsonObject, expected: string) {
    t.is(say(groupKind(kind), object), expected);
  },
  title: (title = '', kind: Kind) => `${kind}: ${title}`,
});

const seen = { metadata: { generation: 1 } };
const condition = (type: string, status: string, reason = '') => ({ type, status, reason, message: 'why' });

// In general
test(
  'being deleted',
  rule,
  'Deployment',
  { metadata: { deletionTimestamp: ago(1) } },
  'terminating Deleting',
);
test(
  'a change that nobody has seen',
  rule,
  'Project',
  {
    metadata: { generation: 2 },
    status: { observedGeneration: 1, conditions: [condition('Ready', 'True')] },
  },
  'in-progress LatestGenerationNotObserved',
);
test('a change that was seen', rule, 'Project', { ...seen, status: { observedGeneration: 1 } }, 'current');
test('no generation to compare', rule, 'Project', { status: { observedGeneration: 3 } }, 'current');
test(
  'its controller is at work',
  rule,
  'Project',
  { status: { conditions: [condition('Ready', 'True'), condition('Reconciling', 'True', 'Working')] } },
  'in-progress Reconciling',
);
test(
  'its controller cannot go on',
  rule,
  'Project',
  { status: { conditions: [condition('Ready', 'True'), condition('Stalled', 'True')] } },
  'failed Stalled',
);
test(
  'at work goes before stuck',
  rule,
  'Project',
  { status: { conditions: [condition('Stalled', 'True'), condition('Reconciling', 'True')] } },
  'in-progress Reconciling',
);
test('ready', rule, 'Project', { status: { conditions: [condition('Ready', 'True')] } }, 'current');
test(
  'not ready',
  rule,
  'Project',
  { status: { conditions: [condition('Ready', 'False')] } },
  'in-progress NotReady',
);
test(
  'readiness unknown',
  rule,
  'Project',
  { status: { conditions: [condition('Ready', 'Unknown')] } },
  'in-progress NotReady',
);
test('nothing said of readiness', rule, 'Project', { status: { phase: 'Fine' } }, 'current');

// Deployment
const rolledOut = [
  condition('Progressing', 'True', 'NewReplicaSetAvailable'),
  condition('Available', 'True', 'MinimumReplicasAvailable'),
];
const deployment = (status: JsonObject, conditions: readonly JsonObject[] = rolledOut, replicas = 2) => ({
  ...seen,
  spec: { replicas, progressDeadlineSeconds: 600 },
  status: { observedGeneration: 1, conditions: [...conditions], ...status },
});
const two = { replicas: 2, updatedReplicas: 2, availableReplicas: 2, readyReplicas: 2 };
test('complete', rule, 'Deployment', deployment(two), 'current');
test(
  'past its deadline',
  rule,
  'Deployment',
  deployment(two, [condition('Progressing', 'False', 'ProgressDeadlineExceeded')]),
  'failed ProgressDeadlineExceeded',
);
test('no status at all', rule, 'Deployment', { ...seen, spec: {} }, 'in-progress LessReplicas');
test('too few', rule, 'Deployment', deployment({ ...two, replicas: 1 }), 'in-progress LessReplicas');
test('old ones', rule, 'Deployment', deployment({ ...two, updatedReplicas: 1 }), 'in-progress LessUpdated');
test('too many', rule, 'Deployment', deployment({ ...two, replicas: 3 }), 'in-progress ExtraPods');
test(
  'not available',
  rule,
  'Deployment',
  deployment({ ...two, availableReplicas: 1 }),
  'in-progress LessAvailable',
);
test('not ready', rule, 'Deployment', deployment({ ...two, readyReplicas: 1 }), 'in-progress LessReady');
test(
  'the new replica set is not there',
  rule,
  'Deployment',
  deployment(two, [condition('Progressing', 'True', 'ReplicaSetUpdated'), condition('Available', 'True')]),
  'in-progress ReplicaSetNotAvailable',
);
test(
  'without a deadline nobody says that it progresses',
  rule,
  'Deployment',
  { ...deployment(two, [condition('Available', 'True')]), spec: { replicas: 2 } },
  'current',
);
test(
  'the largest deadline is none',
  rule,
  'Deployment',
  {
    ...deployment(two, [condition('Available', 'True')]),
    spec: { replicas: 2, progressDeadlineSeconds: 2_147_483_647 },
  },
  'current',
);
test(
  'not available as a whole',
  rule,
  'Deployment',
  deployment(two, [
    condition('Progressing', 'True', 'NewReplicaSetAvailable'),
    condition('Available', 'False'),
  ]),
  'in-progress DeploymentNotAvailable',
);
test('one replica when none is named', rule, 'Deployment', { ...seen, status: two }, 'in-progress ExtraPods');

// StatefulSet
const set = (status: JsonObject, updateStrategy: JsonObject = {}) => ({
  ...seen,
  spec: { replicas: 2, updateStrategy },
  status: {
    observedGeneration: 1,
    replicas: 2,
    readyReplicas: 2,
    currentReplicas: 2,
    updatedReplicas: 2,
    currentRevision: 'a',
    updateRevision: 'a',
    ...status,
  },
});
const byPartition = (partition: number) => ({ type: 'RollingUpdate', rollingUpdate: { partition } });
test('complete', rule, 'StatefulSet', set({}), 'current');
test('updated by hand', rule, 'StatefulSet', set({ readyReplicas: 0 }, { type: 'OnDelete' }), 'current');
test('too few', rule, 'StatefulSet', set({ replicas: 1 }), 'in-progress LessReplicas');
test('not ready', rule, 'StatefulSet', set({ readyReplicas: 1 }), 'in-progress LessReady');
test('too many', rule, 'StatefulSet', set({ replicas: 3 }), 'in-progress ExtraPods');
test(
  'rolling out in parts',
  rule,
  'StatefulSet',
  set({ updatedReplicas: 0 }, byPartition(1)),
  'in-progress PartitionRollout',
);
test(
  'a part of it is rolled out, which is all that was asked for',
  rule,
  'StatefulSet',
  set({ updatedReplicas: 1, currentRevision: 'b' }, byPartition(1)),
  'current',
);
test(
  'the partition 0 that the API server fills in',
  rule,
  'StatefulSet',
  set({ currentReplicas: 0, currentRevision: 'b' }, byPartition(0)),
  'current',
);
test('not current', rule, 'StatefulSet', set({ currentReplicas: 1 }), 'in-progress LessCurrent');
test('another revision', rule, 'StatefulSet', set({ updateRevision: 'b' }), 'in-progress RevisionMismatch');

// DaemonSet
const daemon = (status: JsonObject) => ({
  ...seen,
  status: {
    observedGeneration: 1,
    desiredNumberScheduled: 2,
    currentNumberScheduled: 2,
    updatedNumberScheduled: 2,
    numberAvailable: 2,
    numberReady: 2,
    ...status,
  },
});
test('complete', rule, 'DaemonSet', daemon({}), 'current');
test('no generation', rule, 'DaemonSet', { status: {} }, 'in-progress NoGeneration');
test('not observed', rule, 'DaemonSet', { ...seen, status: {} }, 'in-progress NoObservedGeneration');
test(
  'not counted',
  rule,
  'DaemonSet',
  { ...seen, status: { observedGeneration: 1 } },
  'in-progress NoDesiredNumber',
);
test('none wanted', rule, 'DaemonSet', daemon({ desiredNumberScheduled: 0 }), 'current');
test('too few', rule, 'DaemonSet', daemon({ currentNumberScheduled: 1 }), 'in-progress LessCurrent');
test('old ones', rule, 'DaemonSet', daemon({ updatedNumberScheduled: 1 }), 'in-progress LessUpdated');
test('not available', rule, 'DaemonSet', daemon({ numberAvailable: 1 }), 'in-progress LessAvailable');
test('not ready', rule, 'DaemonSet', daemon({ numberReady: 1 }), 'in-progress LessReady');

// ReplicaSet
const replicaSet = (status: JsonObject) => ({
  ...seen,
  spec: { replicas: 2 },
  status: {
    observedGeneration: 1,
    replicas: 2,
    fullyLabeledReplicas: 2,
    availableReplicas: 2,
    readyReplicas: 2,
    ...status,
  },
});
test('complete', rule, 'ReplicaSet', replicaSet({}), 'current');
test(
  'pods refused, though there are enough',
  rule,
  'ReplicaSet',
  replicaSet({ conditions: [condition('ReplicaFailure', 'True')] }),
  'failed ReplicaFailure',
);
test('not labelled', rule, 'ReplicaSet', replicaSet({ fullyLabeledReplicas: 1 }), 'in-progress LessLabelled');
test('not available', rule, 'ReplicaSet', replicaSet({ availableReplicas: 1 }), 'in-progress LessAvailable');
test('not ready', rule, 'ReplicaSet', replicaSet({ readyReplicas: 1 }), 'in-progress LessReady');
test('too many', rule, 'ReplicaSet', replicaSet({ replicas: 3 }), 'in-progress ExtraPods');

// Pod
const pod = (phase: string, more: JsonObject = {}, createdSecondsAgo = 0) => ({
  metadata: { creationTimestamp: ago(createdSecondsAgo) },
  status: { phase, ...more },
});
const waiting = (reason: string) => [{ name: 'main', state: { waiting: { reason } } }];
const unschedulable = { conditions: [condition('PodScheduled', 'False', 'Unschedulable')] };
test('done', rule, 'Pod', pod('Succeeded'), 'current');
test(
  'running and ready',
  rule,
  'Pod',
  pod('Running', { conditions: [condition('Ready', 'True')] }),
  'current',
);
test('running', rule, 'Pod', pod('Running'), 'in-progress PodRunningNotReady');
test(
  'ends again and again',
  rule,
  'Pod',
  pod('Running', { containerStatuses: waiting('CrashLoopBackOff') }),
  'failed ContainerCrashLooping',
);
test('pending', rule, 'Pod', pod('Pending'), 'in-progress PodPending');
test('no node, 14 s old', rule, 'Pod', pod('Pending', unschedulable, 14), 'in-progress PodNotScheduled');
test('no node, 15 s old', rule, 'Pod', pod('Pending', unschedulable, 15), 'failed PodUnschedulable');
test(
  'no node, of unknown age',
  rule,
  'Pod',
  { status: { phase: 'Pending', ...unschedulable } },
  'failed PodUnschedulable',
);
test('nobody has looked', rule, 'Pod', { metadata: {} }, 'in-progress PodNotObserved');
test('a phase that does not exist', rule, 'Pod', pod('Dancing'), 'unknown StatusUnreadable');

// Job
const job = (spec: JsonObject, status: JsonObject) => ({ spec, status });
const started = { startTime: ago(5) };
test('complete', rule, 'Job', job({}, { conditions: [condition('Complete', 'True')] }), 'current');
test('failed', rule, 'Job', job({}, { conditions: [condition('Failed', 'True')] }), 'failed JobFailed');
test(
  'its failure is decided while its pods still end',
  rule,
  'Job',
  job({}, { ...started, conditions: [condition('FailureTarget', 'True', 'BackoffLimitExceeded')] }),
  'failed JobFailed',
);
test(
  'suspended',
  rule,
  'Job',
  job({ suspend: true }, { conditions: [condition('Suspended', 'True')] }),
  'current',
);
test(
  'to be suspended, and nobody has seen it',
  rule,
  'Job',
  job({ suspend: true }, {}),
  'in-progress JobNotStarted',
);
test(
  'resumed, and nobody has seen it',
  rule,
  'Job',
  job({}, { conditions: [condition('Suspended', 'True')] }),
  'in-progress JobNotStarted',
);
test('not started', rule, 'Job', job({}, {}), 'in-progress JobNotStarted');
test('in progress while it runs, unlike kstatus', rule, 'Job', job({}, started), 'in-progress JobInProgress');

// The rest
test('bound', rule, 'PersistentVolumeClaim', { status: { phase: 'Bound' } }, 'current');
test('not bound', rule, 'PersistentVolumeClaim', { status: { phase: 'Pending' } }, 'in-progress NotBound');
test('inside the cluster', rule, 'Service', { spec: { type: 'ClusterIP' } }, 'current');
test(
  'for outside, without an address inside',
  rule,
  'Service',
  { spec: { type: 'LoadBalancer' } },
  'in-progress NoIPAssigned',
);
const definition = (...conditions: readonly JsonObject[]) => ({ status: { conditions } });
test(
  'established',
  rule,
  'CustomResourceDefinition',
  definition(condition('Established', 'True')),
  'current',
);
test(
  'its name is taken',
  rule,
  'CustomResourceDefinition',
  definition(condition('NamesAccepted', 'False'), condition('Established', 'True')),
  'failed NameConflict',
);
test(
  'cannot be installed',
  rule,
  'CustomResourceDefinition',
  definition(condition('Established', 'False', 'NotAccepted')),
  'failed InstallFailed',
);
test(
  'is being installed',
  rule,
  'CustomResourceDefinition',
  definition(condition('Established', 'False', 'Installing')),
  'in-progress Installing',
);
test('nothing said yet', rule, 'CustomResourceDefinition', {}, 'in-progress Installing');
test('there', rule, 'ConfigMap', {}, 'current');
test('there', rule, 'Secret', {}, 'current');
test('there', rule, 'CronJob', { ...seen, status: {} }, 'current');
test('observed', rule, 'PodDisruptionBudget', { ...seen, status: { observedGeneration: 1 } }, 'current');
test(
  'not observed',
  rule,
  'PodDisruptionBudget',
  { metadata: { generation: 2 }, status: { observedGeneration: 1 } },
  'in-progress LatestGenerationNotObserved',
);

test('an older name of a group means the same kind', (t) => {
  const object = deployment({ ...two, readyReplicas: 1 });
  t.is(say({ group: 'extensions', kind: 'Deployment' }, object), 'in-progress LessReady');
  t.is(say({ group: 'other.example', kind: 'Deployment' }, object), 'current', 'but not of another group');
});

const anyKind = fc.constantFrom(...(Object.keys(kinds) as Kind[])).map(groupKind);
const anyObject = fc.oneof(
  fc.jsonValue(),
  fc.record({
    metadata: fc.jsonValue(),
    spec: fc.jsonValue(),
    status: fc.oneof(
      fc.jsonValue(),
      fc.record({ conditions: fc.jsonValue(), phase: fc.jsonValue(), observedGeneration: fc.jsonValue() }),
    ),
  }),
) as fc.Arbitrary<JsonValue>;

test('whatever an object looks like, there is a verdict of the closed list, and twice the same', (t) => {
  fc.assert(
    fc.property(anyKind, anyObject, fc.boolean(), (kind, object, hasStatus) => {
      const context = { ...bareContext(nowMs), hasStatus };
      const verdict = healthOf(object, kind, context);
      t.deepEqual(healthOf(structuredClone(object), kind, context), verdict);
      t.is(verdict.reason === null ? 'current' : healthReasons[verdict.reason].status, verdict.status);
    }),
    { numRuns: 2_000 },
  );
});

test('what is being deleted is nothing else', (t) => {
  fc.assert(
    fc.property(anyKind, fc.jsonValue(), fc.jsonValue(), (kind, spec, status) => {
      const object = { metadata: { deletionTimestamp: ago(1), generation: 1 }, spec, status } as JsonValue;
      t.is(say(kind, object), 'terminating Deleting');
    }),
  );
});

test('a status of another form than its kind has is not healthy', (t) => {
  for (const status of [
    'fine',
    [],
    { replicas: 'two' },
    { conditions: { Ready: true } },
    { conditions: ['Ready'] },
  ])
    t.is(
      say(groupKind('Deployment'), { ...seen, spec: { replicas: 2 }, status }),
      'unknown StatusUnreadable',
    );
  t.is(say(groupKind('Project'), 'text'), 'unknown StatusUnreadable');
});
