// Kinds without pods of their own: claims and volumes, services and what exposes them, namespaces, custom and aggregated
// kinds, autoscalers. Where kstatus has a rule it is that one; it has none for Ingress, HorizontalPodAutoscaler,
// APIService, Namespace, PersistentVolume and for the address of a load balancer. PURE. Called by health-of.ts.
import type { HealthReason } from '../../proto/health-reasons.ts';
import type { JsonObject } from '../../proto/strict-json.ts';
import type { HealthContext } from './context.ts';
import {
  changedAt,
  conditionIs,
  conditionOf,
  conditionsOf,
  isAt,
  objectsAt,
  type StatusCondition,
  textAt,
} from './fields.ts';
import { because, current, currentWith, type Verdict } from './verdict.ts';

const selectedNode = 'volume.kubernetes.io/selected-node';

/**
 * A claim that is to be bound by its first pod stays unbound for as long as nobody uses it: that is how it is meant, so it
 * counts as current, with a note. Once a pod names it, it has to be bound.
 */
export function claimHealth(object: JsonObject, { claim }: HealthContext): Verdict {
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Bound') return current;
  if (phase === 'Lost') return because('VolumeLost');
  if (phase !== 'Pending' || !claim.bindsOnFirstUse || isAt(object, 'metadata', 'annotations', selectedNode))
    return because('NotBound');
  return claim.isUsed
    ? because('WaitsForFirstConsumer')
    : currentWith('its volume is made when a pod uses it');
}

export function volumeHealth(object: JsonObject): Verdict {
  switch (textAt(object, 'status', 'phase')) {
    case 'Available':
    case 'Bound':
    case 'Released':
      return current;
    case 'Failed':
      return because('Stalled', textAt(object, 'status', 'message'));
    case 'Pending':
      return because('NotBound', textAt(object, 'status', 'message'));
    default:
      return because('NotYetObserved');
  }
}

export function serviceHealth(object: JsonObject): Verdict {
  if (textAt(object, 'spec', 'type') !== 'LoadBalancer') return current;
  return textAt(object, 'spec', 'clusterIP') === '' ? because('NoIPAssigned') : addressHealth(object);
}

/** An Ingress, and a Service of type LoadBalancer: whoever serves it writes down where. */
export function addressHealth(object: JsonObject): Verdict {
  return objectsAt(object, 'status', 'loadBalancer', 'ingress').length === 0
    ? because('NoAddressAssigned')
    : current;
}

export function namespaceHealth(object: JsonObject): Verdict {
  switch (textAt(object, 'status', 'phase')) {
    case 'Active':
      return current;
    case 'Terminating':
      return because('Deleting');
    default:
      return because('NotYetObserved');
  }
}

export function definitionHealth(object: JsonObject): Verdict {
  const names = conditionIs(object, 'NamesAccepted', 'False');
  if (names !== undefined) return because('NameConflict', names.message);
  const established = conditionOf(object, 'Established');
  if (established?.status === 'True') return current;
  if (established?.status === 'False' && established.reason !== 'Installing')
    return because('InstallFailed', established.message);
  return because('Installing');
}

/** Each start of what answers for an aggregated API takes a while, and of what measures the pods of an autoscaler. */
const startMs = 60_000;

export function apiServiceHealth(object: JsonObject, { nowMs }: HealthContext): Verdict {
  const available = conditionOf(object, 'Available');
  if (available === undefined) return because('NotYetObserved');
  return available.status === 'True' ? current : sinceLong(object, available, 'ServiceUnavailable', nowMs);
}

/** It fails while it cannot read what it scales by, or whom; that it has reached a bound is no failure. */
export function autoscalerHealth(object: JsonObject, { nowMs }: HealthContext): Verdict {
  const conditions = conditionsOf(object);
  if (conditions.length === 0) return because('NotYetObserved');
  const broken = conditions.filter(
    ({ type, status, reason }) =>
      (type === 'AbleToScale' || type === 'ScalingActive') &&
      status === 'False' &&
      /^(?:Failed|Invalid)/.test(reason),
  );
  // A second trouble does not make the first one younger.
  const [oldest] = broken.toSorted((one, other) => brokenAt(object, one) - brokenAt(object, other));
  return oldest === undefined ? current : sinceLong(object, oldest, 'CannotScale', nowMs);
}

/** Since when a condition says no, ms UTC; for ever, when that is not said. */
function brokenAt(object: JsonObject, { type }: StatusCondition): number {
  return changedAt(object, type) ?? 0;
}

/** A condition that says no: on its way at first, failed when that lasts. */
function sinceLong(
  object: JsonObject,
  condition: StatusCondition,
  reason: HealthReason,
  nowMs: number,
): Verdict {
  const { message } = condition;
  const untilMs = brokenAt(object, condition) + startMs;
  return nowMs < untilMs ? because('NotReady', message, untilMs) : because(reason, message);
}
