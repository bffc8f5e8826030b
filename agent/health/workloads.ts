// Workloads that keep pods: Deployment, StatefulSet, DaemonSet, ReplicaSet. Each rule is the one of kstatus, first match
// wins; what is not current yet fails at once when the cluster refuses its pods or one of them will not come right.
// PURE. Called by health-of.ts.
import { type HealthReason, healthReasons } from '../../proto/health-reasons.ts';
import type { JsonObject } from '../../proto/strict-json.ts';
import type { HealthContext, OwnedPod } from './context.ts';
import { conditionIs, conditionOf, isAt, numberAt, objectAt, textAt } from './fields.ts';
import { refusalReason } from './refusal.ts';
import { because, current, type Verdict } from './verdict.ts';

/** Controllers write this when a Deployment has no deadline. */
const noDeadline = 2 ** 31 - 1;

export function deploymentHealth(object: JsonObject, context: HealthContext): Verdict {
  const progressing = conditionOf(object, 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded')
    return failFast(object, context, because('ProgressDeadlineExceeded', progressing.message));
  const { wanted, replicas, ready } = replicasOf(object);
  const updated = count(object, 'updatedReplicas');
  const deadline = numberAt(object, 'spec', 'progressDeadlineSeconds') ?? noDeadline;
  const isRolledOut =
    deadline === noDeadline ||
    (progressing?.status === 'True' && progressing.reason === 'NewReplicaSetAvailable');
  const reason = first([
    [replicas < wanted, 'LessReplicas'],
    [updated < wanted, 'LessUpdated'],
    [replicas > wanted, 'ExtraPods'],
    [count(object, 'availableReplicas') < updated, 'LessAvailable'],
    [ready < wanted, 'LessReady'],
    [!isRolledOut, 'ReplicaSetNotAvailable'],
    [conditionIs(object, 'Available', 'True') === undefined, 'DeploymentNotAvailable'],
  ]);
  const isPaused = objectAt(object, 'spec')['paused'] === true;
  return failFast(object, context, isPaused ? withNote(reason, 'its rollout is paused') : reason);
}

export function statefulSetHealth(object: JsonObject, context: HealthContext): Verdict {
  if (textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete') return current;
  const { wanted, replicas, ready } = replicasOf(object);
  const partition = numberAt(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition');
  const shared = [
    [replicas < wanted, 'LessReplicas'],
    [ready < wanted, 'LessReady'],
    [replicas > wanted, 'ExtraPods'],
  ] as const;
  const rollout =
    partition === undefined
      ? ([
          [count(object, 'currentReplicas') < wanted, 'LessCurrent'],
          [
            textAt(object, 'status', 'currentRevision') !== textAt(object, 'status', 'updateRevision'),
            'RevisionMismatch',
          ],
        ] as const)
      : ([[count(object, 'updatedReplicas') < wanted - partition, 'PartitionRollout']] as const);
  return failFast(object, context, first([...shared, ...rollout]));
}

export function daemonSetHealth(object: JsonObject, context: HealthContext): Verdict {
  if (!isAt(object, 'metadata', 'generation')) return because('NoGeneration');
  if (!isAt(object, 'status', 'observedGeneration')) return because('NoObservedGeneration');
  const wanted = numberAt(object, 'status', 'desiredNumberScheduled');
  if (wanted === undefined) return because('NoDesiredNumber');
  const reason = first([
    [count(object, 'currentNumberScheduled') < wanted, 'LessCurrent'],
    [count(object, 'updatedNumberScheduled') < wanted, 'LessUpdated'],
    [count(object, 'numberAvailable') < wanted, 'LessAvailable'],
    [count(object, 'numberReady') < wanted, 'LessReady'],
  ]);
  const isByHand =
    reason.reason === 'LessUpdated' && textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete';
  return failFast(object, context, isByHand ? withNote(reason, renewedByHand) : reason);
}

const renewedByHand = 'a pod is renewed only when somebody deletes it';

/** Of what is not current: whom it waits for. */
function withNote(verdict: Verdict, detail: string): Verdict {
  return verdict.status === 'current' ? verdict : { ...verdict, detail };
}

/** Refused pods count here whatever the numbers say, as in kstatus. */
export function replicaSetHealth(object: JsonObject, context: HealthContext): Verdict {
  const failure = conditionIs(object, 'ReplicaFailure', 'True');
  const refused = failure === undefined ? null : refusalReason(failure.message);
  if (failure !== undefined && refused !== null) return because(refused, failure.message);
  const { wanted, replicas, ready } = replicasOf(object);
  const reason = first([
    [count(object, 'fullyLabeledReplicas') < wanted, 'LessLabelled'],
    [count(object, 'availableReplicas') < wanted, 'LessAvailable'],
    [ready < wanted, 'LessReady'],
    [replicas > wanted, 'ExtraPods'],
  ]);
  return failFast(object, context, reason);
}

/** A pod that ended is replaced by its workload; only whoever waits for it to end well has failed with it. */
const ended: ReadonlySet<HealthReason | null> = new Set(['PodFailed', 'PodEvicted']);

/** Of something that is not current: the refusal or the pod because of which it will not become so. */
function failFast(object: JsonObject, context: HealthContext, slow: Verdict): Verdict {
  const pods = context.pods.filter(({ verdict }) => !ended.has(verdict.reason));
  return withPods(object, { ...context, pods }, slow);
}

/** The same, and a pod that ended badly counts. */
export function withPods(object: JsonObject, { pods, refusal }: HealthContext, slow: Verdict): Verdict {
  if (slow.status === 'current') return slow;
  const message = conditionIs(object, 'ReplicaFailure', 'True')?.message ?? refusal;
  const refused = message === '' ? null : refusalReason(message);
  if (refused !== null) return because(refused, message);
  const failed = pods.find(({ verdict }) => verdict.status === 'failed');
  if (failed !== undefined)
    return { ...failed.verdict, detail: `pod ${failed.name}: ${failed.verdict.detail}` };
  const untils = pods.flatMap(({ verdict }) => (verdict.untilMs === null ? [] : [verdict.untilMs]));
  const detail = slow.detail || waitingFor(pods);
  return { ...slow, detail, untilMs: untils.length === 0 ? null : Math.min(...untils) };
}

/** The first pod that is not current yet, and why. */
function waitingFor(pods: readonly OwnedPod[]): string {
  for (const { name, verdict } of pods)
    if (verdict.reason !== null)
      return `pod ${name}: ${verdict.detail || healthReasons[verdict.reason].text}`;
  return '';
}

function replicasOf(object: JsonObject) {
  return {
    wanted: numberAt(object, 'spec', 'replicas') ?? 1,
    replicas: count(object, 'replicas'),
    ready: count(object, 'readyReplicas'),
  };
}

function count(object: JsonObject, field: string): number {
  return numberAt(object, 'status', field) ?? 0;
}

function first(rules: readonly (readonly [holds: boolean, reason: HealthReason])[]): Verdict {
  const found = rules.find(([holds]) => holds);
  return found === undefined ? current : because(found[1]);
}
