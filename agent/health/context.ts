// What the health of one object depends on besides the object. Pure types: filled by agent/observe, read by the rules.
// Invariant: with the bare context an object is judged by itself alone, and never better than with a full one.
import type { HealthRule } from '../../proto/document.ts';
import type { Verdict } from './verdict.ts';

/** One pod, as far as its owner is concerned. */
export interface OwnedPod {
  readonly name: string;
  readonly verdict: Verdict;
}

export interface HealthContext {
  readonly nowMs: number;
  /** Of the release, for all kinds. */
  readonly rules: readonly HealthRule[];
  /** The kind has a status subresource: somebody is meant to write a status. */
  readonly hasStatus: boolean;
  /** Of the newest revision that this object controls; empty for what has none, and while nobody has looked. */
  readonly pods: readonly OwnedPod[];
  /** What the cluster said last when it refused a pod of this object; empty when it did not, or says it in the status. */
  readonly refusal: string;
  /** Since when all the rest of the release is current, ms UTC; Infinity while it is not, or nobody knows. */
  readonly settledMs: number;
  /** For a PersistentVolumeClaim. */
  readonly claim: ClaimContext;
}

export interface ClaimContext {
  /** Its StorageClass makes the volume when a pod first uses the claim. */
  readonly bindsOnFirstUse: boolean;
  /** A pod names the claim. */
  readonly isUsed: boolean;
}

/** For an object about which nothing else is known. */
export function bareContext(nowMs: number): HealthContext {
  const claim = { bindsOnFirstUse: false, isUsed: false };
  return {
    nowMs,
    rules: [],
    hasStatus: false,
    pods: [],
    refusal: '',
    settledMs: Number.POSITIVE_INFINITY,
    claim,
  };
}
