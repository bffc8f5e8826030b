// What sites report, as our own types: facts by codes and numbers, objects by their index in a signed release.
// Made from protobuf once, at the edge (sync/report-rows.ts); stored as JSON. Times are milliseconds by the site's clock.
import type { ConditionCode } from '../../proto/conditions.ts';
import type { ErrorCode } from '../../proto/errors.ts';

/** One object that is not as wanted. */
export interface ObjectFact {
  /** Digest of the release manifest that lists it. */
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
  readonly failures: readonly ObjectFact[];
}

export type ReportContent =
  | { readonly kind: 'state'; readonly state: SiteState }
  | { readonly kind: 'refusal'; readonly refusal: Refusal }
  | { readonly kind: 'run'; readonly run: RunResult }
  /** Written by an agent that says things we do not know; counted as received, kept on site. */
  | { readonly kind: 'unknown' };

/** One row of a site's outbox; (site, bootId, sequence) names it for ever. */
export interface ReportRow {
  readonly bootId: string;
  readonly sequence: number;
  readonly content: ReportContent;
}
