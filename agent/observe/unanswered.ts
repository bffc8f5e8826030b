// The cluster as a whole did not answer, as told from one kind that cannot be had: then what was seen before is all there
// is, and no part of it may be taken for gone. Thrown by the readers of health, caught by health-look.ts.
import type { ApiFailure } from '../cluster/api.ts';

export class Unanswered extends Error {
  readonly failure: ApiFailure;

  constructor(failure: ApiFailure) {
    super(failure.detail);
    this.name = 'Unanswered';
    this.failure = failure;
  }
}

/** Nobody there, an identity that is not known, a server that asks for rest or is about to start. */
const ofTheCluster: ReadonlySet<number | null> = new Set([null, 401, 429, 503]);

/** Throws Unanswered for a failure of the cluster; any other one is of what was asked for alone. */
export function mustBeAnswered(failure: ApiFailure): void {
  if (ofTheCluster.has(failure.status)) throw new Unanswered(failure);
}
