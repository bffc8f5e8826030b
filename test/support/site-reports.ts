// States of a site as the control plane keeps them, for tests: healthy and applied unless a test says otherwise.
// Every call makes new objects; nothing is shared.
import type { SiteState } from '../../control-plane/fleet/site-report.ts';
import type { ConditionCode } from '../../proto/conditions.ts';

export function siteState(changes: Partial<SiteState> = {}): SiteState {
  return {
    observedAtMs: 1_000,
    epoch: 1,
    generation: 1,
    applied: true,
    drifted: false,
    releases: { offered: null, running: null, lastHealthy: null, quarantined: null },
    conditions: [],
    objects: [],
    objectsWanted: 1,
    objectsApplied: 1,
    kubernetesVersion: 'v1.36.0',
    healthy: true,
    healthObservedAtMs: 1_000,
    health: [],
    components: [],
    hold: null,
    isolation: null,
    ...changes,
  };
}

export function withConditions(...codes: readonly ConditionCode[]): Pick<SiteState, 'conditions'> {
  return { conditions: codes.map((code) => ({ code, sinceMs: 1_000, count: 1 })) };
}
