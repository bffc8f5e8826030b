// What the executors need from the rest of the agent, as named interfaces: a real and a modelled implementation of each
// pass the same conformance suite. Declared here beside their consumer; implemented by agent/store and agent/cluster.
import type { ErrorCode } from '../../proto/errors.ts';
import type { Attempt, ObjectId, OwnedObject, WantedObject } from '../plan/world.ts';

/** What is recorded after an apply that the server accepted. */
export interface AppliedFacts {
  readonly uid: string;
  readonly digest: string;
  readonly immutableDigest: string | null;
  /** '' when the object has no field that can be owned, for example a Namespace without labels. */
  readonly ownHash: string;
  readonly releaseDigest: string;
  readonly index: number;
}

/** What is recorded after a failure. `notBefore` ms UTC; the count is the store's. */
export interface FailedFacts {
  readonly digest: string;
  readonly code: ErrorCode;
  readonly notBefore: number;
}

/** The inventory and the attempts. Every call is durable when it returns (SQLite, synchronous=FULL) and never half done. */
export interface InventoryStore {
  readonly inventory: () => ReadonlyMap<ObjectId, OwnedObject>;
  readonly attempts: () => ReadonlyMap<ObjectId, Attempt>;
  /** Adds missing rows; updates release and index of rows that are there, and takes up kept ones. */
  readonly intend: (objects: readonly WantedObject[], releaseDigest: string) => void;
  /** `creating` becomes true and the UID null, before the creates are sent. */
  readonly markCreating: (ids: readonly ObjectId[]) => void;
  /** Records applies and clears their attempts, all in one transaction. */
  readonly recordApplied: (applied: ReadonlyMap<ObjectId, AppliedFacts>) => void;
  readonly recordFailed: (failed: ReadonlyMap<ObjectId, FailedFacts>) => void;
  readonly keep: (ids: readonly ObjectId[]) => void;
  readonly forget: (ids: readonly ObjectId[]) => void;
}

/** Bytes by digest; throws when they are missing or differ from their digest. */
export interface ObjectBytes {
  readonly read: (digest: string) => Promise<Uint8Array>;
}
