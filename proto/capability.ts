// What one side understands, as a single integer. It rises by one whenever a side may rely on something new.
// A document or a peer that needs more than we have is refused; history is never rewritten.
//
// 1  2026-11-23  enrolment, sync stream, content by digest, desired documents, declared parameters

/** The capability of this build. */
export const capability = 1;

/** The lowest capability of a peer that this build still serves. */
export const oldestCapability = 1;
