// A Job is current when it has completed, not while it runs; and it fails with its first failed pod, for whoever waits
// for it wants to know. PURE. Called by health-of.ts.
import type { JsonObject } from '../../proto/strict-json.ts';
import type { HealthContext } from './context.ts';
import { conditionIs, isAt, objectAt } from './fields.ts';
import { because, current, type Verdict } from './verdict.ts';
import { withPods } from './workloads.ts';

export function jobHealth(object: JsonObject, context: HealthContext): Verdict {
  if (conditionIs(object, 'Complete', 'True') !== undefined) return current;
  // The second one comes first: it is decided, and the last pods are being ended.
  const failed = conditionIs(object, 'Failed', 'True') ?? conditionIs(object, 'FailureTarget', 'True');
  if (failed !== undefined) return because('JobFailed', failed.message);
  const isSuspended = objectAt(object, 'spec')['suspend'] === true;
  if (isSuspended && conditionIs(object, 'Suspended', 'True') !== undefined) return current;
  const isStarted = isAt(object, 'status', 'startTime');
  return withPods(object, context, because(isStarted ? 'JobInProgress' : 'JobNotStarted'));
}
