// What one look at the health of a site found. Pure types: made by agent/observe from the verdicts of this room, read by
// agent/report and agent/local. Objects are the wanted ones; `detail` quotes the cluster and stays on site.
import type { HealthReason, HealthStatus } from '../../proto/health-reasons.ts';

/** The health of one wanted object. `sinceMs`: when it got this status and reason, ms UTC, also over restarts. */
export interface ObjectHealth {
  readonly id: string;
  /** Place in the release's list of objects. */
  readonly index: number;
  readonly status: 'current' | HealthStatus;
  /** Null when current. */
  readonly reason: HealthReason | null;
  readonly sinceMs: number;
  readonly detail: string;
}

/** One look. Healthy means: every wanted object is current, and all of them could be looked at. */
export interface HealthSnapshot {
  /** 0 when nobody could look since this agent started. */
  readonly observedAtMs: number;
  /** Of the document whose objects were looked at. */
  readonly generation: number;
  readonly healthy: boolean;
  readonly objects: readonly ObjectHealth[];
  /** Nodes that are not ready, as conditions with how many nodes each concerns. */
  readonly nodes: readonly NodeTrouble[];
}

export interface NodeTrouble {
  readonly code: 'NodeNotReady' | 'NodeSilent' | 'ContainerRuntimeDown';
  /** Name of the node: for the screen on site. */
  readonly node: string;
  readonly detail: string;
}
