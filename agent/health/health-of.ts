// The health of one object: what kstatus says, in its order, with the holes closed that it has. Terminating before all,
// then a change that nobody has looked at, then the release's own rules, then what controllers say in general, then the
// rule of the kind, then its condition Ready. PURE; never throws, whatever the object looks like. Called by agent/observe.
import { isObject } from '../../proto/pointer.ts';
import type { JsonObject, JsonValue } from '../../proto/strict-json.ts';
import type { HealthContext } from './context.ts';
import { customVerdict } from './custom-rule.ts';
import { conditionIs, conditionOf, isAt, numberAt, objectAt, timeAt, Unreadable } from './fields.ts';
import { jobHealth } from './job.ts';
import {
  addressHealth,
  apiServiceHealth,
  autoscalerHealth,
  claimHealth,
  definitionHealth,
  namespaceHealth,
  serviceHealth,
  volumeHealth,
} from './plain-kinds.ts';
import { podHealth } from './pod.ts';
import { because, current, type Verdict } from './verdict.ts';
import { daemonSetHealth, deploymentHealth, replicaSetHealth, statefulSetHealth } from './workloads.ts';

/**
 * So long an object of a custom kind may be without a status, after everything else is current, before it is taken for one
 * that never gets any: whoever is to write it may come with the same release, and has to start.
 */
const firstStatusMs = 60_000;

/** What it is by its `apiVersion` and `kind`; lists of one kind leave them out of their items. */
export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

export function healthOf(object: JsonValue, groupKind: GroupKind, context: HealthContext): Verdict {
  if (!isObject(object)) return because('StatusUnreadable', 'not an object');
  try {
    return verdictOf(object, groupKind, context);
  } catch (error) {
    if (error instanceof Unreadable) return because('StatusUnreadable', error.message);
    throw error;
  }
}

function verdictOf(object: JsonObject, { group, kind }: GroupKind, context: HealthContext): Verdict {
  if (isAt(object, 'metadata', 'deletionTimestamp')) return because('Deleting');
  const [generation, observed] = [numberAt(object, 'metadata', 'generation'), observedGeneration(object)];
  if (generation !== undefined && observed !== undefined && generation !== observed)
    return because('LatestGenerationNotObserved');
  const own = context.rules.filter((rule) => rule.group === group && rule.kind === kind);
  const custom = customVerdict(object, own);
  if (custom !== undefined) return custom;
  const reconciling = conditionIs(object, 'Reconciling', 'True');
  if (reconciling !== undefined) return because('Reconciling', reconciling.message);
  const stalled = conditionIs(object, 'Stalled', 'True');
  if (stalled !== undefined) return because('Stalled', stalled.message);

  const rule = kindRules.get(`${aliases.get(group) ?? group}/${kind}`);
  if (rule === undefined) return generalHealth(object, context);
  const verdict = rule.health(object, context);
  const isUnseen = rule.isObserved && generation !== undefined && observed === undefined;
  return verdict.status === 'current' && isUnseen ? because('NotYetObserved') : verdict;
}

/** Some controllers write it as a text; what is no whole number says nothing. */
function observedGeneration(object: JsonObject): number | undefined {
  const value = objectAt(object, 'status')['observedGeneration'];
  if (typeof value === 'string') return /^\d{1,15}$/.test(value) ? Number(value) : undefined;
  return Number.isInteger(value) ? (value as number) : undefined;
}

function generalHealth(object: JsonObject, { hasStatus, nowMs, settledMs }: HealthContext): Verdict {
  const ready = conditionOf(object, 'Ready');
  if (ready !== undefined) return ready.status === 'True' ? current : because('NotReady', ready.message);
  if (!hasStatus || Object.keys(objectAt(object, 'status')).length > 0) return current;
  const bornMs = timeAt(object, 'metadata', 'creationTimestamp') ?? 0;
  const untilMs = Math.max(bornMs, settledMs) + firstStatusMs;
  return nowMs < untilMs ? because('NotYetObserved', '', untilMs) : current;
}

interface KindRule {
  readonly health: (object: JsonObject, context: HealthContext) => Verdict;
  /** Its controller always writes which generation it saw: without that, it has not seen the object. */
  readonly isObserved: boolean;
}

const aliases: ReadonlyMap<string, string> = new Map([['extensions', 'apps']]);

const observedBy = (health: KindRule['health']): KindRule => ({ health, isObserved: true });
const plain = (health: KindRule['health']): KindRule => ({ health, isObserved: false });

const kindRules: ReadonlyMap<string, KindRule> = new Map([
  ['apps/Deployment', observedBy(deploymentHealth)],
  ['apps/StatefulSet', observedBy(statefulSetHealth)],
  ['apps/ReplicaSet', observedBy(replicaSetHealth)],
  ['apps/DaemonSet', plain(daemonSetHealth)],
  ['apps/Ingress', plain(addressHealth)],
  ['networking.k8s.io/Ingress', plain(addressHealth)],
  ['/Pod', plain((pod, { nowMs }) => podHealth(pod, nowMs))],
  ['batch/Job', plain(jobHealth)],
  ['batch/CronJob', plain(() => current)],
  ['policy/PodDisruptionBudget', observedBy(() => current)],
  ['/PersistentVolumeClaim', plain(claimHealth)],
  ['/PersistentVolume', plain(volumeHealth)],
  ['/Service', plain(serviceHealth)],
  ['/Namespace', plain(namespaceHealth)],
  ['/ConfigMap', plain(() => current)],
  ['/Secret', plain(() => current)],
  ['apiextensions.k8s.io/CustomResourceDefinition', plain(definitionHealth)],
  ['apiregistration.k8s.io/APIService', plain(apiServiceHealth)],
  ['autoscaling/HorizontalPodAutoscaler', plain(autoscalerHealth)],
]);
