// The planner's whole world as plain readonly data: what is wanted and what was seen.
// Time, attempts, what was applied last and what was seen of finished Jobs are fields here, so the planner never asks.
// Built by agent/observe (observed) and agent/store (wanted, inventory, attempts); read by plan, report and local.
import type { HealthRule, PruneAllowance, ReleaseReference } from '../../proto/document.ts';
import type { ErrorCode } from '../../proto/errors.ts';

/** Group, version and kind as `group/version/kind`; the core group is the empty text: `/v1/ConfigMap`. */
export type KindKey = string;

/** What objectId of proto/document.ts gives: group, kind, namespace and name; the API version is not part of it. */
export type ObjectId = string;

/** Which object is meant. */
export interface ObjectName {
  readonly id: ObjectId;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
}

/** One object that the site shall have. */
export interface WantedObject extends ObjectName {
  /** Place in the release's list of objects: how reports name it. */
  readonly index: number;
  /** The component of the release that it belongs to. */
  readonly component: string;
  /** Digest of the bytes to send, after parameters were filled in. */
  readonly digest: string;
  /** Digest of what cannot be changed in place (for a Job: its spec less the mutable fields); null for all other kinds. */
  readonly immutableDigest: string | null;
  /** For a Job with spec.ttlSecondsAfterFinished: that time; else null. */
  readonly ttlAfterFinishedMs: number | null;
  /** For a CustomResourceDefinition: the kinds it will serve; else empty. */
  readonly defines: readonly KindKey[];
}

/** The accepted desired document, resolved. `objects` in the order of the release. */
export interface Wanted {
  readonly epoch: number;
  readonly generation: number;
  readonly release: ReleaseReference;
  readonly clusterUid: string | null;
  readonly objects: readonly WantedObject[];
  readonly prune: readonly PruneAllowance[];
  /** Names of the release's components: reports name a component by its place here. */
  readonly components: readonly string[];
  /** When custom kinds count as current or failed. */
  readonly health: readonly HealthRule[];
}

/** One object that is ours, or may become ours: a row is written before the first apply and leaves after the last delete. */
export interface OwnedObject extends ObjectName {
  /** Release (manifest digest) and index that named it last: how a kept object is reported. */
  readonly releaseDigest: string;
  readonly index: number;
  /** UID of the object that we created; null while there is none. */
  readonly uid: string | null;
  /** True from before a create is sent until its success is recorded: the answer may have been lost. `uid` is null then. */
  readonly creating: boolean;
  /** Digest of the bytes applied last; null for never. */
  readonly appliedDigest: string | null;
  readonly appliedImmutableDigest: string | null;
  /** Hash of our own managedFields entry after the last apply, '' when the object has no field to own; null for never. */
  readonly ownHash: string | null;
  /** Kept although no release names it any more, because its kind may hold data. */
  readonly kept: boolean;
}

/** One object as the API server lists it, metadata only. */
export interface LiveObject {
  readonly uid: string;
  readonly deleting: boolean;
  /** Hash of the managedFields entry of our field manager, operation Apply, no subresource; null when there is none. */
  readonly ownHash: string | null;
  /** True when that entry is as old as the object itself, or when nobody has an entry: our apply can have created it. */
  readonly createdByUs: boolean;
}

/** The last failure of an object. It counts only while `digest` is what is wanted now (for a delete: what was applied last, or ''). */
export interface Attempt {
  readonly digest: string;
  readonly count: number;
  readonly code: ErrorCode;
  /** Not to be tried again before this time, ms UTC. */
  readonly notBefore: number;
}

/** Whether the cluster can be worked with; when not, why (`detail` stays on site) and when it asked us to come back. */
export type ClusterState =
  | { readonly ok: true; readonly uid: string; readonly version: string }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly detail: string;
      readonly retryAfterMs: number | null;
    };

/** Everything that was seen, at one time. Maps have an entry only for what exists. */
export interface Observed {
  readonly now: number;
  readonly cluster: ClusterState;
  /** Kinds that the API server serves (CRDs: Established and listed in discovery), with their scope. */
  readonly served: ReadonlyMap<KindKey, 'Namespaced' | 'Cluster'>;
  /** Kinds, as `group/Kind`, that we may not look at: their objects may be there or not. */
  readonly forbidden: ReadonlySet<string>;
  /** Live objects that are wanted or owned, and all namespaces. */
  readonly live: ReadonlyMap<ObjectId, LiveObject>;
  readonly inventory: ReadonlyMap<ObjectId, OwnedObject>;
  readonly attempts: ReadonlyMap<ObjectId, Attempt>;
  /**
   * For each Job seen since the process started: when it finished or, while it has not, when it was last seen, ms UTC.
   * It cannot have ended earlier, which tells a removal by its TTL from a deletion by hand.
   */
  readonly jobEndedAfter: ReadonlyMap<ObjectId, number>;
}
