// What sites report, as our own types: facts by codes and numbers, objects by their index in a signed release.
// Made from protobuf once, at the edge (sync/report-rows.ts); stored as JSON. Times are milliseconds by the site's clock.
// A state that an older control plane stored lacks the newer facts: `readState` says what they are then.
import type { ConditionCode } from '../../proto/conditions.ts';
import type { ErrorCode } from '../../proto/errors.ts';
import type { HealthReason } from '../../proto/health-reasons.ts';
import type { HardwareName, MeasureName, Source } from '../../proto/measures.ts';

/** One object that is not as wanted. */
export interface ObjectFact {
  /** Digest of the release manifest that lists it; empty for the release that the site works towards. */
  readonly releaseDigest: string;
  readonly index: number;
  /** A code of either closed list. */
  readonly code: string;
}

export interface ConditionFact {
  readonly code: ConditionCode;
  readonly sinceMs: number;
  readonly count: number;
}

/** One object that does not work or is not ready. */
export interface HealthFact {
  /** As in ObjectFact. */
  readonly releaseDigest: string;
  readonly index: number;
  readonly reason: HealthReason;
  readonly sinceMs: number;
}

/** One component of the release, by its place in the release's list. */
export interface ComponentFact {
  readonly index: number;
  readonly applied: boolean;
  readonly healthy: boolean;
  readonly drifted: boolean;
  readonly objects: number;
}

/** Somebody on site has put new releases on hold. */
export interface HoldFact {
  readonly sinceMs: number;
  readonly untilMs: number;
}

export const networkPolicyWords = ['enforced', 'not-enforced', 'unproven'] as const;

export interface IsolationFact {
  readonly networkPolicy: (typeof networkPolicyWords)[number];
  /** 0 for never. */
  readonly checkedAtMs: number;
}

/** The newest news of a site. Releases are manifest digests, null for none. */
export interface SiteState {
  readonly observedAtMs: number;
  readonly epoch: number;
  readonly generation: number;
  readonly applied: boolean;
  readonly drifted: boolean;
  readonly releases: {
    readonly offered: string | null;
    readonly running: string | null;
    readonly lastHealthy: string | null;
    readonly quarantined: string | null;
  };
  readonly conditions: readonly ConditionFact[];
  readonly objects: readonly ObjectFact[];
  readonly objectsWanted: number;
  readonly objectsApplied: number;
  readonly kubernetesVersion: string;
  readonly healthy: boolean;
  /** 0 while health was not looked at. */
  readonly healthObservedAtMs: number;
  readonly health: readonly HealthFact[];
  readonly components: readonly ComponentFact[];
  readonly hold: HoldFact | null;
  readonly isolation: IsolationFact | null;
}

const notSaid = {
  healthy: false,
  healthObservedAtMs: 0,
  health: [],
  components: [],
  hold: null,
  isolation: null,
} as const;

/** A stored state. */
export function readState(json: string): SiteState {
  return { ...notSaid, ...(JSON.parse(json) as Omit<SiteState, keyof typeof notSaid>) };
}

/** The newest measures of a site's machine. */
export interface HostFacts {
  readonly observedAtMs: number;
  readonly measures: readonly {
    readonly name: MeasureName;
    readonly value: number;
    readonly source: Source;
  }[];
}

/** What a site's machine is made of. */
export interface HardwareFacts {
  readonly observedAtMs: number;
  readonly facts: readonly { readonly name: HardwareName; readonly value: string; readonly source: Source }[];
}

/** A document that a site did not accept. */
export interface Refusal {
  readonly atMs: number;
  readonly epoch: number;
  readonly generation: number;
  readonly code: ErrorCode;
}

/** What one run that changed something did. */
export interface RunResult {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly generation: number;
  readonly applied: number;
  readonly repaired: number;
  readonly deleted: number;
  readonly failed: number;
}

export type ReportContent =
  | { readonly kind: 'state'; readonly state: SiteState }
  | { readonly kind: 'refusal'; readonly refusal: Refusal }
  | { readonly kind: 'run'; readonly run: RunResult }
  | { readonly kind: 'host'; readonly host: HostFacts }
  | { readonly kind: 'hardware'; readonly hardware: HardwareFacts }
  /** Written by an agent that says things we do not know; counted as received, kept on site. */
  | { readonly kind: 'unknown' };

/** One row of a site's outbox; (site, bootId, sequence) names it for ever. */
export interface ReportRow {
  readonly bootId: string;
  readonly sequence: number;
  readonly content: ReportContent;
}
